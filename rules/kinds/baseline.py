"""`baseline`: a night's rate far from what is usual for the elder.

A night's figure is the median of its half-hour means, in hundredths; what is usual is the median
of the last nights, and how far is judged by their median absolute deviation, with a floor. All
is exact in whole numbers, so that no order of adding up matters. Judged when the night ends.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from rules.blocks import BaselineBlock
from rules.calm import Runs, Sayings
from rules.coded import Coded
from rules.facts import News
from rules.frame import Round
from rules.groups import firsts, indices
from rules.kinds.base import Setting
from rules.kinds.rings import NONE, Ring, four_times_spread, known, twice_median
from rules.kinds.timers import Timers
from rules.lifecycle import Ledger, Telling
from rules.limits import FOREVER
from rules.nights import Nights
from rules.parameters import Parameters
from rules.sentence import number
from rules.world import World
from schemas.times import MINUTE, NEVER

Array = NDArray[Any]
Int64 = NDArray[np.int64]

FIGURES = frozenset({"subject", "value", "usual", "low", "high"})
HALF_HOUR = 30 * MINUTE
HALVES = 24
"""Half hours of a night that count: twelve hours."""
SPREAD = 14_826
"""Ten thousand times what makes a median absolute deviation a standard deviation."""
_NO_NIGHT = -(2**30)


class Baseline:
    """Columns by elder: the `night` that adds up and its `means` (hundredths) by half hour; the
    current `half` hour's `sum` (tenths) and `count`; `due`, the night's end; earlier nights.
    `adds`: 1 while calm rows are of the current half hour."""

    WORD = 1
    BEDS = True
    TAKES = True
    SETTLES = False

    def __init__(self, setting: Setting[BaselineBlock]) -> None:
        self._set = setting
        table, prefix = setting.state.elder, setting.prefix
        self._timers = Timers(table, f"{prefix}/due")
        self._night = table.column(f"{prefix}/night", np.int32, _NO_NIGHT)
        self._half = table.column(f"{prefix}/half", np.int8, 0)
        self._sum = table.column(f"{prefix}/sum", np.int32, 0)
        self._count = table.column(f"{prefix}/count", np.int16, 0)
        self._adds = table.column(f"{prefix}/adds", np.int8, 0)
        self._means = table.column(f"{prefix}/means", np.int16, NONE, width=HALVES)
        self._ring = Ring(table, f"{prefix}/nights")
        self._ledger = Ledger(table, prefix, setting.teller)

    def follow(self, world: World, parameters: Parameters) -> None:
        block = self._set.block
        self._nights = Nights(world.zones, parameters.clock(block.evening))
        self._starts = parameters.clock(block.starts)
        self._ends = parameters.clock(block.ends)
        self._halves = parameters.values(block.half_hours)
        self._least = parameters.values(block.nights)
        self._times = parameters.values(block.times)
        self._floor = Coded(np.rint(100 * parameters.values(block.floor)).astype(np.int64))

    def forget(self) -> None:
        self._timers.forget()

    def fire(self, rows: Round, news: News) -> None:
        beds = news.bedside
        if not len(beds):
            self._rows = beds
            return
        quantity = rows.values[self._set.block.quantity][beds.row]
        use = indices((beds.in_bed == 1) & ~np.isnan(quantity))
        self._rows, self._said = beds.part(use), quantity[use]
        if not self._timers.idle(rows.latest):
            # Every row of the bed fires by the watermark: of two blocks that are due at one
            # moment the first must be the first whatever is in a batch.
            limit = rows.watermark[beds.row]
            limit[use] = beds.limit[use]
            self._expire(self._timers.due_among(beds.elder, limit))

    def sweep(self, watermark: int) -> None:
        self._expire(self._timers.due_by(watermark))

    # Readings

    def apply(self, rows: Round, news: News) -> None:  # noqa: ARG002 (a Kind's)
        if not len(self._rows):
            return
        elder, ts = self._rows.elder, self._rows.ts
        night = self._nights.of(elder, ts)
        starts = self._nights.at(elder, night, self._starts)
        ends = self._nights.at(elder, night, self._ends)
        half = (ts - starts) // HALF_HOUR
        counts = (ts >= starts) & (ts < ends) & (half < HALVES)
        counts &= (night >= self._night[elder]) & (night > self._ring.newest(elder))
        new = indices(counts & (night > self._night[elder]))
        self._begin(elder[new], night[new], half[new], ends[new])
        counts &= half >= self._half[elder]
        add = indices(counts)
        further = add[half[add] > self._half[elder[add]]]
        self._close(elder[further])
        self._half.put(elder[further], half[further])
        tenths = np.rint(10 * self._said[add].astype(np.float64))
        self._sum.add(elder[add], tenths.astype(np.int32))
        self._count.add(elder[add], np.int16(1))

    def _begin(self, elder: Array, night: Int64, half: Int64, ends: Int64) -> None:
        if not len(elder):
            return
        self._night.put(elder, night)
        self._half.put(elder, half)
        self._means.put(elder, np.int16(NONE))
        self._timers.set(elder, ends)

    def _close(self, elder: Array) -> None:
        """The current half hour is over: keep its mean, rounded half up."""
        elder = elder[self._count[elder] > 0]
        if not len(elder):
            return
        count = self._count[elder].astype(np.int64)
        means = self._means[elder]
        mean = (20 * self._sum[elder].astype(np.int64) + count) // (2 * count)
        means[np.arange(len(elder)), self._half[elder]] = mean
        self._means.put(elder, means)
        self._sum.put(elder, np.int32(0))
        self._count.put(elder, np.int16(0))

    # Calm rows: those that do not count, and those of the half hour that adds up.

    def word(self, rows: Sayings) -> Array:
        """1 where the rate is known in bed."""
        known = ~np.isnan(rows.says(self._set.block.quantity))
        return np.asarray(known & (rows.says("in_bed") == 1)).view(np.int8)

    def calm_until(self, rows: Sayings, word: Array) -> Int64:
        until: Int64 = self._timers.due[rows.elder]
        used = indices(word)
        elder, ts = rows.elder[used], rows.ts[used]
        night = self._nights.of(elder, ts)
        starts = self._nights.at(elder, night, self._starts)
        ends = self._nights.at(elder, night, self._ends)
        half = (ts - starts) // HALF_HOUR
        idle = (ts < starts) | (ts >= ends) | (half >= HALVES)
        idle |= (night < self._night[elder]) | (night <= self._ring.newest(elder))
        adds = ~idle & (night == self._night[elder]) & (half >= self._half[elder])
        next_half = np.minimum(ends, starts + (half + 1) * HALF_HOUR)
        over = np.where(ts < starts, starts, self._nights.over(elder, night, ts))
        mine = np.where(adds, next_half, np.where(idle, over, NEVER))
        until[used] = np.minimum(until[used], mine)
        return until

    def begin(self, rows: Sayings, word: Array) -> None:
        """Turn to the half hour that calm rows are going to add to."""
        elder, ts = rows.elder, rows.ts
        night = self._nights.of(elder, ts)
        starts = self._nights.at(elder, night, self._starts)
        half = (ts - starts) // HALF_HOUR
        adds = (word == 1) & (night == self._night[elder]) & (night > self._ring.newest(elder))
        adds &= (half >= self._half[elder]) & (half < HALVES)
        adds &= ts < self._nights.at(elder, night, self._ends)
        self._adds.put(elder, adds.view(np.int8))
        further = indices(adds & (half > self._half[elder]))
        self._close(elder[further])
        self._half.put(elder[further], half[further])

    def take(self, rows: Sayings, word: Array, calm: Array) -> None:
        add = indices(calm & (word == 1) & (self._adds[rows.elder] == 1))
        if not len(add):
            return
        elder = rows.elder[add]
        said = rows.says(self._set.block.quantity)[add]
        tenths = np.rint(10 * said.astype(np.float64)).astype(np.int32)
        count: Array = np.ones(len(add), np.int16)
        if not rows.single:
            first = indices(firsts(elder))
            tenths = np.add.reduceat(tenths, first)
            count = np.diff(first, append=len(elder)).astype(np.int16)
            elder = elder[first]
        self._sum.add(elder, tenths)
        self._count.add(elder, count)

    def settle(self, runs: Runs, word: Array) -> None:
        """Nothing was put off."""

    # The night's end

    def _expire(self, elders: Array) -> None:
        if not len(elders):
            return
        self._set.disturb(elders)
        at = self._timers.due[elders]
        self._timers.set(elders, np.full(len(elders), FOREVER))
        self._close(elders)
        means = self._means[elders].astype(np.int64)
        night = self._night[elders].astype(np.int64)
        enough = known(means) >= np.maximum(self._halves[elders], 1)
        figure = np.where(enough, twice_median(means) // 2, NONE)
        self._judge(elders, at, night, figure)
        self._ring.enter(elders, night, figure)

    def _judge(self, elders: Array, at: Int64, night: Int64, figure: Int64) -> None:
        history = self._ring.before(elders, night)
        learnt = known(history) >= np.maximum(self._least[elders], 1)
        usual = twice_median(history)
        spread = np.maximum(four_times_spread(history, usual), 4 * self._floor[elders])
        reach = self._times[elders] * (SPREAD * spread)  # 40,000 times the distance allowed
        far = 10_000 * 2 * np.abs(2 * figure - usual) > reach
        judged = learnt & (figure != NONE)
        rests = self._set.rests(elders, at)
        for row in indices(judged & ~(far & rests)).tolist():
            limits = usual[row] / 200, float(reach[row]) / 40_000 / 100
            self._tell(int(elders[row]), int(at[row]), int(figure[row]), limits, far=bool(far[row]))

    def _tell(
        self, elder: int, at: int, figure: int, limits: tuple[float, float], *, far: bool
    ) -> None:
        usual, reach = limits
        texts = {"value": figure / 100, "usual": usual, "low": usual - reach, "high": usual + reach}
        figures = {name: number(value) for name, value in texts.items()}
        if far:
            evidence: dict[str, Any] = {name: round(value, 2) for name, value in texts.items()}
            telling = Telling(self._set.block.raised, dict(figures), evidence)
            self._ledger.reach(elder, at, self._set.block.severity, telling)
        else:
            self._ledger.clear(elder, at, Telling(self._set.block.cleared, dict(figures)))
