"""Topics to rows of the directory, looked up once and remembered: topics come again and again.

Only for messages that need no other look: canonical, of a device or gateway in its place.
Everything else is `Kind.OTHER`, and goes the long way.
"""

from collections.abc import Sequence
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from devices.decoded import DecodeError
from devices.ids import device_id
from ingest.lookup import Lookup
from schemas import topics
from schemas.readings import Int32

_REMEMBERED = 131_072
"""Topics; some 25 MB. Beyond, all are forgotten and looked up anew."""


class Kind(IntEnum):
    OTHER = 0
    DEVICE = 1
    """A known device's own canonical topic, under its gateway and area."""
    GATEWAY = 2
    """A known gateway's canonical topic, under its area: each reading names its device."""


class Routes:
    """Of one registry version. `of` gives each topic a number, under which the rest is found.

    `own`: by number, the id of the device in the topic; None on a gateway's own topic.
    """

    def __init__(self, lookup: Lookup, *, remembered: int = _REMEMBERED) -> None:
        self._lookup = lookup
        self._remembered = remembered
        self._forget(1_024)

    def _forget(self, room: int) -> None:
        self._numbers: dict[bytes, int] = {}
        self._table: NDArray[np.int32] = np.zeros((4, room), np.int32)
        self.own: list[str | None] = []

    def kind(self, numbers: NDArray[np.intp]) -> Int32:
        """Of `Kind`."""
        kinds: Int32 = self._table[0].take(numbers)
        return kinds

    def rows(self, numbers: NDArray[np.intp]) -> tuple[Int32, Int32, Int32]:
        """Device, elder and gateway: rows of the directory, -1 for none."""
        device, elder, gateway = self._table[1:].take(numbers, axis=1)
        return device, elder, gateway

    def of(self, names: Sequence[bytes]) -> NDArray[np.intp]:
        """The number of each topic, good until the next call."""
        known = self._numbers.get
        try:
            return np.fromiter(map(known, names), np.intp, len(names))
        except TypeError:  # one is new
            pass
        if len(self._numbers) > self._remembered:
            self._forget(self._table.shape[1])
        for name in names:
            if name not in self._numbers:
                self._add(name)
        return np.fromiter(map(self._numbers.__getitem__, names), np.intp, len(names))

    def _add(self, name: bytes) -> None:
        number = len(self._numbers)
        if number == self._table.shape[1]:
            self._table = np.concatenate((self._table, np.zeros_like(self._table)), axis=1)
        self._numbers[name] = number
        *rows, own = self._look_up(name.decode("utf-8", "replace"))
        self._table[:, number] = rows
        self.own.append(own)

    def _look_up(self, topic: str) -> tuple[Kind, int, int, int, str | None]:
        address = topics.parse(topic)
        if address is None or address.kind != "up":
            return _OTHER
        area, gateway = address.area, address.gateway
        if not address.rest:
            row = self._lookup.gateway_in(area, gateway)
            return _OTHER if row is None else (Kind.GATEWAY, -1, -1, row, None)
        try:
            own = device_id(address.rest)
        except DecodeError:
            return _OTHER
        known = self._lookup.device(own)
        if known is None or self._lookup.misplaced(known, area=area, gateway=gateway):
            return _OTHER
        return Kind.DEVICE, known.row, known.elder, known.gateway, own


_OTHER = (Kind.OTHER, -1, -1, -1, None)
