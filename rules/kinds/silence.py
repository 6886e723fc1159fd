"""`silence`: nothing from a device for its limit, while its gateway is not down.

By received time, so it waits for no watermark. Counted from the last message, from when the
gateway came back, or from the start, whichever is latest. A device whose gateway is down at
that moment is not judged: its silence belongs to the gateway's.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from rules.blocks import SilenceBlock
from rules.groups import before, firsts, indices, lasts, stable_order
from rules.hearing import Hearing, Talk
from rules.kinds.base import Setting
from rules.kinds.timers import Timers
from rules.lifecycle import Ledger, Telling
from rules.limits import FOREVER
from rules.parameters import Parameters
from rules.sentence import duration
from rules.world import World
from schemas.times import NEVER, SECOND, format_rfc3339

Array = NDArray[Any]
Int64 = NDArray[np.int64]

FIGURES = frozenset({"subject", "for"})


class Silence:
    """Column by device: `due`, never later than the true deadline (most messages move that one
    and leave this as it is); FOREVER while its alert is open or its gateway down."""

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
        due = np.where(quiet, FOREVER, self._hearing.bases() + self._limit[:])
        self._timers.set_early(np.arange(n), np.minimum(due, FOREVER), self._limit[:])

    def judge(self, talk: Talk) -> None:
        """Judge a batch: what fell due between its rows, and what its rows ended."""
        device, row, own = self._events(talk)
        due = self._timers.due[device]
        passed = indices(due <= talk.clock[row])
        due[passed] = self._renew(device[passed])
        odd = indices((due <= talk.clock[row]) | (due >= FOREVER))
        if len(odd):
            theirs = np.zeros(len(self._limit), bool)
            theirs[device[odd]] = True
            few = indices(theirs[device])
            few = few[stable_order(device[few])]
            self._judge_events(talk, device[few], row[few], own[few])
        self._sweep(talk, device, row)

    def _sweep(self, talk: Talk, device: Array, row: Array) -> None:
        """Fire what is due by the clock after the batch."""
        end = int(talk.clock[-1])
        near = self._timers.due_by(end)
        if not len(near):
            return
        at = _newest(near, device, talk.received[row], len(self._limit))
        due = self._exact(near)
        due = np.where(at > NEVER, np.maximum(due, self._due(near, at)), due)
        due = np.where(self._timers.due[near] >= FOREVER, FOREVER, due)
        later = due > end
        self._timers.set(near[later], due[later])
        self._fire(talk, near[~later], due[~later])

    def _fire(self, talk: Talk, devices: Array, due: Int64) -> None:
        if not len(devices):
            return
        when = talk.received[talk.device_rows]
        spoke = _newest(devices, talk.devices, when, len(self._limit))
        heard = np.maximum(self._hearing.heard[devices], spoke)
        speaks = ~self._down(talk, devices, due)
        self._timers.due.put(devices, np.full(len(devices), FOREVER))
        self._raise(devices[speaks], due[speaks], heard[speaks])

    def _renew(self, devices: Array) -> Int64:
        """The deadlines as of before the batch: most were only never later than that."""
        due = self._exact(devices)
        self._timers.set(devices, due)
        return due

    def _exact(self, devices: Array) -> Int64:
        """The true deadlines as of before the batch, of those that have one."""
        due = np.minimum(self._hearing.bases_of(devices) + self._limit[devices], FOREVER)
        return np.where(self._timers.due[devices] >= FOREVER, FOREVER, due)

    def _down(self, talk: Talk, devices: Array, due: Int64) -> Array:
        gateway = self._world.registry.devices.gateway[devices].astype(np.int64)
        return self._hearing.down(talk, gateway, due, np.searchsorted(talk.clock, due))

    def _events(self, talk: Talk) -> tuple[Int64, Int64, Array]:
        """(device, row, whether it spoke itself); those of one device in order of rows."""
        which, behind = self._world.behind.expand(talk.back_gateway)
        own = np.arange(len(talk.devices) + len(behind)) < len(talk.devices)
        if not len(which):
            return talk.devices, talk.device_rows, own
        device = np.concatenate([talk.devices, behind])
        row = np.concatenate([talk.device_rows, talk.back_rows[which]])
        order = stable_order(row)
        return device[order], row[order], own[order]

    def _judge_events(self, talk: Talk, device: Int64, row: Int64, own: Array) -> None:
        """All events of some devices, by device: only those with a silence in reach are looked
        at singly."""
        when = talk.received[row]
        first = firsts(device)
        start = device[first]
        self._timers.set(start, self._exact(start))
        due = np.where(first, self._timers.due[device], before(self._due(device, when)))
        late = due <= talk.clock[row]
        special = late | (self._ledger.rank[device] > 0)
        if special.any():
            special = np.isin(device, device[special])
            for one in np.split(indices(special), indices(np.diff(device[special])) + 1):
                self._walk(talk, int(device[one[0]]), row[one], own[one])
        last = indices(lasts(device))
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
                    self._raise(who, due, np.array([heard]))
            is_open = self._ledger.rank[device] > 0
            if spoke_itself:
                if is_open:
                    self._clear(device, when, heard)
                heard = when
            if spoke_itself or not is_open:
                self._timers.set(who, self._due(who, np.array([when])))

    def _raise(self, devices: Array, at: Int64, heard: Int64) -> None:
        severity, limits = self._set.block.severity, self._limit[devices].tolist()
        what = [(severity, self._telling(*of)) for of in zip(limits, heard.tolist(), strict=True)]
        self._ledger.reach_all(devices, at, what)

    def _telling(self, limit: int, heard: int) -> Telling:
        evidence: dict[str, Any] = {"limit_s": limit // SECOND}
        if heard != NEVER:
            evidence["last_heard"] = format_rfc3339(heard)
        return Telling(self._set.block.raised, {"for": duration(limit)}, evidence)

    def _clear(self, device: int, at: int, heard: int) -> None:
        since = max(heard, int(self._ledger.onset[device]) - int(self._limit[device]))
        telling = Telling(self._set.block.cleared, {"for": duration(at - since)})
        self._ledger.clear(device, at, telling)


def _newest(devices: Array, of: Array, when: Int64, size: int) -> Int64:
    """The latest time that `of` and `when` tell of each of `devices` (ascending, below `size`);
    NEVER of which they do not."""
    newest, asked = np.full(len(devices), NEVER, np.int64), np.zeros(size, bool)
    asked[devices] = True
    mine = indices(asked[of])
    np.maximum.at(newest, np.searchsorted(devices, of[mine]), when[mine])
    return newest
