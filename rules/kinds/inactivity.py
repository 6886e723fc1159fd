"""`inactivity`: no activity from any device of an elder's home for a time.

Counting stops while no device that could show activity is live, or at a deadline while the
elder is away, and begins anew with the next word of such a device. Activity clears. Deadlines
fire by the watermark only, as several devices' clocks meet here, and are renewed when they come.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from rules.blocks import InactivityBlock
from rules.calm import Runs, Sayings
from rules.coded import Coded
from rules.facts import News
from rules.frame import Round
from rules.groups import Groups, indices
from rules.kinds.base import Setting
from rules.kinds.timers import Timers
from rules.lifecycle import Ledger, Telling
from rules.limits import FOREVER
from rules.parameters import Parameters
from rules.sentence import Figures, duration
from rules.world import World
from schemas.times import NEVER, SECOND, format_rfc3339

Array = NDArray[Any]
Int64 = NDArray[np.int64]

FIGURES = frozenset({"subject", "for"})
_NOBODY, _SEVERAL = -1, -2


class Inactivity:
    """Columns by elder: `base`, from which counting runs; `until` when some device that could
    show activity is live; `stopped`; `due`, never later than the true deadline."""

    WORD = 0
    BEDS = False
    TAKES = True
    SETTLES = True

    def __init__(self, setting: Setting[InactivityBlock]) -> None:
        self._set = setting
        table, prefix = setting.state.elder, setting.prefix
        self._timers = Timers(table, f"{prefix}/due")
        self._base = table.column(f"{prefix}/base", np.int64, NEVER)
        self._until = table.column(f"{prefix}/until", np.int64, NEVER)
        self._stopped = table.column(f"{prefix}/stopped", np.int8, 0)
        self._ledger = Ledger(table, prefix, setting.teller)

    def follow(self, world: World, parameters: Parameters) -> None:
        block, elders = self._set.block, world.registry.elders
        self._world = world
        homes = len(world.registry.homes.ids)
        sighted = np.zeros(homes + 1, bool)  # the last stands for no home
        sighted[world.registry.devices.home[world.room_sensor]] = True
        sees = np.append(sighted[elders.home], False)
        self._after = [
            Coded(np.where(sees, parameters.micros(step.after)[:], parameters.micros(blind)[:]))
            for step, blind in zip(block.steps, block.without_room, strict=True)
        ]
        watched = elders.active & (self._after[0][:-1] < FOREVER)
        self._watched = Groups(elders.home, watched, homes)
        self._one = np.full(homes + 1, _NOBODY, np.int32)
        rows = indices(watched & (elders.home >= 0))
        self._one[elders.home[rows]] = rows
        counts = np.bincount(elders.home[rows], minlength=homes)
        self._one[:homes][counts > 1] = _SEVERAL
        every = np.arange(len(elders.ids))
        self._timers.set(every, self._deadline(every))

    def forget(self) -> None:
        self._timers.forget()

    def fire(self, rows: Round, news: News) -> None:
        self._pairs = which, elders = self._concerned(rows, news)
        while len(due := self._timers.due_among(elders, rows.watermark[which])):
            self._expire(due)

    # Calm rows: while counting runs and nothing is open.

    def word(self, rows: Sayings) -> Array:
        return np.zeros(len(rows), np.int8)

    def calm_until(self, rows: Sayings, word: Array) -> Int64:  # noqa: ARG002 (a Calm's)
        until = np.full(len(rows), FOREVER, np.int64)
        which, elder = self._pairs_of(rows.device, rows.home)
        steady = (rows.ts[which] <= self._until[elder]) & (self._stopped[elder] == 0)
        steady &= self._ledger.rank[elder] == 0
        np.minimum.at(until, which, np.where(steady, self._timers.due[elder], NEVER))
        return until

    def begin(self, rows: Sayings, word: Array) -> None:
        """Nothing to prepare."""

    def take(self, rows: Sayings, word: Array, calm: Array) -> None:  # noqa: ARG002 (a Calm's)
        """Only in its own bed does anybody move without a level's change."""
        if rows.beds:
            moves = indices(calm & (rows.says("movement") > 0))
            which, elder = self._pairs_of(rows.device[moves], rows.home[moves])
            self._base.lift(elder, rows.ts[moves[which]])

    def settle(self, runs: Runs, word: Array) -> None:  # noqa: ARG002 (a Calm's)
        which, elder = self._pairs_of(runs.device, runs.home)
        self._until.lift(elder, runs.ts[which] + self._world.hold[runs.device[which]])

    def _pairs_of(self, device: Array, home: Array) -> tuple[Array, Array]:
        """(index, watched elder of its home) for devices that could show activity."""
        return self._of_homes(indices(self._world.capable[device]), home)

    def _concerned(self, rows: Round, news: News) -> tuple[Array, Array]:
        """(row, watched elder of its home) for rows that are or could be activity."""
        use = indices(rows.live & (self._world.capable[rows.device] | news.active))
        return self._of_homes(use, rows.home)

    def _of_homes(self, use: Array, home: Array) -> tuple[Array, Array]:
        one = self._one[home[use]]
        direct, several = indices(one >= 0), indices(one == _SEVERAL)
        if not len(several):
            return use[direct], one[direct]
        which, elders = self._watched.expand(home[use[several]])
        return (
            np.concatenate([use[direct], use[several[which]]]),
            np.concatenate([one[direct], elders]),
        )

    def sweep(self, watermark: int) -> None:
        while len(due := self._timers.due_by(watermark)):
            self._expire(due)

    def _expire(self, elders: Array) -> None:
        self._set.disturb(elders)
        true = self._deadline(elders)
        now = true <= self._timers.due[elders]
        self._timers.set(elders[~now], true[~now])
        elders, due = elders[now], true[now]
        dead = due > self._until[elders]
        stops = elders[dead | self._set.rests(elders, due)]
        self._stopped.put(stops, np.int8(1))
        for elder in elders[dead].tolist():
            until = int(self._until[elder])
            self._ledger.stale(elder, until + 1, until)
        stopped = self._stopped[elders] == 1
        for elder, at in zip(elders[~stopped].tolist(), due[~stopped].tolist(), strict=True):
            self._reach(elder, at)
        self._timers.set(elders, self._deadline(elders))

    def _deadline(self, elders: Array) -> Int64:
        """The next severity's, or the moment at which what is open loses its data."""
        rank = self._ledger.rank[elders]
        after = np.full(len(elders), FOREVER, np.int64)
        for step, of_step in zip(
            reversed(self._set.block.steps), reversed(self._after), strict=True
        ):
            after = np.where(rank < step.severity.rank, of_step[elders], after)
        after = np.where(self._stopped[elders] == 1, FOREVER, after)
        base = self._base[elders]
        due = np.where((after >= FOREVER) | (base == NEVER), FOREVER, base + after)
        is_open = indices(rank)
        is_open = is_open[self._ledger.quiet[elders[is_open]] == 0]
        until = self._until[elders[is_open]]
        fades = np.where(until == NEVER, FOREVER, until + 1)  # a fresh rule has seen no data yet
        due[is_open] = np.minimum(due[is_open], fades)
        return due

    def apply(self, rows: Round, news: News) -> None:
        which, elders = self._pairs
        if not len(which):
            return
        ts, active = rows.ts[which], news.active[which]
        capable = self._world.capable[rows.device[which]]
        base, until = self._base[elders], self._until[elders]
        begins = capable & ((ts > until) | (self._stopped[elders] == 1))
        self._base.put(elders, np.where(begins | active, np.maximum(base, ts), base))
        lives = indices(capable)
        hold = ts[lives] + self._world.hold[rows.device[which[lives]]]
        self._until.put(elders[lives], np.maximum(until[lives], hold))
        self._stopped.put(elders[begins], np.int8(0))
        is_open = self._ledger.rank[elders] > 0
        for index in indices(is_open).tolist():
            self._news_of_open(rows, int(which[index]), int(elders[index]), bool(active[index]))
        again = elders[begins | is_open]
        self._timers.set(again, self._deadline(again))

    def _news_of_open(self, rows: Round, row: int, elder: int, active: bool) -> None:
        at = int(rows.ts[row])
        if self._world.capable[rows.device[row]]:
            self._ledger.fresh(elder, at)
        if active and at >= self._ledger.since[elder]:
            lasted = at - int(self._ledger.onset[elder]) + int(self._after[0][elder])
            figures: Figures = {"for": duration(lasted)}
            telling = Telling(self._set.block.cleared, figures, late=bool(rows.late[row]))
            self._ledger.clear(elder, at, telling)

    def _reach(self, elder: int, at: int) -> None:
        base = int(self._base[elder])
        rank = int(self._ledger.rank[elder])
        step = next(s for s in self._set.block.steps if s.severity.rank > rank)
        evidence: dict[str, Any] = {"for_s": (at - base) // SECOND}
        evidence["last_activity"] = format_rfc3339(base)
        telling = Telling(self._set.block.raised, {"for": duration(at - base)}, evidence)
        self._ledger.reach(elder, at, step.severity, telling)
