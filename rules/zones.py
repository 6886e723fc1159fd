"""Local time for whole arrays: the offsets of an IANA zone as sorted transitions.

Wall times that a change of the clocks skips or repeats are read as Python's `fold=0` does: with
the offset from before the change. Transitions are known from 2000 to 2060.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from rules.groups import indices
from rules.limits import FOREVER
from schemas.times import NEVER, to_micros

Int64 = NDArray[np.int64]

_FIRST, _LAST = datetime(2000, 1, 1, tzinfo=UTC), datetime(2060, 1, 1, tzinfo=UTC)
_STEP = timedelta(days=7)


@dataclass(frozen=True)
class Offsets:
    """`at[k]`: UTC µs from which `offset[k]` (µs east) holds; `wall[k]` the same in local time."""

    at: Int64
    wall: Int64
    offset: Int64


@lru_cache(maxsize=64)
def offsets(name: str) -> Offsets:
    zone = ZoneInfo(name)
    when, found = _FIRST, [(NEVER, _offset(zone, _FIRST))]
    while when < _LAST:
        later = when + _STEP
        if _offset(zone, later) != found[-1][1]:
            change = _change(zone, when, later)
            found.append((to_micros(change), _offset(zone, change)))
        when = later
    at, offset = (np.array(column, np.int64) for column in zip(*found, strict=True))
    wall = at.copy()
    wall[1:] += np.maximum(offset[1:], offset[:-1])
    return Offsets(at, wall, offset)


def _offset(zone: ZoneInfo, when: datetime) -> int:
    delta = when.astimezone(zone).utcoffset() or timedelta(0)
    return delta // timedelta(microseconds=1)


def _change(zone: ZoneInfo, low: datetime, high: datetime) -> datetime:
    """The second, after `low` and not after `high`, at which the offset changes."""
    before = _offset(zone, low)
    while high - low > timedelta(seconds=1):
        middle = (low + (high - low) / 2).replace(microsecond=0)
        low, high = (middle, high) if _offset(zone, middle) == before else (low, middle)
    return high


class Zones:
    """The zones of a list of subjects; `index[i]` is subject i's zone, if there are several."""

    def __init__(self, names: Sequence[str]) -> None:
        self._names = sorted(set(names)) or ["UTC"]
        number = {name: i for i, name in enumerate(self._names)}
        self.changes = any(len(offsets(name).at) > 1 for name in self._names)
        self.index = np.array([number[name] for name in names] if len(number) > 1 else [], np.int16)

    def to_local(self, rows: NDArray[np.integer], utc: Int64) -> Int64:
        """Local wall µs (as if UTC) of each UTC time, in the zone of each row."""
        return self._shift(rows, utc, to_local=True)

    def to_utc(self, rows: NDArray[np.integer], wall: Int64) -> Int64:
        """UTC µs of each local wall time, in the zone of each row."""
        return self._shift(rows, wall, to_local=False)

    def next_change(self, rows: NDArray[np.integer], utc: Int64) -> Int64:
        """UTC µs of the next change of the clocks after each time; FOREVER without one."""
        result = np.full(len(utc), FOREVER, np.int64)
        if not self.changes:
            return result
        zone = self.index[rows] if len(self._names) > 1 else np.zeros(len(utc), np.int16)
        for number in np.unique(zone):
            mine = indices(zone == number)
            changes = np.append(offsets(self._names[int(number)]).at, FOREVER)
            result[mine] = changes[np.searchsorted(changes, utc[mine], side="right")]
        return result

    def _shift(self, rows: NDArray[np.integer], times: Int64, *, to_local: bool) -> Int64:
        if len(self._names) == 1:
            return self._shift_one(self._names[0], times, to_local=to_local)
        result, zone = np.empty_like(times), self.index[rows]
        for number in np.unique(zone):
            mask = zone == number
            result[mask] = self._shift_one(self._names[int(number)], times[mask], to_local=to_local)
        return result

    def _shift_one(self, name: str, times: Int64, *, to_local: bool) -> Int64:
        table = offsets(name)
        if len(table.at) == 1:  # the clocks never change
            return np.asarray(times + table.offset[0] if to_local else times - table.offset[0])
        edges = table.at if to_local else table.wall
        offset = table.offset[np.searchsorted(edges, times, side="right") - 1]
        return np.asarray(times + offset if to_local else times - offset)
