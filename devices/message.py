"""One message on its way through a profile."""

from collections.abc import Sequence
from typing import Any

import msgspec

from devices.births import Births
from devices.decoded import DecodeError
from devices.payload import Limits

Parsed = tuple[Any, Sequence[DecodeError], Sequence[DecodeError]]
"""A parsed payload, what of it could not be read, and what of it must be kept as a reject."""
Loaded = Parsed | DecodeError
"""Or why it could not be parsed."""


class Incoming(msgspec.Struct, gc=False):
    """What a profile's functions may look at.

    `received`: µs UTC. `zone`: the site's zone, an IANA name, for local times without one.
    `limits`: what the message may hold. `place`: area and gateway, "" where the topic does not name
    them. `captures`: what the topic pattern caught. `root`: the payload once it is parsed.
    `faults`: what of the payload could not be read, though the rest could. `refused`: what of it is
    no reading though it should be one. `found`: what stands at the places of each record. `loaded`:
    the payload as the candidates so far have parsed it; never changed in place. `births`: what
    Sparkplug B's nodes said before, None where nothing is remembered.
    """

    payload: bytes
    received: int
    zone: str
    limits: Limits
    place: tuple[str, str] = ("", "")
    captures: dict[str, str] = {}
    root: Any = None
    faults: Sequence[DecodeError] = ()
    refused: Sequence[DecodeError] = ()
    found: Sequence[Sequence[Any] | DecodeError] = ()
    loaded: dict[str, Loaded] = {}
    births: Births | None = None

    def beside(self) -> "Incoming":
        """The same message, for another pattern to catch."""
        return Incoming(
            self.payload,
            self.received,
            self.zone,
            self.limits,
            self.place,
            loaded=self.loaded,
            births=self.births,
        )
