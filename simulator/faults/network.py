"""Outages, storms and retained messages: what gateways and brokers do to what devices say."""

from __future__ import annotations

from heapq import heappop, heappush

import numpy as np

from schemas.areas import ways_up
from schemas.directory import Directory
from schemas.quantities import UNKNOWN
from schemas.readings import DTYPES, Flag, Readings
from schemas.times import SECOND
from simulator.dice import Dice, keys_of
from simulator.faults import specs
from simulator.household import Z2M_SOS
from simulator.kinds import Fault, Incident
from simulator.roster import Int
from simulator.statuses import statuses

_BACK_WITHIN = 60 * SECOND
"""After an outage of many, gateways come back over this long."""
_RETAINED_WITHIN = SECOND


class Network:
    """Of one run, by gateway rows."""

    def __init__(self, directory: Directory, faults: frozenset[Fault], dice: Dice) -> None:
        self._faults, self._dice = faults, dice
        self._row = {g.id: row for row, g in enumerate(directory.gateways)}
        self._keys = keys_of([g.id for g in directory.gateways]) if faults else np.zeros(0, int)
        self._below = _gateways_below(directory) if faults else {}
        n = len(directory.gateways)
        self._since, self._until = np.zeros(n, np.int64), np.zeros(n, np.int64)
        self._last_outage = 0
        self._coming: list[tuple[int, int, bool]] = []
        retained = [row for row, d in enumerate(directory.devices) if d.profile == Z2M_SOS]
        self._place = np.full(len(directory.devices), -1, np.int64)
        self._place[retained] = np.arange(len(retained))
        self._kept = Readings.blank(len(retained))
        self._bursts: list[tuple[int, str]] = []

    def begin(self, fault: Fault, incident: Incident) -> None:
        """An episode, told before its time."""
        if fault is Fault.GATEWAY_OUTAGE and incident.gateway is not None:
            self._outage(np.array([self._row[incident.gateway]]), incident, spread=1)
        elif fault is Fault.DISTRICT_OUTAGE:
            self._outage(self._below[incident.area], incident, spread=_BACK_WITHIN)
        elif fault is Fault.STORM:
            self._storm(self._below[incident.area], incident)
        elif fault is Fault.RETAINED:
            self._bursts.append((incident.at, incident.area))

    def upon(self, said: Readings, begin: int, end: int) -> Readings:
        """`said` with what outages hold back or lose, and what gateways and brokers add."""
        if begin <= self._last_outage:
            said = self._hold(said)
        added = [self._statuses(end), *self._burst(end)]
        if Fault.RETAINED in self._faults:
            self._remember(said)
        return Readings.concat([said, *added]) if any(map(len, added)) else said

    def _outage(self, gateways: Int, incident: Incident, *, spread: int) -> None:
        back = incident.ends + self._dice.between(0, spread, self._keys[gateways], incident.at, 1)
        self._since[gateways], self._until[gateways] = incident.at, back
        self._last_outage = max(self._last_outage, int(back.max(initial=0)))
        noticed = incident.at + specs.WILL_AFTER
        for gateway, until in zip(gateways.tolist(), back.tolist(), strict=True):
            if noticed < until:
                heappush(self._coming, (noticed, gateway, False))
            heappush(self._coming, (until, gateway, True))

    def _storm(self, gateways: Int, incident: Incident) -> None:
        """Each loses and finds its connection again and again, on a phase of its own."""
        phase = self._dice.between(0, specs.FLAP, self._keys[gateways], incident.at, 2)
        for gateway, first in zip(gateways.tolist(), phase.tolist(), strict=True):
            times = range(incident.at + first, incident.ends, specs.FLAP)
            for k, at in enumerate(times):
                heappush(self._coming, (at, gateway, k % 2 == 1))
            if len(times) % 2:
                heappush(self._coming, (incident.ends + first, gateway, True))

    def _hold(self, said: Readings) -> Readings:
        """Kept by the gateway until it is back, or lost; presses and falls are sent until taken."""
        since, until = self._since[said.gateway], self._until[said.gateway]
        cut = (since <= said.received) & (said.received < until) & (said.device >= 0)
        if not cut.any():
            return said
        keeps = self._dice.chance(specs.BUFFERS, self._keys[said.gateway], 3)
        keeps |= (said.sos != UNKNOWN) | (said.fall != UNKNOWN)
        held = cut & keeps
        sooner = (said.received - since) // specs.CATCHING_UP
        said.received[held] = (until + sooner)[held]
        return said.take(~cut | keeps)

    def _statuses(self, end: int) -> Readings:
        due = []
        while self._coming and self._coming[0][0] < end:
            due.append(heappop(self._coming))
        columns = np.array(due, np.int64).reshape(-1, 3).T
        return statuses(columns[1], columns[0], online=columns[2])

    def _remember(self, said: Readings) -> None:
        place = np.where(said.device >= 0, self._place[said.device], -1)
        mine = (place >= 0).nonzero()[0]
        for name in DTYPES:
            getattr(self._kept, name)[place[mine]] = getattr(said, name)[mine]

    def _burst(self, end: int) -> list[Readings]:
        """What brokers retain is delivered anew, as state."""
        due = [b for b in self._bursts if b[0] < end]
        self._bursts = [b for b in self._bursts if b[0] >= end]
        made = []
        for at, area in due:
            heard = (self._kept.received > 0) & np.isin(self._kept.gateway, self._below[area])
            copies = self._kept.take(heard)
            copies.received = at + np.arange(len(copies)) * _RETAINED_WITHIN // max(1, len(copies))
            copies.flags |= np.int16(Flag.RETAINED)
            made.append(copies)
        return made


def _gateways_below(directory: Directory) -> dict[str, Int]:
    """Area → gateway rows in it and below it."""
    ways = ways_up(directory)
    made: dict[str, list[int]] = {area: [] for area in ways}
    for row, gateway in enumerate(directory.gateways):
        for area in ways[gateway.area]:
            made[area].append(row)
    return {area: np.array(rows, np.int64) for area, rows in made.items()}
