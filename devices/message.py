"""One message on its way through a profile."""

from typing import Any


class Incoming:
    """What a profile's functions may look at.

    `captures`: what the topic pattern caught. `root`: the payload once it is parsed. `received`:
    µs UTC. `zone`: the site's zone, an IANA name, for local times without one.
    """

    __slots__ = ("captures", "payload", "received", "root", "zone")

    def __init__(
        self, payload: bytes, captures: dict[str, str], *, received: int, zone: str
    ) -> None:
        self.payload = payload
        self.captures = captures
        self.root: Any = None
        self.received = received
        self.zone = zone
