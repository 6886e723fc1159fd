"""A batch cut into rounds: in each, every home has at most one row.

Exact at any split of the same rows into batches: what a row sees of the clock is computed for
the row itself, and a home's rows are judged one after another, in the order they came.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rules.groups import firsts, indices, stable_order
from rules.limits import HISTORY_AGE
from rules.world import World
from schemas.quantities import QUANTITIES, Fall
from schemas.readings import Flag, Readings
from schemas.times import NEVER

Array = NDArray[Any]
Int64 = NDArray[np.int64]
Bool = NDArray[np.bool_]

_HISTORY, _RETAINED, _TEST = (np.int16(f) for f in (Flag.HISTORY, Flag.RETAINED, Flag.TEST))
_SOS_LEVEL, _FALL_EVENT = np.int16(Flag.SOS_LEVEL), np.int16(Flag.FALL_EVENT)
_NO_TIME = np.int16(Flag.NO_TIME | Flag.CLOCK_SUSPECT)


def clocks(readings: Readings, clock: int) -> Int64:
    """The clock as each row sees it, itself included: int64 µs, never decreasing."""
    still = readings.has(Flag.BACKLOG)
    seen = np.where(still, clock, np.maximum(readings.received, clock))
    return np.maximum.accumulate(seen)


@dataclass(slots=True)
class Round:
    """Rows of different homes, as columns of equal length.

    `live`: neither retained, history nor test, so it may move state. `late`: behind the
    watermark. `behind`: clock less event time (µs). `sos_level`: its sos is a level that may
    repeat. `fall_event`: its confirmed fall is an event of its own. `latest`: no row's event
    time or watermark is later.
    """

    ts: Int64
    watermark: Int64
    behind: Int64
    device: NDArray[np.intp]
    elder: NDArray[np.intp]
    home: NDArray[np.intp]
    live: Bool
    late: Bool
    history: Bool
    retained: Bool
    test: Bool
    no_time: Bool
    sos_level: Bool
    fall_event: Bool
    values: dict[str, Array]
    latest: int

    def __len__(self) -> int:
        return len(self.ts)

    def at(self, rows: slice | NDArray[np.intp]) -> Round:
        """Some of the rows."""
        columns = {name: getattr(self, name)[rows] for name in _COLUMNS}
        values = {name: column[rows] for name, column in self.values.items()}
        return Round(**columns, values=values, latest=self.latest)


_COLUMNS = tuple(name for name in Round.__slots__ if name not in ("values", "latest"))


def rounds(
    readings: Readings, clock: Int64, world: World, *, lateness: int, use: Int64
) -> Iterator[Round]:
    """The rows at `use` (of those that are `judged`), first rows of all homes first."""
    order, ends = _by_rank(world.registry.devices.home[readings.device[use]])
    rows = use if order is None else use[order]
    whole = _whole(readings, clock, world, lateness, rows)
    if len(ends) == 1:
        yield whole
        return
    start = 0
    for end in ends:
        yield whole.at(slice(start, end))
        start = end


def first_of_homes(readings: Readings, world: World, use: Int64) -> tuple[Int64, Int64]:
    """`use` (in order) cut in two: the first row of each home, and the others."""
    _, first = np.unique(world.registry.devices.home[readings.device[use]], return_index=True)
    rest = np.ones(len(use), bool)
    rest[first] = False
    return use[~rest], use[rest]


def _by_rank(home: Array) -> tuple[Int64 | None, list[int]]:
    """An order in which the k-th rows of all homes stand together (None: as they are), and where
    each k ends."""
    if not len(home):
        return None, []
    by_home = stable_order(home)
    fresh = indices(firsts(home[by_home]))
    if len(fresh) == len(home):
        return None, [len(home)]
    sizes = np.diff(fresh, append=len(home))
    rank = np.arange(len(home)) - np.repeat(fresh, sizes)
    order = by_home[stable_order(rank)]
    return order, np.cumsum(np.bincount(rank)).tolist()


def judged(readings: Readings, world: World) -> Int64:
    """Where the rows are that speak for a device."""
    active = world.registry.devices.active
    device = readings.device
    known = (device >= 0) & (device < len(active)) & ~readings.has(Flag.SIGN_OF_LIFE)
    rows = indices(known)
    there = active.take(device.take(rows))
    return rows if there.all() else rows[there]


def _whole(
    readings: Readings, clock: Int64, world: World, lateness: int, order: NDArray[np.int64]
) -> Round:
    devices = world.registry.devices
    ts, now = readings.ts[order], clock[order]
    device = readings.device[order].astype(np.intp)  # which numpy indexes by, twice as fast
    flags = readings.flags[order]
    history = ((flags & _HISTORY) != 0) | (ts < now - HISTORY_AGE)
    retained, test = (flags & _RETAINED) != 0, (flags & _TEST) != 0
    return Round(
        ts=ts,
        watermark=now - lateness,
        behind=now - ts,
        device=device,
        elder=devices.elder[device].astype(np.intp),
        home=devices.home[device].astype(np.intp),
        live=~(history | retained | test),
        late=ts < now - lateness,
        history=history,
        retained=retained,
        test=test,
        no_time=(flags & _NO_TIME) != 0,
        sos_level=(flags & _SOS_LEVEL) != 0,
        fall_event=((flags & _FALL_EVENT) != 0) & (readings.fall[order] == Fall.CONFIRMED),
        values={name: getattr(readings, name)[order] for name in QUANTITIES},
        latest=int(max(ts.max(initial=NEVER), now.max(initial=NEVER) - lateness)),
    )
