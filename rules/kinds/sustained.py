"""`sustained`: a condition on an elder's bed readings holds for a time without a break.

A run begins at the first reading outside and is reached at ≥. A reading that leaves the
condition unknown neither begins nor breaks a run; a quantity gone stale does: when the last
known reading is older than three intervals of its device at the deadline, or at the next known
one. So does a deadline while the elder is away. Back inside for the clear time clears. What is
open stays open when the data stops, and is marked.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from rules.blocks import SustainedBlock
from rules.calm import Runs, Sayings
from rules.condition import FALSE, MAYBE, TRUE
from rules.facts import Bedside, News
from rules.frame import Round
from rules.groups import indices
from rules.kinds.base import Setting
from rules.kinds.proof import Proven
from rules.kinds.timers import Timers
from rules.kinds.verdict import Verdict
from rules.lifecycle import Ledger, Telling
from rules.limits import FOREVER
from rules.parameters import Parameters
from rules.sentence import Figures, duration, number
from rules.world import World
from schemas.times import NEVER, SECOND

Array = NDArray[Any]
Int64 = NDArray[np.int64]

FIGURES = frozenset({"subject", "for", "value", "low", "high", "late"})


class Sustained:
    """Columns by elder: `level` (MAYBE: no run), `start` of the run, the `last` known reading,
    until when it holds, and the quoted value at it. Of an elder who is inside and has no open
    alert (nearly everyone) only `last` is kept."""

    WORD = 3
    BEDS = True
    TAKES = False
    SETTLES = True

    def __init__(self, setting: Setting[SustainedBlock]) -> None:
        self._set = setting
        table, prefix = setting.state.elder, setting.prefix
        self._timers = Timers(table, f"{prefix}/due", few=True)
        self._level = table.column(f"{prefix}/level", np.int8, MAYBE)
        self._start = table.sparse(f"{prefix}/start", np.int64, NEVER)
        self._last = table.column(f"{prefix}/last", np.int64, NEVER)
        self._hold = table.sparse(f"{prefix}/hold", np.int64, NEVER)
        self._quotes = setting.block.quotes
        if self._quotes is not None:
            self._value = table.sparse(f"{prefix}/value", np.float32, float("nan"))
        self._ledger = Ledger(table, prefix, setting.teller)
        needs = setting.block.needs
        self._proven = None if needs is None else Proven(table, prefix, needs)

    def follow(self, world: World, parameters: Parameters) -> None:
        block = self._set.block
        self._world = world
        self._verdict = Verdict(block.condition, parameters)
        self._figures = parameters.thresholds()
        self._after = [parameters.micros(step.after) for step in block.steps]
        self._clear_after = parameters.micros(block.clear)
        self._distrust()
        if self._proven is not None:
            self._proven.follow(parameters)

    def forget(self) -> None:
        self._timers.forget()
        self._distrust()

    def _distrust(self) -> None:
        """Of no elder it is known that the deadline is the one that `_schedule` would set."""
        self._settled = np.zeros(len(self._level.data), bool)

    def fire(self, rows: Round, news: News) -> None:
        self._decided = self._known(rows, news.bedside)
        known, _ = self._decided
        if not len(known) or self._timers.idle(rows.latest):
            return
        while len(due := self._timers.due_among(known.elder, known.limit)):
            self._expire(due)

    def sweep(self, watermark: int) -> None:
        while len(due := self._timers.due_by(watermark)):
            self._expire(due)

    def _known(self, rows: Round, beds: Bedside) -> tuple[Bedside, Array]:
        """Rows that decide the condition, in order, and what they decide."""
        if not len(beds):
            return beds, beds.said
        truth = self._verdict(rows, beds)
        use = (truth != MAYBE) & (beds.ts >= self._last[beds.elder])
        if use.all():
            return beds, truth
        few = indices(use)
        return beds.part(few), truth[few]

    def apply(self, rows: Round, news: News) -> None:  # noqa: ARG002 (a Kind's)
        known, truth = self._decided
        if not len(known):
            return
        elder = known.elder
        if self._proven is not None:
            span = np.minimum(known.ts, self._hold[elder]) - self._last[elder]
            self._proven.adopt(rows, known, span=span)
        self._last.put(elder, known.ts)
        level = self._level[elder]
        loud = (truth != FALSE) | (level != MAYBE) | (self._ledger.rank[elder] != 0)
        if len(run := indices(loud)):
            self._run(rows, known.part(run), truth=truth[run], level=level[run])
        if self._proven is not None:
            self._hold.put(elder, known.stale)

    def _run(self, rows: Round, known: Bedside, *, truth: Array, level: Array) -> None:
        """Rows outside, or of who was outside or has something open."""
        elder, ts, rank = known.elder, known.ts, self._ledger.rank[known.elder]
        broken = (truth != level) | (ts > self._hold[elder])
        start = np.where(broken, ts, self._start[elder])
        if not self._ledger.quiet.empty:
            for row in indices(self._ledger.quiet[elder]).tolist():
                self._ledger.fresh(int(elder[row]), int(ts[row]))
        turns = indices(broken | ~self._settled[elder])
        who = elder[turns]
        if len(turns):
            due = self._due(who, level=truth[turns], start=start[turns], hold=known.stale[turns])
            self._timers.set(who, due)
            stays = (truth == TRUE) & (rank == 0)
            self._settled[who] = stays[turns] if self._proven is None else False
        goes_on = (truth == TRUE) | (rank != 0)  # of the others nothing need be known
        self._level.put(who, np.where(goes_on[turns], truth[turns], np.int8(MAYBE)))
        self._start.put(who, np.where(goes_on[turns], start[turns], NEVER))
        if self._quotes is not None:
            value = rows.values[self._quotes][known.row]
            self._value.put(elder, np.where(goes_on, value, np.float32("nan")))
        if self._proven is None:
            self._hold.put(elder, np.where(goes_on, known.stale, NEVER))

    # Calm rows: those of who is inside with nothing open, or outside with the next step waiting.

    def word(self, rows: Sayings) -> Array:
        word = self._verdict.of(rows).astype(np.int8)
        if self._proven is not None:
            word |= self._proven.word(rows) << 2
        return word

    def calm_until(self, rows: Sayings, word: Array) -> Int64:
        elder, truth = rows.elder, word & 3
        level, rank = self._level[elder], self._ledger.rank[elder]
        steady = (truth == FALSE) & (level == MAYBE) & (rank == 0)
        if self._proven is not None:
            steady &= (rows.ts <= self._hold[elder]) & self._proven.steady(elder, word >> 2)
        elif self._quotes is None:
            waits = (truth == TRUE) & (level == TRUE) & self._settled[elder]
            steady |= waits & (rows.ts <= self._hold[elder])
        steady &= rows.ts >= self._last[elder]
        return np.where(steady | (truth == MAYBE), self._timers.due[elder], NEVER)

    def begin(self, rows: Sayings, word: Array) -> None:
        """Nothing to prepare."""

    def take(self, rows: Sayings, word: Array, calm: Array) -> None:
        """All of it can be put off."""

    def settle(self, runs: Runs, word: Array) -> None:
        known = indices(word & 3 != MAYBE)
        elder, ts = runs.elder[known], runs.ts[known]
        if self._proven is not None:
            self._proven.settle(elder, word[known] >> 2, ts - self._last[elder])
        self._last.put(elder, ts)
        holds = indices((word[known] & 3 == TRUE) | (self._proven is not None))
        stale = ts[holds] + self._world.stale[runs.device[known[holds]]]
        self._hold.put(elder[holds], stale)

    def _retire(self, elder: Array) -> None:
        """Forget what means nothing any more."""
        idle = (self._level[elder] != TRUE) & (self._ledger.rank[elder] == 0)
        elder = elder[idle]
        if not len(elder):
            return
        self._level.put(elder, np.int8(MAYBE))
        self._start.put(elder, NEVER)
        if self._quotes is not None:
            self._value.put(elder, float("nan"))
        if self._proven is None:
            self._hold.put(elder, NEVER)

    def _schedule(self, elder: Array) -> None:
        due = self._due(
            elder, level=self._level[elder], start=self._start[elder], hold=self._hold[elder]
        )
        self._timers.set(elder, due)

    def _due(self, elder: Array, *, level: Array, start: Int64, hold: Int64) -> Int64:
        """Each run's next deadline: a higher severity outside, clearing inside; for what is
        open also the moment at which its data goes stale."""
        rank = self._ledger.rank[elder]
        after = np.full(len(elder), FOREVER, np.int64)
        for step, steps_after in zip(
            reversed(self._set.block.steps), reversed(self._after), strict=True
        ):
            rises = (level == TRUE) & (rank < step.severity.rank)
            after = np.where(rises, steps_after[elder], after)
        if self._proven is not None:
            after = np.where((rank == 0) & ~self._proven.enough(elder), FOREVER, after)
        is_open = indices(rank)
        if not len(is_open):
            return np.where(after >= FOREVER, FOREVER, start + after)
        after = np.where((level == FALSE) & (rank > 0), self._clear_after[elder], after)
        due = np.where(after >= FOREVER, FOREVER, start + after)
        is_open = is_open[self._ledger.quiet[elder[is_open]] == 0]
        due[is_open] = np.minimum(due[is_open], hold[is_open] + 1)
        return due

    def _expire(self, elders: Array) -> None:
        self._set.disturb(elders)
        due = self._timers.due[elders]
        stale = due > self._hold[elders]
        ended = stale | ((self._level[elders] == TRUE) & self._set.rests(elders, due))
        if ended.any():
            self._level.put(elders[ended], np.int8(MAYBE))
        for elder in elders[stale & (self._ledger.rank[elders] > 0)].tolist():
            self._ledger.stale(elder, int(self._hold[elder]) + 1, int(self._last[elder]))
        self._reach(elders[~ended], due[~ended])
        self._schedule(elders)
        self._settled[elders] = False
        self._retire(elders)

    def _reach(self, elders: Array, at: Int64) -> None:
        """What was waited for: clearing inside, the next severity outside."""
        outside = self._level[elders] != FALSE
        for elder, over in zip(elders[~outside].tolist(), at[~outside].tolist(), strict=True):
            figures = self._quote(elder, over - int(self._start[elder]))
            self._ledger.clear(elder, over, Telling(self._set.block.cleared, figures))
        elders, at = elders[outside], at[outside]
        lasted, rank = (at - self._start[elders]).tolist(), self._ledger.rank[elders].tolist()
        steps = [next(s for s in self._set.block.steps if s.severity.rank > r) for r in rank]
        tellings = map(self._raised, elders.tolist(), lasted)
        severities = [step.severity for step in steps]
        self._ledger.reach_all(elders, at, list(zip(severities, tellings, strict=True)))

    def _raised(self, elder: int, lasted: int) -> Telling:
        evidence: dict[str, Any] = {"for_s": lasted // SECOND}
        if self._quotes is not None:
            evidence[self._quotes] = float(self._value[elder])
        return Telling(self._set.block.raised, self._quote(elder, lasted), evidence)

    def _quote(self, elder: int, lasted: int) -> Figures:
        figures: Figures = dict.fromkeys(FIGURES - {"subject"}, "")
        for name in ("low", "high"):
            if name in self._figures:
                figures[name] = number(float(self._figures[name][elder]))
        figures["for"] = duration(lasted)
        if self._quotes is not None:
            figures["value"] = number(float(self._value[elder]))
        return figures
