"""`count`: more exits from bed in a night than is usual for the elder.

Raised at the exit that completes the number, at most once in a while, and cleared when the next
night starts. A night in whose hours nobody was in bed is not known; without enough known nights
nothing is usual yet and nothing is raised.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from rules.blocks import CountBlock
from rules.calm import Runs, Sayings
from rules.facts import News
from rules.frame import Round
from rules.groups import indices
from rules.kinds.base import Setting
from rules.kinds.rings import NONE, Ring, known, twice_median
from rules.kinds.timers import Timers
from rules.lifecycle import Ledger, Telling
from rules.limits import FOREVER
from rules.nights import Nights
from rules.parameters import Parameters
from rules.sentence import number
from rules.world import World
from schemas.times import NEVER

Array = NDArray[Any]
Int64 = NDArray[np.int64]

FIGURES = frozenset({"subject", "count", "usual"})


class Count:
    """Columns by elder: the `night` that is counted, its `tally` (-1: nobody was in bed), the
    tallies of earlier nights, when the rule `told` last, and `due`, at which that is over."""

    WORD = 1
    BEDS = True
    TAKES = False
    SETTLES = False

    def __init__(self, setting: Setting[CountBlock]) -> None:
        self._set = setting
        table, prefix = setting.state.elder, setting.prefix
        self._timers = Timers(table, f"{prefix}/due", few=True)
        self._night = table.column(f"{prefix}/night", np.int32, -(2**30))
        self._tally = table.column(f"{prefix}/tally", np.int16, NONE)
        self._ring = Ring(table, f"{prefix}/tallies")
        self._told = table.sparse(f"{prefix}/told", np.int64, NEVER)
        self._ledger = Ledger(table, prefix, setting.teller)

    def follow(self, world: World, parameters: Parameters) -> None:
        block = self._set.block
        self._nights = Nights(world.zones, parameters.clock(block.evening))
        self._starts = parameters.clock(block.starts)
        self._ends = parameters.clock(block.ends)
        self._last_hour = parameters.micros(block.last_hour)
        self._pause = parameters.micros(block.pause)
        self._least = parameters.values(block.least)
        self._above = parameters.values(block.above)
        self._known = parameters.values(block.nights)
        is_open = indices(self._ledger.rank.data)
        self._end_with_night(is_open, self._ledger.since[is_open])

    def forget(self) -> None:
        self._timers.forget()

    def fire(self, rows: Round, news: News) -> None:
        if not self._timers.idle(rows.latest):
            self._expire(self._timers.due_among(news.beds.elder, news.beds.limit))

    def sweep(self, watermark: int) -> None:
        self._expire(self._timers.due_by(watermark))

    def _expire(self, elders: Array) -> None:
        for elder in elders.tolist():
            at = int(self._timers.due[elder])
            self._timers.due.put(elder, FOREVER)
            self._ledger.clear(
                elder, at, Telling(self._set.block.cleared, {"count": "", "usual": ""})
            )

    def apply(self, rows: Round, news: News) -> None:
        if not len(news.beds):
            return
        night = self._nights.of(news.beds.elder, news.beds.ts)
        self._turn(news.beds.elder, night)
        now = indices(night == self._night[news.beds.elder])
        beds, night = news.beds.part(now), night[now]
        left = (beds.said == 0) & (beds.before == 1)
        tally = self._tally[beds.elder]
        few = indices(left | ((tally == NONE) & (beds.said == 1)))
        beds, night, left, tally = beds.part(few), night[few], left[few], tally[few]
        elder, ts = beds.elder, beds.ts
        ends = self._nights.at(elder, night, self._ends)
        within = (ts >= self._nights.at(elder, night, self._starts)) & (ts < ends)
        exits = within & left & (ts < ends - self._last_hour[elder])
        shown = indices(exits | (within & (beds.said == 1)))
        self._tally.put(elder[shown], np.maximum(tally[shown], 0) + exits[shown])
        self._judge(rows, beds.row[exits], night[exits])

    # Calm rows: those that tell nothing new of the night.

    def word(self, rows: Sayings) -> Array:
        """1 where somebody is in bed."""
        return np.asarray(rows.says("in_bed") == 1).view(np.int8)

    def calm_until(self, rows: Sayings, word: Array) -> Int64:
        elder, ts = rows.elder, rows.ts
        night = self._nights.of(elder, ts)
        until = np.minimum(self._timers.due[elder], self._nights.over(elder, night, ts))
        fresh = indices((word == 1) & (self._tally[elder] == NONE))
        who, of, when = elder[fresh], night[fresh], ts[fresh]
        starts = self._nights.at(who, of, self._starts)
        over = when >= self._nights.at(who, of, self._ends)
        until[fresh] = np.minimum(until[fresh], np.where(over, FOREVER, starts))
        return np.where(night == self._night[elder], until, NEVER)

    def begin(self, rows: Sayings, word: Array) -> None:
        """Nothing to prepare."""

    def take(self, rows: Sayings, word: Array, calm: Array) -> None:
        """Nothing changes."""

    def settle(self, runs: Runs, word: Array) -> None:
        """Nothing changed."""

    def _turn(self, elder: Array, night: Int64) -> None:
        """Enter the tally of the night before, where another has begun."""
        new = indices(night > self._night[elder])
        elder, night = elder[new], night[new]
        if not len(elder):
            return
        before = self._night[elder].astype(np.int64)
        counted = indices(self._tally[elder] != NONE)
        self._ring.enter(
            elder[counted], before[counted], self._tally[elder[counted]].astype(np.int64)
        )
        self._night.put(elder, night)
        self._tally.put(elder, np.int16(NONE))

    def _judge(self, rows: Round, which: Array, night: Int64) -> None:
        """Exits: whether each completes the number."""
        elder, ts = rows.elder[which], rows.ts[which]
        tally = self._tally[elder].astype(np.int64)
        much = indices((tally >= self._least[elder]) & (self._ledger.rank[elder] == 0))
        if not len(much):
            return
        which, night, elder, ts, tally = (
            which[much],
            night[much],
            elder[much],
            ts[much],
            tally[much],
        )
        history = self._ring.before(elder, night)
        usual = twice_median(history)
        unusual = (known(history) >= self._known[elder]) & (known(history) > 0)
        unusual &= 2 * tally >= usual + 2 * self._above[elder]
        unusual &= ts - self._told[elder] >= self._pause[elder]
        unusual &= ~self._set.rests(elder, ts)
        for row in indices(unusual).tolist():
            late = bool(rows.late[which[row]])
            self._raise(int(elder[row]), int(ts[row]), int(tally[row]), usual[row] / 2, late=late)
        raised = elder[unusual]
        self._end_with_night(raised, ts[unusual])

    def _end_with_night(self, elders: Array, raised: Int64) -> None:
        """What was raised then is over when the night after begins."""
        if len(elders):
            following = self._nights.of(elders, raised) + 1
            self._timers.set(elders, self._nights.at(elders, following, self._starts))

    def _raise(self, elder: int, at: int, tally: int, usual: float, *, late: bool) -> None:
        self._told.put(elder, at)
        telling = Telling(
            self._set.block.raised,
            {"count": str(tally), "usual": number(usual)},
            {"exits": tally, "usual": usual},
            late,
        )
        self._ledger.reach(elder, at, self._set.block.severity, telling)
