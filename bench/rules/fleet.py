"""A fleet of any size as arrays: each home has one elder, a gateway, a mattress (every 30 s), a
radar in the room (every 60 s) and a button (every hour)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import overload

import numpy as np

from schemas.directory import DEFAULT_ZONE, DeviceKind, Living, Location
from schemas.registry import KINDS, LIVING, LOCATIONS, Devices, Elders, Places, Registry
from schemas.times import HOUR, SECOND

INTERVALS = (30 * SECOND, 60 * SECOND, HOUR)
_KINDS = (DeviceKind.MATTRESS, DeviceKind.FALL_SENSOR, DeviceKind.SOS_BUTTON)
_PLACES = (Location.BED, Location.ROOM, Location.WORN)
_LIVING = (Living.LONE, Living.LONE, Living.EMPTY_NEST, Living.WITH_FAMILY)


class Ids(Sequence[str]):
    """`m0, m1, ... r0, ...` without keeping millions of strings."""

    def __init__(self, letters: str, each: int) -> None:
        self._letters, self._each = letters, each

    def __len__(self) -> int:
        return len(self._letters) * self._each

    @overload
    def __getitem__(self, row: int) -> str: ...
    @overload
    def __getitem__(self, row: slice) -> Sequence[str]: ...
    def __getitem__(self, row: int | slice) -> str | Sequence[str]:
        if isinstance(row, slice):
            return [self[n] for n in range(*row.indices(len(self)))]
        if not 0 <= row < len(self):
            raise IndexError(row)
        return f"{self._letters[row // self._each]}{row % self._each}"


def fleet(homes: int) -> Registry:
    """Device rows: mattresses first, then radars, then buttons, each in the order of homes."""
    each = np.arange(homes, dtype=np.int32)
    everywhere, kinds = np.tile(each, 3), np.repeat(np.arange(3), homes)
    devices = Devices(
        ids=Ids("mrb", homes),
        active=np.ones(3 * homes, bool),
        kind=np.array([KINDS.index(k) for k in _KINDS], np.int8)[kinds],
        location=np.array([LOCATIONS.index(p) for p in _PLACES], np.int8)[kinds],
        profile=["canonical"] * (3 * homes),
        gateway=everywhere,
        elder=everywhere,
        home=everywhere,
        interval_us=np.array(INTERVALS)[kinds],
        silence_us=np.zeros(3 * homes, np.int64),
        mains=np.zeros(3 * homes, bool),
        repeat_us=np.full(3 * homes, 300 * SECOND),
    )
    living = np.array([LIVING.index(word) for word in _LIVING], np.int8)
    elders = Elders(
        ids=Ids("e", homes),
        active=np.ones(homes, bool),
        home=each,
        living=living[each % len(living)],
        care_level=(each % 5).astype(np.int8),
        zone=[DEFAULT_ZONE] * homes,
    )
    return Registry(devices, elders, _places("h", homes), _places("g", homes))


def _places(letter: str, count: int) -> Places:
    zone, area = [DEFAULT_ZONE] * count, ["area"] * count
    return Places(Ids(letter, count), np.ones(count, bool), area, zone)
