"""`silence`: nothing from a device for its limit, while its gateway still speaks.

By received time, so it waits for no watermark. Counted from the last message, from when the
gateway came back, or from the start, whichever is latest. A device whose gateway has not spoken
since is not judged: its silence belongs to the gateway's.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from rules.groups import firsts, lasts, stable_order
from rules.hearing import Hearing, Talk
from rules.kinds.base import Setting
from rules.kinds.timers import Timers
from rules.lifecycle import Ledger, Telling
from rules.limits import FOREVER
from rules.parameters import Parameters
from rules.rule import SilenceBlock
from rules.sentence import duration
from rules.world import World
from schemas.registry import KINDS
from schemas.times import MINUTE, NEVER, SECOND, format_rfc3339

Array = NDArray[Any]
Int64 = NDArray[np.int64]

FIGURES = frozenset({"subject", "for"})
LEAST_PATIENCE = 5 * MINUTE


class Silence:
    """Column by device: `due`, FOREVER while its alert is open or its gateway silent."""

    def __init__(self, setting: Setting[SilenceBlock], hearing: Hearing) -> None:
        self._set = setting
        self._hearing = hearing
        table = setting.state.device
        self._timers = Timers(table, f"{setting.prefix}/due")
        self._ledger = Ledger(table, setting.prefix, setting.teller)

    def follow(self, world: World, parameters: Parameters) -> None:
        devices = world.registry.devices
        self._world = world
        self.limit = np.full(len(devices.ids), FOREVER, np.int64)
        for kind, name in self._set.block.limits.items():
            of_kind = devices.kind == [k.value for k in KINDS].index(kind)
            limit = parameters.micros(name)[devices.elder]
            limit = np.where(world.own_silence > 0, world.own_silence, limit)
            self.limit[of_kind] = np.maximum(limit, world.stale)[of_kind]
        self._schedule_all()

    def patience(self, gateways: int) -> Int64:
        """How long a gateway's gap is for it to count as having been away: int64 µs."""
        devices = self._world.registry.devices
        shortest = np.full(gateways, FOREVER, np.int64)
        rows = np.flatnonzero(devices.active & (devices.gateway >= 0))
        np.minimum.at(shortest, devices.gateway[rows], self.limit[rows])
        shortest[shortest == FOREVER] = LEAST_PATIENCE
        return np.maximum(shortest, LEAST_PATIENCE)

    def forget(self) -> None:
        self._timers.forget()

    def restart(self) -> None:
        """The floor was moved: count all silences anew."""
        self._schedule_all()

    def _schedule_all(self) -> None:
        active = self._world.registry.devices.active
        n = len(active)
        quiet = ~active | (self._ledger.rank.data[:n] > 0)
        due = np.where(quiet, FOREVER, self._hearing.bases(self._world) + self.limit)
        self._timers.set(np.arange(n), np.minimum(due, FOREVER))

    def judge(self, talk: Talk) -> None:
        """Judge a batch: what fell due between its rows, and what its rows ended."""
        device, row, own = self._events(talk)
        if len(device):
            self._judge_events(talk, device, row, own)
        self.sweep(talk)

    def sweep(self, talk: Talk) -> None:
        """Fire what is due by the clock after the batch."""
        end = int(talk.clock[-1])
        due_now = self._timers.due_by(end)
        if not len(due_now):
            return
        due = self._timers.due[due_now]
        before = np.searchsorted(talk.clock, due)
        gateway = self._world.registry.devices.gateway[due_now].astype(np.int64)
        spoke = talk.spoke(gateway, self._hearing.heard[due_now], before)
        self._timers.due.put(due_now, np.full(len(due_now), FOREVER))
        for device, at in zip(due_now[spoke].tolist(), due[spoke].tolist(), strict=True):
            self._raise(device, at, int(self._hearing.heard[device]))

    def _events(self, talk: Talk) -> tuple[Int64, Int64, Array]:
        """(device, row, whether it spoke itself), by device in order of rows."""
        which, behind = self._world.behind.expand(talk.back_gateway)
        device = np.concatenate([talk.devices, behind])
        row = np.concatenate([talk.device_rows, talk.back_rows[which]])
        own = np.arange(len(row)) < len(talk.device_rows)
        by_row = stable_order(row) if len(which) else np.arange(len(row))
        order = by_row[stable_order(device[by_row])]
        return device[order], row[order], own[order]

    def _judge_events(self, talk: Talk, device: Int64, row: Int64, own: Array) -> None:
        """Most devices just spoke: only those with a silence in reach are looked at singly."""
        when = talk.received[row]
        first = firsts(device)
        due = np.where(first, self._timers.due[device], np.roll(self._due(device, when), 1))
        late = due <= talk.clock[row]
        special = late | (self._ledger.rank[device] > 0)
        if special.any():
            special = np.isin(device, device[special])
            for one in np.split(
                np.flatnonzero(special), np.flatnonzero(np.diff(device[special])) + 1
            ):
                self._walk(talk, int(device[one[0]]), row[one], own[one])
        last = np.flatnonzero(lasts(device))
        plain = last[~special[last]]
        self._timers.set(device[plain], self._due(device[plain], when[plain]))
        spoken = np.flatnonzero(own & ~special)
        final = spoken[lasts(device[spoken])]
        self._hearing.heard.put(device[final], when[final])

    def _due(self, device: Int64, when: Int64) -> Int64:
        base = np.maximum(when, self._hearing.floor.data[0])
        base = np.maximum(base, self._hearing.joined[device])
        return np.asarray(np.minimum(base + self.limit[device], FOREVER))

    def _walk(self, talk: Talk, device: int, rows: Int64, own: Array) -> None:
        """One device's events in order."""
        who = np.array([device])
        gateway = self._world.registry.devices.gateway[who].astype(np.int64)
        for row, spoke_itself in zip(rows.tolist(), own.tolist(), strict=True):
            when = int(talk.received[row])
            due, heard = int(self._timers.due[device]), self._hearing.heard[who]
            if due <= talk.clock[row]:
                self._timers.due.put(device, FOREVER)
                if talk.spoke(gateway, heard, np.searchsorted(talk.clock, [due]))[0]:
                    self._raise(device, due, int(heard[0]))
            is_open = self._ledger.rank[device] > 0
            if spoke_itself:
                if is_open:
                    self._clear(device, when, int(heard[0]))
                self._hearing.heard.put(device, when)
            if spoke_itself or not is_open:
                self._timers.set(who, self._due(who, np.array([when])))

    def _raise(self, device: int, at: int, heard: int) -> None:
        limit = int(self.limit[device])
        evidence: dict[str, Any] = {"limit_s": limit // SECOND}
        if heard != NEVER:
            evidence["last_heard"] = format_rfc3339(heard)
        telling = Telling(self._set.block.raised, {"for": duration(limit)}, evidence)
        self._ledger.reach(device, at, self._set.block.severity, telling)

    def _clear(self, device: int, at: int, heard: int) -> None:
        since = max(heard, int(self._ledger.onset[device]) - int(self.limit[device]))
        telling = Telling(self._set.block.cleared, {"for": duration(at - since)})
        self._ledger.clear(device, at, telling)
