"""`absence`: an elder left the bed in the night and did not come back.

Counting begins at the exit, or when the night starts if that is later, for an elder who was in
bed long enough that evening. Coming back or other activity clears; the clock never does. After
activity, and after the mattress was stale or the elder away at a deadline, counting begins anew
while the elder is still out.
The second step waits while somebody is seen elsewhere in the home.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from rules.blocks import AbsenceBlock
from rules.calm import Runs, Sayings
from rules.facts import Bedside, News
from rules.frame import Round
from rules.groups import indices
from rules.kinds.base import Setting
from rules.kinds.elsewhere import elsewhere
from rules.kinds.habits import Habits
from rules.kinds.hours import Hours
from rules.kinds.slept import Slept
from rules.kinds.timers import Timers
from rules.lifecycle import Ledger, Telling
from rules.limits import FOREVER
from rules.nights import Nights
from rules.parameters import Parameters
from rules.sentence import duration
from rules.world import World
from schemas.times import MINUTE, NEVER, SECOND

Array = NDArray[Any]
Int64 = NDArray[np.int64]

FIGURES = frozenset({"subject", "for"})


class Absence:
    """Columns by elder, beside what is `slept`: `out` (1 from a counted exit until the return);
    `base`, from which counting runs; `stopped` (1 after the mattress was stale at a deadline);
    `waits` (1 while the second step waits for nobody to be seen, from `red_at` on). `fades`: when
    what is open loses its data, or earlier."""

    WORD = 1
    BEDS = True
    TAKES = False
    SETTLES = True

    def __init__(self, setting: Setting[AbsenceBlock]) -> None:
        self._set = setting
        self._facts = setting.facts
        table, prefix = setting.state.elder, setting.prefix
        self._timers = Timers(table, f"{prefix}/due", few=True)
        self._slept = Slept(table, prefix)
        self._out = table.column(f"{prefix}/out", np.int8, 0)
        self._base = table.sparse(f"{prefix}/base", np.int64, NEVER)
        self._stopped = table.column(f"{prefix}/stopped", np.int8, 0)
        self._waits = table.column(f"{prefix}/waits", np.int8, 0)
        self._red_at = table.sparse(f"{prefix}/red_at", np.int64, FOREVER)
        self._fades = Timers(table, f"{prefix}/fades", few=True)
        self._habits = Habits(table, prefix)
        self._ledger = Ledger(table, prefix, setting.teller)
        self._outs = 0  # how many elders are out

    def follow(self, world: World, parameters: Parameters) -> None:
        block = self._set.block
        self._world = world
        self._homes = world.registry.elders.home
        self._nights = Nights(world.zones, parameters.clock(block.evening))
        self._slept.follow(self._nights)
        self._settled = parameters.micros(block.settled)
        self._habits.follow(self._nights, self._settled, parameters.values(block.nights))
        self._hours = Hours(self._nights, self._habits, parameters, block)
        self._grace = parameters.micros(block.grace)
        self._after = [parameters.micros(step.after) for step in block.steps]

    def forget(self) -> None:
        self._timers.forget()
        self._fades.forget()
        self._outs = int(np.count_nonzero(self._out.data))

    # Deadlines

    def fire(self, rows: Round, news: News) -> None:
        self._fire(news.beds.elder, news.beds.limit)
        if self._outs:
            which, elders, _ = elsewhere(rows, news, self._world, out=self._out)
            self._fire(elders, rows.watermark[which])

    def sweep(self, watermark: int) -> None:
        while len(due := self._timers.due_by(watermark)):
            self._expire(due)
        while len(due := self._fades.due_by(watermark)):
            self._fade(due)

    def _fire(self, elders: Array, limits: Int64) -> None:
        while len(due := self._timers.due_among(elders, limits)):
            self._expire(due)
        while len(due := self._fades.due_among(elders, limits)):
            self._fade(due)

    def _expire(self, elders: Array) -> None:
        self._set.disturb(elders)
        due = self._timers.due[elders]
        self._timers.set(elders, np.full(len(elders), FOREVER))
        counts = (due <= self._facts.bed_hold[elders]) & ~self._set.rests(elders, due)
        stops = elders[~counts]
        self._waits.put(stops, np.int8(0))
        self._stopped.put(stops, np.int8(1))
        for elder, at in zip(elders[counts].tolist(), due[counts].tolist(), strict=True):
            if self._ledger.rank[elder] == 0:
                self._reach(elder, at, 0, late=False)
                self._schedule(np.array([elder]))
            else:
                self._try_red(elder, at, late=False)

    def _fade(self, elders: Array) -> None:
        """Mark what is open and has lost its data; look again later at the rest."""
        self._set.disturb(elders)
        for elder in elders.tolist():
            at = int(self._facts.bed_hold[elder]) + 1
            if self._ledger.rank[elder] and at > int(self._fades.due[elder]):
                self._fades.set(np.array([elder]), np.array([at]))
                continue
            self._fades.due.put(elder, FOREVER)
            self._ledger.stale(elder, at, int(self._facts.bed_at[elder]))

    def _try_red(self, elder: int, at: int, *, late: bool) -> None:
        """The second step at `at`, unless somebody is seen in the home; then later."""
        home = self._homes[elder : elder + 1]
        until = int(self._facts.seen_until(home, self._world)[0])
        if until <= at:
            self._waits.put(elder, 0)
            self._timers.due.put(elder, FOREVER)
            self._reach(elder, at, 1, late=late)
            return
        if not self._waits[elder]:
            self._waits.put(elder, 1)
            self._red_at.put(elder, at)
        again = until if until <= self._red_until(elder) else FOREVER
        self._timers.set(np.array([elder]), np.array([again]))

    def _red_until(self, elder: int) -> int:
        who = np.array([elder])
        ends = self._hours.ends(who, self._slept.night(who))
        return int(ends[0] + self._grace[elder])

    # Readings

    def apply(self, rows: Round, news: News) -> None:
        if len(news.beds):
            self._apply_bed(rows, news.beds)
        if self._outs:
            self._apply_others(rows, news)

    def _apply_bed(self, rows: Round, beds: Bedside) -> None:
        elder, ts, before, hold = beds.elder, beds.ts, beds.before, beds.hold
        inside = beds.said == 1
        self._habits.learn(elder, ts, inside=inside, before=before, hold=hold)
        for index in indices((self._ledger.rank[elder] > 0) & ~inside).tolist():
            self._fresh(int(elder[index]), int(ts[index]))
        self._slept.adopt(beds, out=self._out)
        self._return(elder[inside], ts[inside], rows.late[beds.row[inside]])
        left = ~inside & (before == 1)
        self._exit(elder[left], ts[left])
        still = ~inside & (before == 0) & (self._out[elder] == 1)
        still &= (ts > hold) | (self._stopped[elder] == 1)
        self._count(elder[still], ts[still])

    def _fresh(self, elder: int, at: int) -> None:
        """Data again for what is open."""
        if self._ledger.quiet[elder]:
            self._ledger.fresh(elder, at)
            self._watch(elder)

    def _watch(self, elder: int) -> None:
        """Look whether the data of what is open still comes."""
        hold = int(self._facts.bed_hold[elder])
        self._fades.set(np.array([elder]), np.array([hold + 1]))

    def _return(self, elder: Array, ts: Int64, late: Array) -> None:
        back = (self._out[elder] == 1) | (self._ledger.rank[elder] > 0)
        elder, ts, late = elder[back], ts[back], late[back]
        if not len(elder):
            return
        for who, at, was_late in zip(elder.tolist(), ts.tolist(), late.tolist(), strict=True):
            self._clear(who, at, late=was_late)
        self._outs -= int(np.count_nonzero(self._out[elder]))
        self._out.put(elder, np.int8(0))
        self._stop(elder)

    def _stop(self, elder: Array) -> None:
        self._waits.put(elder, np.int8(0))
        self._stopped.put(elder, np.int8(0))
        self._timers.set(elder, np.full(len(elder), FOREVER))
        self._base.put(elder, NEVER)
        self._red_at.put(elder, FOREVER)

    def _exit(self, elder: Array, ts: Int64) -> None:
        if not len(elder):
            return
        night = self._slept.night(elder)
        before_end = ts < self._hours.ends(elder, night)
        counts = before_end & (self._slept.time(elder) >= self._settled[elder])
        elder, ts = elder[counts], ts[counts]
        self._out.put(elder, np.int8(1))
        self._outs += len(elder)
        self._count(elder, ts)

    def _count(self, elder: Array, since: Int64) -> None:
        """Begin to count at `since`, or at the night's start."""
        if not len(elder):
            return
        night = self._slept.night(elder)
        self._base.put(elder, np.maximum(since, self._hours.starts(elder, night)))
        self._waits.put(elder, np.int8(0))
        self._stopped.put(elder, np.int8(0))
        self._schedule(elder)

    def _schedule(self, elder: Array) -> None:
        """The deadline of the next step, if the night is long enough for it."""
        night, base = self._slept.night(elder), self._base[elder]
        ends = self._hours.ends(elder, night)
        first, second = (base + after[elder] for after in self._after)
        rank, (low, high) = self._ledger.rank[elder], self._set.block.steps
        can_first = (rank == 0) & (first <= ends)
        can_second = (rank == low.severity.rank) & (rank < high.severity.rank)
        can_second &= base < ends - self._hours.rising(elder)
        can_second &= second <= ends + self._grace[elder]
        due = np.where(can_first, first, np.where(can_second, second, FOREVER))
        self._timers.set(elder, due)

    def _apply_others(self, rows: Round, news: News) -> None:
        which, elders, active = elsewhere(rows, news, self._world, out=self._out)
        pairs = zip(which.tolist(), elders.tolist(), active.tolist(), strict=True)
        for row, elder, is_active in pairs:
            ts, late = int(rows.ts[row]), bool(rows.late[row])
            if is_active and self._ledger.rank[elder] and ts >= self._ledger.since[elder]:
                self._clear(elder, ts, late=late)
                self._count(np.array([elder]), np.array([ts]))
            elif news.left[row] and self._waits[elder]:
                self._left(elder, ts, late=late)

    def _left(self, elder: int, ts: int, *, late: bool) -> None:
        at = max(ts, int(self._red_at[elder]))
        rests = self._set.rests(np.array([elder]), np.array([at]))[0]
        holds = at <= int(self._facts.bed_hold[elder])
        if at <= self._red_until(elder) and holds and not rests:
            self._try_red(elder, at, late=late)

    # Calm rows: those of who lies in bed, or is up and not counted as out.

    def word(self, rows: Sayings) -> Array:
        """1 where somebody is in bed."""
        return np.asarray(rows.says("in_bed") == 1).view(np.int8)

    def calm_until(self, rows: Sayings, word: Array) -> Int64:
        elder, night = rows.elder, self._nights.of(rows.elder, rows.ts)
        steady = (self._out[elder] == 0) & (self._ledger.rank[elder] == 0)
        steady &= (self._slept.night(elder) == night) & self._habits.steady(elder, night)
        steady &= (word == 0) | (self._facts.bed_at[elder] >= self._nights.begins(elder, night))
        until = np.minimum(self._timers.due[elder], self._fades.due[elder])
        return np.where(steady, np.minimum(until, self._nights.over(elder, night, rows.ts)), NEVER)

    def begin(self, rows: Sayings, word: Array) -> None:
        """Nothing to prepare."""

    def take(self, rows: Sayings, word: Array, calm: Array) -> None:
        """All of it can be put off."""

    def settle(self, runs: Runs, word: Array) -> None:
        inside = indices(word)
        elder = runs.elder[inside]
        lain = runs.ts[inside] - self._facts.bed_at[elder]
        self._slept.add(elder, lain)

    # Telling

    def _reach(self, elder: int, at: int, step: int, *, late: bool) -> None:
        lasted, slept = at - int(self._base[elder]), int(self._slept.time(np.array([elder]))[0])
        telling = Telling(
            self._set.block.raised,
            {"for": duration(lasted)},
            {"out_for_s": lasted // SECOND, "slept_min": slept // MINUTE},
            late,
        )
        if not self._ledger.rank[elder]:
            self._watch(elder)
        self._ledger.reach(elder, at, self._set.block.steps[step].severity, telling)

    def _clear(self, elder: int, at: int, *, late: bool) -> None:
        lasted = duration(max(at - int(self._base[elder]), 0))
        telling = Telling(self._set.block.cleared, {"for": lasted}, late=late)
        self._ledger.clear(elder, at, telling)
