"""`unresolved`: a device says A and does not say B in time.

Raised at the edge to A (or after the first step), rising with each further step until the
device says what resolves it. No staleness here: a device that falls silent after A resolves
nothing. A row from before the known state changes nothing; a retained one can only resolve.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from rules.blocks import UnresolvedBlock
from rules.facts import News
from rules.frame import Round
from rules.groups import indices
from rules.kinds.base import Setting
from rules.kinds.timers import Timers
from rules.lifecycle import Ledger, Telling
from rules.limits import FOREVER
from rules.parameters import Parameters
from rules.parts import Step
from rules.sentence import duration
from rules.world import World
from schemas.times import NEVER

Array = NDArray[Any]

FIGURES = frozenset({"subject", "for", "late"})


class Unresolved:
    def __init__(self, setting: Setting[UnresolvedBlock]) -> None:
        self._set = setting
        block, table = setting.block, setting.state.device
        self._value = block.code(block.value)
        self._resolving = {block.code(word) for word in block.resolved_by}
        self._timers = Timers(table, f"{setting.prefix}/due", few=True)
        self._start = table.sparse(f"{setting.prefix}/start", np.int64, NEVER)
        self._ledger = Ledger(table, setting.prefix, setting.teller)

    def follow(self, world: World, parameters: Parameters) -> None:
        self._elder = world.registry.devices.elder
        self._after = [parameters.micros(step.after) for step in self._set.block.steps]

    def forget(self) -> None:
        self._timers.forget()

    def fire(self, rows: Round, news: News) -> None:
        said = indices(news.fall)
        limits = np.maximum(rows.watermark[said], rows.ts[said])
        device = rows.device[said]
        while len(due := self._timers.due_among(device, limits)):
            self._expire(due)

    def sweep(self, watermark: int) -> None:
        while len(due := self._timers.due_by(watermark)):
            self._expire(due)

    def apply(self, rows: Round, news: News) -> None:
        said = rows.values[self._set.block.quantity]
        # While something is open the state is the block's value: whatever settles it is an edge.
        edges = indices(news.fall & (said != news.fall_before))
        for row in edges.tolist():
            device, ts, late = int(rows.device[row]), int(rows.ts[row]), bool(rows.late[row])
            if said[row] == self._value and rows.live[row]:
                self._begin(device, ts, late=late)
            elif said[row] in self._resolving and self._goes_on(device):
                self._end(device, ts, late=late)

    def _goes_on(self, device: int) -> bool:
        return bool(self._start[device] != NEVER or self._ledger.rank[device])

    def _begin(self, device: int, ts: int, *, late: bool) -> None:
        self._start.put(device, ts)
        self._schedule(device)
        while int(self._timers.due[device]) <= ts:
            self._step(device, late=late)

    def _end(self, device: int, ts: int, *, late: bool) -> None:
        start = max(int(self._start[device]), int(self._ledger.onset[device]))
        lasted = duration(max(ts - start, 0))
        self._start.put(device, NEVER)
        self._timers.due.put(device, FOREVER)
        telling = Telling(self._set.block.cleared, {"for": lasted, "late": ""}, late=late)
        self._ledger.clear(device, ts, telling)

    def _expire(self, devices: Array) -> None:
        for device in devices.tolist():
            self._step(device, late=False)

    def _step(self, device: int, *, late: bool) -> None:
        at, start = int(self._timers.due[device]), int(self._start[device])
        step = self._next(device)
        figures = {"for": duration(at - start), "late": ("（补报）", " (reported late)")}
        if not late:
            figures["late"] = ("", "")
        words = step.says or self._set.block.raised
        self._ledger.reach(device, at, step.severity, Telling(words, dict(figures), late=late))
        self._schedule(device)

    def _next(self, device: int) -> Step:
        rank = int(self._ledger.rank[device])
        return next(s for s in self._set.block.steps if s.severity.rank > rank)

    def _schedule(self, device: int) -> None:
        """Set the deadline of the next severity, if there is one."""
        rank, due = int(self._ledger.rank[device]), FOREVER
        for step, after in zip(self._set.block.steps, self._after, strict=True):
            if step.severity.rank > rank:
                due = int(self._start[device]) + int(after[self._elder[device]])
                break
        self._timers.set(np.array([device]), np.array([min(due, FOREVER)]))
