"""Messages to rows: what each said, from whom, and what becomes of it.

Plain messages are read together, by columns; each other one by itself. Every row gets a `received`
of its own, strictly increasing in the order of the messages, whichever way they were read.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from devices.births import Births
from devices.catalogue import Catalogue
from ingest import plain
from ingest.lookup import Lookup
from ingest.reject import RejectBudget
from ingest.routes import Routes
from ingest.said import Said
from ingest.single import Notes, Single, Site
from ingest.source import Messages
from ingest.stamps import Passing, stamps
from ingest.stranger import Stranger
from ingest.times import believed
from schemas.readings import Int64
from store.rejects import Quarantined, Reject


@dataclass(frozen=True, slots=True)
class Draft:
    """What a batch of messages said, in the order it was received."""

    said: Said
    rejects: list[Reject]
    quarantined: list[Quarantined]
    strangers: list[Stranger]
    """What the quarantined say of emergencies."""
    overflow: dict[str, int]
    """By gateway: rejects beyond its budget, and messages of ignored devices; only counted."""
    last_received: int
    timeless: NDArray[np.bool_]
    """Bool, one a message: not all that it said is rows with a device time that can be believed. So
    the store's key would not know it again, if it were delivered again."""
    unknown_keys: int
    """Of canonical messages: how many keys meant nothing."""
    faults: int
    """Values left out of readings that were kept."""


class Decoder:
    """Decodes against one registry version; makes the same draft of the same messages in the
    same order."""

    def __init__(
        self,
        catalogue: Catalogue,
        lookup: Lookup,
        *,
        budget: RejectBudget,
        default_area: str | None = None,
        births: Births | None = None,
    ) -> None:
        """`births` outlive a version of the registry: see `devices.births`."""
        births = Births() if births is None else births
        self._site = Site(catalogue, lookup, budget, default_area, births)
        self._routes = Routes(lookup)

    def decode(self, messages: Messages, *, after: int) -> Draft:
        """`after` is the largest `received` given so far (µs)."""
        many = plain.read(
            messages,
            self._routes,
            self._site.lookup,
            limits=self._site.catalogue.limits,
            nonce=secrets.randbits(63),
        )
        timeless = many.counts == 0
        notes = Notes(after)
        counts = self._read_singles(messages, many.counts, notes)
        given = stamps(messages.received, counts, after=after)
        many.said.received[:] = given[np.repeat(~timeless, counts)]
        timeless[many.message[~believed(many.said.ts, many.said.received)]] = True
        return Draft(
            Said.merged(many.said, Said.of(notes.rows)),
            notes.rejects,
            notes.quarantined,
            notes.strangers,
            notes.overflow,
            int(given[-1]) if len(given) else after,
            timeless,
            many.unknown_keys + notes.unknown_keys,
            notes.faults,
        )

    def _read_singles(self, messages: Messages, plain: Int64, notes: Notes) -> Int64:
        """Into `notes`; how many stamps each message has taken."""
        counts = plain.copy()
        passing = Passing(messages.received, plain)
        behind = 0
        for place in np.flatnonzero(plain == 0).tolist():
            notes.last_received = passing.last(behind, place, after=notes.last_received)
            single = Single(self._site, notes, messages[place])
            single.handle()
            counts[place] = single.stamps
            behind = place + 1
        return counts
