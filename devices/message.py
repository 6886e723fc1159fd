"""One message on its way through a profile."""

from typing import Any

from devices.payload import Limits


class Incoming:
    """What a profile's functions may look at.

    `captures`: what the topic pattern caught. `root`: the payload once it is parsed. `received`:
    µs UTC. `zone`: the site's zone, an IANA name, for local times without one. `limits`: what the
    message may hold.
    """

    __slots__ = ("captures", "limits", "payload", "received", "root", "zone")

    def __init__(self, payload: bytes, *, received: int, zone: str, limits: Limits) -> None:
        self.payload = payload
        self.captures: dict[str, str] = {}
        self.root: Any = None
        self.received = received
        self.zone = zone
        self.limits = limits

    def beside(self, captures: dict[str, str]) -> "Incoming":
        """The same message as another pattern caught it, not loaded."""
        other = Incoming(self.payload, received=self.received, zone=self.zone, limits=self.limits)
        other.captures = captures
        return other
