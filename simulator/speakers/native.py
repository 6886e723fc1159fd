"""Devices that speak their vendor's own shape, which a bridge forwards unchanged."""

import numpy as np

from schemas.readings import Flag, Readings
from schemas.times import MINUTE, SECOND
from simulator.roster import Group, Int
from simulator.speakers.base import Speaker, rates
from simulator.traits import radio
from simulator.world import World

_LOOK = MINUTE
"""How often a VS373 looks whether presence changed."""
_MOVES = 5
"""Movement, %, that a bed band calls so."""


class Vs373(Speaker):
    """Speaks when presence changes, and a status report once an interval. Its times are local,
    in whole seconds and without a zone."""

    def __init__(self, world: World, group: Group) -> None:
        super().__init__(world, group)
        self._before = np.full(len(group.devices), -1, np.int8)

    def every(self) -> int:
        return min(_LOOK, self.group.interval)

    def written(self, _rows: Int, at: Int) -> Int:
        return at // SECOND * SECOND

    def blank(self, rows: Int, at: Int) -> Readings:
        readings = super().blank(rows, at)
        readings.flags |= np.int16(Flag.ZONE_ASSUMED)
        return readings

    def speak(self, begin: int, end: int) -> Readings:
        rows, at = self.due(begin, end)
        now = self.world.rooms(self.group, rows, at)
        looks = self.group.interval // self.cadence.interval
        beat = (at // self.cadence.interval - rows) % looks == 0
        wanted = ((now != self._before[rows]) | beat).nonzero()[0]
        self._before[rows] = now
        said = self.blank(rows[wanted], at[wanted])
        said.presence[:] = now[wanted]
        return said


class BedBand(Speaker):
    """Says only whether somebody moves; while they do, their rates are not measured."""

    def written(self, rows: Int, at: Int) -> Int:
        return self.world.measured(self.group.keys[rows], at)

    def speak(self, begin: int, end: int) -> Readings:
        rows, at = self.due(begin, end)
        said, bed = self.blank(rows, at), self.world.beds(self.group, rows, at)
        said.in_bed[:] = bed.in_bed
        moving = bed.in_bed & (bed.movement >= _MOVES)
        said.movement[:] = np.where(moving, 100, 0)
        still = bed.in_bed & ~moving
        heart, breath = still & ~bed.unknown, still & ~bed.lifeless
        said.heart_rate[heart] = rates(bed.heart[heart])
        said.respiratory_rate[breath] = rates(bed.breath[breath])
        return said


class Z2mButton(Speaker):
    """What the bridge keeps of it, with the battery."""

    def written(self, _rows: Int, at: Int) -> Int:
        return at // 1000 * 1000

    def speak(self, begin: int, end: int) -> Readings:
        rows, at = self.due(begin, end)
        said = self.blank(rows, at)
        said.battery[:] = self.battery[rows]
        return said


class Ws101(Speaker):
    """A rare heartbeat; the network server adds how well it was heard."""

    def __init__(self, world: World, group: Group) -> None:
        super().__init__(world, group)
        self._signal = np.array([radio(k)[0] for k in group.keys.tolist()], np.float32)

    def written(self, _rows: Int, at: Int) -> Int:
        return at

    def blank(self, rows: Int, at: Int) -> Readings:
        readings = super().blank(rows, at)
        readings.signal[:] = self._signal[rows]
        return readings

    def speak(self, begin: int, end: int) -> Readings:
        rows, at = self.due(begin, end)
        said = self.blank(rows, at)
        said.battery[:] = self.battery[rows]
        return said
