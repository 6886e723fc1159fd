"""`unheard`: nothing from any device of an elder for a time.

By received time, counted from the newest word of any of them (the elder's own, and those of the
home), and cleared by any. Deadlines are renewed when they come, not with every message.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from rules.blocks import UnheardBlock
from rules.coded import Coded
from rules.groups import Groups, firsts, indices, stable_order
from rules.hearing import Hearing, Talk
from rules.kinds.base import Setting
from rules.kinds.timers import Timers
from rules.lifecycle import Ledger, Telling
from rules.limits import FOREVER
from rules.parameters import Parameters
from rules.sentence import Figures, duration
from rules.world import World
from schemas.times import NEVER, SECOND

Array = NDArray[Any]
Int64 = NDArray[np.int64]

FIGURES = frozenset({"subject", "for", "devices"})


class Unheard:
    """Column by elder: `due`, never later than the true deadline; FOREVER while open."""

    def __init__(self, setting: Setting[UnheardBlock], hearing: Hearing) -> None:
        self._set = setting
        self._hearing = hearing
        table = setting.state.elder
        self._timers = Timers(table, f"{setting.prefix}/due")
        self._ledger = Ledger(table, setting.prefix, setting.teller)
        self._opens = 0

    def follow(self, world: World, parameters: Parameters) -> None:
        devices, elders = world.registry.devices, world.registry.elders
        active = indices(devices.active)
        which, elder = world.elders_of(active)
        elder = np.where(elders.active[elder], elder, -1) if len(elder) else elder
        # A member of `owned` is a pair: a device of the elder.
        self._device = active[which].astype(np.int32)
        self._world = world
        self._owned = Groups(elder, np.ones(len(elder), bool), self._ledger.rank.data.size)
        figures = parameters.micros(self._set.block.after)[:-1]
        after = np.full(self._ledger.rank.data.size, FOREVER, np.int64)
        after[: len(figures)] = figures
        owners = np.zeros(len(after), bool)
        owners[elder[elder >= 0]] = True
        after[~owners] = FOREVER
        self._after = Coded(after)
        self.restart()

    def forget(self) -> None:
        self._timers.forget()
        self._opens = int(np.count_nonzero(self._ledger.rank.data))

    def restart(self) -> None:
        """Count all silences anew."""
        every = np.arange(len(self._after))
        due = self._due(every)
        due = np.where(self._ledger.rank.data > 0, FOREVER, due)
        self._timers.set_early(every, due, self._after[every])
        self._opens = int(np.count_nonzero(self._ledger.rank.data))

    def _due(self, elders: Array) -> Int64:
        base = np.full(len(elders), NEVER, np.int64)
        which, pair = self._owned.expand(elders)
        device = self._device[pair]
        heard = np.maximum(self._hearing.heard[device], self._hearing.joined[device])
        np.maximum.at(base, which, heard)
        base = np.maximum(base, self._hearing.floor.data[0])
        after = self._after[elders]
        return np.where(after >= FOREVER, FOREVER, base + after)

    def judge(self, talk: Talk) -> None:
        end = int(talk.clock[-1])
        due = self._timers.due_by(end)
        if len(due):
            renewed = self._due(due)
            self._timers.set(due, renewed)
            due = due[renewed <= end]
        if len(due) or (self._opens and len(talk.devices)):
            self._walk_all(talk, due, end)

    def _walk_all(self, talk: Talk, due: Array, end: int) -> None:
        """Elders who fell due, and those with an open alert whose devices spoke."""
        watched = np.union1d(due, indices(self._ledger.rank.data))
        _, pairs = self._owned.expand(watched)
        theirs = np.zeros(len(self._hearing.heard.data), bool)
        theirs[self._device[pairs]] = True
        spoken = indices(theirs[talk.devices])
        which, of = self._world.elders_of(talk.devices[spoken])
        row = talk.device_rows[spoken[which]]
        mine = np.isin(of, watched)
        of, row = of[mine], row[mine]
        order = stable_order(row)
        order = order[stable_order(of[order])]
        of, row = of[order], row[order]
        first = indices(firsts(of)) if len(of) else np.zeros(0, np.intp)
        parts = np.split(row, first[1:]) if len(of) else []
        rows_of = dict(zip(of[first].tolist(), parts, strict=True))
        for elder in sorted({*due.tolist(), *rows_of}):
            self._walk(talk, elder, rows_of.get(elder, row[:0]), end)

    def _walk(self, talk: Talk, elder: int, rows: Array, end: int) -> None:
        """One elder's devices' words in order."""
        after = int(self._after[elder])
        due = int(self._timers.due[elder])
        floor = int(self._hearing.floor.data[0])
        for row in rows.tolist():
            when = int(talk.received[row])
            if due <= talk.clock[row]:
                self._raise(elder, due)
            self._clear(elder, when)
            due = FOREVER if after >= FOREVER else max(when, floor) + after
        if due <= end:
            self._raise(elder, due)
            due = FOREVER
        self._timers.set(np.array([elder]), np.array([due]))

    def _raise(self, elder: int, at: int) -> None:
        lasted = int(self._after[elder])
        devices = len(self._owned.members(elder))
        figures: Figures = {"for": duration(lasted), "devices": str(devices)}
        evidence: dict[str, Any] = {"devices": devices, "for_s": lasted // SECOND}
        telling = Telling(self._set.block.raised, figures, evidence)
        self._ledger.reach(elder, at, self._set.block.severity, telling)
        self._opens += 1

    def _clear(self, elder: int, at: int) -> None:
        if not self._ledger.rank[elder]:
            return
        lasted = at - int(self._ledger.since[elder])
        devices = str(len(self._owned.members(elder)))
        figures: Figures = {"for": duration(lasted), "devices": devices}
        self._ledger.clear(elder, at, Telling(self._set.block.cleared, figures))
        self._opens -= 1
