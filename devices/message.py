"""One message on its way through a profile."""

from collections.abc import Sequence
from typing import Any

from devices.decoded import DecodeError
from devices.payload import Limits

Loaded = tuple[Any, Sequence[DecodeError]] | DecodeError
"""A parsed payload with what of it could not be read, or why it could not be parsed."""


class Incoming:
    """What a profile's functions may look at.

    `captures`: what the topic pattern caught. `root`: the payload once it is parsed. `parent`:
    inside `each`, what holds the array that the record stands in. `faults`: what of the payload
    could not be read, though the rest could. `place`: area and gateway, "" where the topic does not
    name them. `loaded`: the payload as the candidates so far have parsed it; never changed in
    place. `searched`: what was found in values that records share, by path and `id` (they live as
    long as `root`). `received`: µs UTC. `zone`: the site's zone, an IANA
    name, for local times without one. `limits`: what the message may hold.
    """

    __slots__ = (
        "captures",
        "faults",
        "limits",
        "loaded",
        "parent",
        "payload",
        "place",
        "received",
        "root",
        "searched",
        "zone",
    )

    def __init__(
        self,
        payload: bytes,
        *,
        received: int,
        zone: str,
        limits: Limits,
        place: tuple[str, str] = ("", ""),
    ) -> None:
        self.payload = payload
        self.captures: dict[str, str] = {}
        self.root: Any = None
        self.parent: Any = None
        self.loaded: dict[str, Loaded] = {}
        self.searched: dict[tuple[str, int], Any] = {}
        self.faults: Sequence[DecodeError] = ()
        self.place = place
        self.received = received
        self.zone = zone
        self.limits = limits

    def beside(self) -> "Incoming":
        """The same message, for another pattern to catch."""
        other = Incoming(
            self.payload,
            received=self.received,
            zone=self.zone,
            limits=self.limits,
            place=self.place,
        )
        other.loaded = self.loaded
        return other
