"""One message on its way through a profile."""

from collections.abc import Sequence
from typing import Any

from devices.decoded import DecodeError
from devices.payload import Limits


class Incoming:
    """What a profile's functions may look at.

    `captures`: what the topic pattern caught. `root`: the payload once it is parsed. `parent`:
    inside `each`, what holds the array that the record stands in. `faults`: what of the payload
    could not be read, though the rest could. `received`: µs UTC. `zone`: the site's zone, an IANA
    name, for local times without one. `limits`: what the message may hold.
    """

    __slots__ = ("captures", "faults", "limits", "parent", "payload", "received", "root", "zone")

    def __init__(self, payload: bytes, *, received: int, zone: str, limits: Limits) -> None:
        self.payload = payload
        self.captures: dict[str, str] = {}
        self.root: Any = None
        self.parent: Any = None
        self.faults: Sequence[DecodeError] = ()
        self.received = received
        self.zone = zone
        self.limits = limits

    def beside(self, captures: dict[str, str]) -> "Incoming":
        """The same message as another pattern caught it, not loaded."""
        other = Incoming(self.payload, received=self.received, zone=self.zone, limits=self.limits)
        other.captures = captures
        return other
