"""Emergencies that were heard beside the store, until they are in it.

A message comes twice: at QoS 1 on ingest's own session, and aside at QoS 0. Here the two are one.
When the QoS 1 copy is worked on at last, perhaps minutes later and by another process, it is
taken to have been received when it was first heard: the same time, and so the same alert id.
"""

from __future__ import annotations

import threading
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Literal

from ingest.emergency.journal import Heard, Journal
from schemas.alerts import Change
from schemas.times import SECOND

Way = Literal["held", "aside"]

_TOGETHER = 5 * SECOND  # how far apart the two copies of a message may come while all goes well
_REMEMBERED = 5_000  # messages that were committed while somebody listened aside
_MOST = 20_000  # entries; more are sent all the same, but may get another id later


@dataclass(eq=False, slots=True)
class Entry:
    heard: Heard
    since: float
    """Monotonic seconds at which it was heard."""
    changes: Sequence[Change] = ()
    ways: set[Way] = field(default_factory=set)
    ahead: bool = False
    """It is in the journal, and its alert on the way to its ladder."""
    taken: bool = False
    """Its QoS 1 copy is being committed."""


class Ledger:
    """For any thread."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._lock = threading.Lock()
        self._entries: dict[str, list[Entry]] = {}
        """By digest, in the order in which they were heard."""
        self._topics: set[str] = set()
        self._stored: dict[str, int] = {}
        """Digests of what was committed last, with the time it was received."""
        for heard in journal.load():
            self._put(Entry(heard, since=0.0, ways={"held", "aside"}, ahead=True))

    def __len__(self) -> int:
        return sum(map(len, self._entries.values()))

    def concerns(self, topic: str) -> bool:
        """A cheap look before a digest is made."""
        return topic in self._topics

    # The watch's side

    def joins(self, digest: str, received: int, way: Way) -> bool:
        """Whether this is the other copy of a message that has been heard."""
        with self._lock:
            for entry in self._entries.get(digest, ()):
                near = abs(entry.heard.received - received) <= _TOGETHER
                if way not in entry.ways and near:
                    entry.ways.add(way)
                    return True
            return self._is_stored(digest, received)

    def add(self, entry: Entry) -> None:
        """Unless its other copy has been committed just now."""
        with self._lock:
            if not self._is_stored(entry.heard.digest, entry.heard.received):
                self._put(entry)

    def _is_stored(self, digest: str, received: int) -> bool:
        when = self._stored.get(digest)
        return when is not None and abs(when - received) <= _TOGETHER

    def _put(self, entry: Entry) -> None:
        self._entries.setdefault(entry.heard.digest, []).append(entry)
        self._topics.add(entry.heard.topic)

    def go(self, *, heard_before: float) -> list[Entry]:
        """Those heard by then (monotonic seconds) that have not gone ahead yet: they are in the
        journal when this returns."""
        with self._lock:
            due = [e for es in self._entries.values() for e in es if not e.ahead]
            due = sorted((e for e in due if e.since <= heard_before), key=lambda e: e.since)
            if due and len(self) <= _MOST:
                self._journal.add([e.heard for e in due])
            for entry in due:
                entry.ahead = True
        return due

    def pending(self) -> bool:
        """Whether something heard is neither in the store nor on its way to a ladder."""
        with self._lock:
            return any(not e.ahead for es in self._entries.values() for e in es)

    def forget(self) -> int:
        """Nothing more will come of what is left; how many that were."""
        with self._lock:
            left = len(self)
            self._entries.clear()
            self._topics.clear()
            self._journal.clear()
        return left

    # The ingest loop's side

    def claim(self, digest: str, received: int, *, qos: int) -> int | None:
        """When (µs UTC) a message that is now to be committed was first heard; None if it is no
        such message. Each of several alike takes its own."""
        with self._lock:
            for entry in self._entries.get(digest, ()):
                if not entry.taken and _fits(entry, received, qos):
                    entry.taken = True
                    return entry.heard.received
        return None

    def committed(self, digest: str, received: int, *, qos: int) -> None:
        """A message is in the store."""
        with self._lock:
            entries = self._entries.get(digest, [])
            taken = [e for e in entries if e.taken]
            fitting = taken or [e for e in entries if _fits(e, received, qos)]
            if fitting:
                self._drop(fitting[0])
            else:
                self._remember(digest, received)

    def _remember(self, digest: str, received: int) -> None:
        self._stored.pop(digest, None)
        self._stored[digest] = received
        while len(self._stored) > _REMEMBERED:
            del self._stored[next(iter(self._stored))]

    def ids(self) -> set[str]:
        """Of the alerts that went ahead."""
        with self._lock:
            return {id_ for es in self._entries.values() for e in es for id_ in e.heard.ids}

    def known(self, ids: Collection[str]) -> None:
        """After a restart: alerts that are in the store, and so the messages that raised them."""
        with self._lock:
            for entries in list(self._entries.values()):
                for entry in list(entries):
                    if entry.heard.ids and set(entry.heard.ids) <= set(ids):
                        self._drop(entry)

    def restored(self, digests: Iterable[str], *, until: int) -> None:
        """After a restart: these are in the store, in a batch whose last message was received at
        `until`."""
        for digest in digests:
            if digest in self._entries:
                self.committed(digest, until, qos=1)

    def _drop(self, entry: Entry) -> None:
        alike = self._entries[entry.heard.digest]
        alike.remove(entry)
        if not alike:
            del self._entries[entry.heard.digest]
        if entry.ahead:
            self._journal.stored([entry.heard])
        if not self._entries:
            self._topics.clear()
            self._journal.clear()


def _fits(entry: Entry, received: int, qos: int) -> bool:
    """The copy at QoS 1 may come long after, for the broker keeps it; the one at QoS 0 only at
    about the same time. What came well before is another message that says the same."""
    later = received - entry.heard.received
    return later >= -_TOGETHER and (qos > 0 or later <= _TOGETHER)
