"""`outage`: a gateway is down: said to be offline, or silent for its patience.

By received time. One alert a gateway, whatever hangs behind it: its devices' own silence is not
judged meanwhile. Cleared by anything that it or a device of it says.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from rules.blocks import OutageBlock
from rules.groups import before, firsts, indices, lasts
from rules.hearing import Hearing, Talk
from rules.kinds.base import Setting
from rules.kinds.timers import Timers
from rules.lifecycle import Ledger, Telling
from rules.limits import FOREVER
from rules.parameters import Parameters
from rules.parts import Words
from rules.sentence import Figures, duration
from rules.world import World
from schemas.times import NEVER, SECOND, format_rfc3339

Array = NDArray[Any]
Int64 = NDArray[np.int64]

FIGURES = frozenset({"subject", "for", "devices"})


class Outage:
    """Column by gateway: `due`, never later than the true deadline (most words move that one
    and leave this as it is); FOREVER while its alert is open or where nothing is behind it."""

    def __init__(self, setting: Setting[OutageBlock], hearing: Hearing) -> None:
        self._set = setting
        self._hearing = hearing
        table = setting.state.gateway
        self._timers = Timers(table, f"{setting.prefix}/due")
        self._ledger = Ledger(table, setting.prefix, setting.teller)
        hearing.watch(self._ledger.rank)

    def follow(self, world: World, parameters: Parameters) -> None:  # noqa: ARG002 (a Listener's)
        devices, gateways = world.registry.devices, world.registry.gateways
        self._world = world
        behind = np.bincount(
            devices.gateway[devices.active & (devices.gateway >= 0)], minlength=len(gateways.ids)
        )
        self._serves = np.zeros(self._ledger.rank.data.size, bool)
        self._serves[: len(gateways.ids)] = gateways.active & (behind > 0)
        self.restart()

    def forget(self) -> None:
        self._timers.forget()

    def restart(self) -> None:
        """Count all silences anew."""
        every = np.arange(len(self._serves))
        due = self._due(every, self._hearing.gateway_heard.data)
        due = np.where(self._ledger.rank.data > 0, FOREVER, due)
        self._timers.set_early(every, due, self._hearing.patience[every])

    def _due(self, gateways: Array, heard: Int64) -> Int64:
        due = self._hearing.gateway_bases(gateways, heard) + self._hearing.patience[gateways]
        return np.where(self._serves[gateways], due, FOREVER)

    def judge(self, talk: Talk) -> None:
        """Most gateways just spoke: only the others are looked at singly."""
        of, end = talk.gateways, int(talk.clock[-1])
        due = self._timers.due[of]
        odd = (due <= talk.clock[talk.rows]) | ~talk.speech | (due >= FOREVER)
        few = indices(odd & (self._serves[of] | (self._ledger.rank[of] > 0)))
        if len(few):
            theirs = np.zeros(len(self._serves), bool)
            theirs[of[few]] = True
            self._judge_events(talk, indices(theirs[of]))
        near = self._timers.due_by(end)
        if not len(near):
            return
        exact = self._due(near, self._heard(talk, near))
        later = exact > end
        self._timers.set(near[later], exact[later])
        self._silent(near[~later], exact[~later])

    def _heard(self, talk: Talk, gateways: Array) -> Int64:
        """When each of `gateways` last spoke, the batch included."""
        heard = self._hearing.gateway_heard[gateways]
        if len(talk.gateways):
            place = np.searchsorted(talk.gateways, gateways, side="right") - 1
            inside = (place >= 0) & (talk.gateways[place] == gateways)
            heard = np.where(inside, talk.latest[place], heard)
        return np.asarray(heard)

    def _judge_events(self, talk: Talk, which: Array) -> None:
        """All events of some gateways, by gateway in order."""
        of, latest = talk.gateways[which], talk.latest[which]
        following, first = self._due(of, latest), firsts(of)
        start = of[first]
        exact = self._due(start, self._hearing.gateway_heard[start])
        pending = self._timers.due[start] < FOREVER
        self._timers.set(start, np.where(pending, exact, FOREVER))
        due = np.where(first, self._timers.due[of], before(following))
        special = (due <= talk.clock[talk.rows[which]]) | ~talk.speech[which]
        special |= self._ledger.rank[of] > 0
        if special.any():
            special = np.isin(of, of[special])
            for index in which[special].tolist():
                self._step(talk, index)
        last = indices(lasts(of) & ~special)
        self._timers.set(of[last], following[last])

    def _step(self, talk: Talk, index: int) -> None:
        """One event of a gateway, in order."""
        gateway, row = int(talk.gateways[index]), int(talk.rows[index])
        when = int(talk.received[row])
        if (due := int(self._timers.due[gateway])) <= talk.clock[row]:
            self._silent(np.array([gateway]), np.array([due]))
        if talk.speech[index]:
            self._clear(gateway, when)
            who = np.array([gateway])
            self._timers.set(who, self._due(who, np.array([when])))
        elif self._serves[gateway]:
            self._timers.due.put(gateway, FOREVER)
            telling = self._telling(gateway, self._set.block.offline, 0)
            self._ledger.reach(gateway, when, self._set.block.severity, telling)

    def _silent(self, gateways: Array, at: Int64) -> None:
        self._timers.set(gateways, np.full(len(gateways), FOREVER))
        severity, words = self._set.block.severity, self._set.block.raised
        patience = self._hearing.patience[gateways].tolist()
        whose = zip(gateways.tolist(), patience, strict=True)
        what = [(severity, self._telling(gateway, words, lasted)) for gateway, lasted in whose]
        self._ledger.reach_all(gateways, at, what)

    def _telling(self, gateway: int, words: Words, lasted: int) -> Telling:
        behind = len(self._world.behind.members(gateway))
        evidence: dict[str, Any] = {"devices": behind, "limit_s": lasted // SECOND}
        if (heard := int(self._hearing.gateway_heard[gateway])) != NEVER:
            evidence["last_heard"] = format_rfc3339(heard)
        figures: Figures = {"for": duration(lasted), "devices": str(behind)}
        return Telling(words, figures, evidence)

    def _clear(self, gateway: int, at: int) -> None:
        if not self._ledger.rank[gateway]:
            return
        lasted = at - int(self._ledger.since[gateway])
        behind = str(len(self._world.behind.members(gateway)))
        figures: Figures = {"for": duration(lasted), "devices": behind}
        self._ledger.clear(gateway, at, Telling(self._set.block.cleared, figures))
