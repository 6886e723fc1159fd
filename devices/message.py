"""One message on its way through a profile."""

from collections.abc import Sequence
from typing import Any

import msgspec

from devices.decoded import DecodeError
from devices.payload import Limits

Loaded = tuple[Any, Sequence[DecodeError]] | DecodeError
"""A parsed payload with what of it could not be read, or why it could not be parsed."""


class Incoming(msgspec.Struct, gc=False):
    """What a profile's functions may look at.

    `received`: µs UTC. `zone`: the site's zone, an IANA name, for local times without one.
    `limits`: what the message may hold. `place`: area and gateway, "" where the topic does not name
    them. `captures`: what the topic pattern caught. `root`: the payload once it is parsed.
    `faults`: what of the payload could not be read, though the rest could. `found`: what stands at
    the places of each record. `loaded`: the payload as the candidates so far have parsed it; never
    changed in place.
    """

    payload: bytes
    received: int
    zone: str
    limits: Limits
    place: tuple[str, str] = ("", "")
    captures: dict[str, str] = {}
    root: Any = None
    faults: Sequence[DecodeError] = ()
    found: Sequence[Sequence[Any] | DecodeError] = ()
    loaded: dict[str, Loaded] = {}

    def beside(self) -> "Incoming":
        """The same message, for another pattern to catch."""
        return Incoming(
            self.payload, self.received, self.zone, self.limits, self.place, loaded=self.loaded
        )
