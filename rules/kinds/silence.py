"""`silence`: nothing from a device for its limit, while its gateway is not down.

By received time, so it waits for no watermark. Counted from the last message, from when the
gateway came back, or from the start, whichever is latest. A device whose gateway is down at
that moment is not judged: its silence belongs to the gateway's.
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
from schemas.times import NEVER, SECOND, format_rfc3339

Array = NDArray[Any]
Int64 = NDArray[np.int64]

FIGURES = frozenset({"subject", "for"})


class Silence:
    """Column by device: `due`, FOREVER while its alert is open or its gateway down."""

    def __init__(self, setting: Setting[SilenceBlock], hearing: Hearing) -> None:
        self._set = setting
        self._hearing = hearing
        table = setting.state.device
        self._timers = Timers(table, f"{setting.prefix}/due")
        self._ledger = Ledger(table, setting.prefix, setting.teller)

    def follow(self, world: World, parameters: Parameters) -> None:  # noqa: ARG002 (a Listener's)
        self._world = world
        self._limit = self._hearing.limit
        self.restart()

    def forget(self) -> None:
        self._timers.forget()

    def restart(self) -> None:
        """Count all silences anew."""
        active = self._world.registry.devices.active
        n = len(active)
        quiet = ~active | (self._ledger.rank.data[:n] > 0)
        due = np.where(quiet, FOREVER, self._hearing.bases() + self._limit)
        self._timers.set(np.arange(n), np.minimum(due, FOREVER))

    def judge(self, talk: Talk) -> None:
        """Judge a batch: what fell due between its rows, and what its rows ended."""
        device, row, own = self._events(talk)
        if len(device):
            self._judge_events(talk, device, row, own)
        self._sweep(talk)

    def _sweep(self, talk: Talk) -> None:
        """Fire what is due by the clock after the batch."""
        due_now = self._timers.due_by(int(talk.clock[-1]))
        if not len(due_now):
            return
        due = self._timers.due[due_now]
        heard = self._heard_by_now(talk, due_now)
        speaks = ~self._down(talk, due_now, due)
        self._timers.due.put(due_now, np.full(len(due_now), FOREVER))
        for index in np.flatnonzero(speaks).tolist():
            self._raise(int(due_now[index]), int(due[index]), int(heard[index]))

    def _down(self, talk: Talk, devices: Array, due: Int64) -> Array:
        gateway = self._world.registry.devices.gateway[devices].astype(np.int64)
        return self._hearing.down(talk, gateway, due, np.searchsorted(talk.clock, due))

    def _heard_by_now(self, talk: Talk, devices: Array) -> Int64:
        """When each device last spoke, the batch included."""
        heard = self._hearing.heard[devices]
        for row in np.flatnonzero(np.isin(talk.devices, devices)).tolist():
            heard[devices == talk.devices[row]] = talk.received[talk.device_rows[row]]
        return np.asarray(heard)

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

    def _due(self, device: Int64, when: Int64) -> Int64:
        base = np.maximum(when, self._hearing.floor.data[0])
        base = np.maximum(base, self._hearing.joined[device])
        return np.asarray(np.minimum(base + self._limit[device], FOREVER))

    def _walk(self, talk: Talk, device: int, rows: Int64, own: Array) -> None:
        """One device's events in order."""
        who = np.array([device])
        heard = int(self._hearing.heard[device])
        for row, spoke_itself in zip(rows.tolist(), own.tolist(), strict=True):
            when = int(talk.received[row])
            due = self._timers.due[who]
            if due[0] <= talk.clock[row]:
                self._timers.due.put(device, FOREVER)
                if not self._down(talk, who, due)[0]:
                    self._raise(device, int(due[0]), heard)
            is_open = self._ledger.rank[device] > 0
            if spoke_itself:
                if is_open:
                    self._clear(device, when, heard)
                heard = when
            if spoke_itself or not is_open:
                self._timers.set(who, self._due(who, np.array([when])))

    def _raise(self, device: int, at: int, heard: int) -> None:
        limit = int(self._limit[device])
        evidence: dict[str, Any] = {"limit_s": limit // SECOND}
        if heard != NEVER:
            evidence["last_heard"] = format_rfc3339(heard)
        telling = Telling(self._set.block.raised, {"for": duration(limit)}, evidence)
        self._ledger.reach(device, at, self._set.block.severity, telling)

    def _clear(self, device: int, at: int, heard: int) -> None:
        since = max(heard, int(self._ledger.onset[device]) - int(self._limit[device]))
        telling = Telling(self._set.block.cleared, {"for": duration(at - since)})
        self._ledger.clear(device, at, telling)
