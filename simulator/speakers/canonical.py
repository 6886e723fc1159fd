"""Mattresses, radars and buttons that speak the canonical wire."""

import numpy as np

from schemas.readings import Readings
from simulator.roster import Group, Int
from simulator.speakers.base import Speaker, rates
from simulator.world import World

_SIGNAL_EVERY, _BATTERY_EVERY = 20, 120
"""Reports between two that carry signal strength or battery as well."""
_UNKNOWN = np.float32(np.nan)


class _Canonical(Speaker):
    """What all canonical devices share: times, signal and battery."""

    def __init__(self, world: World, group: Group) -> None:
        super().__init__(world, group)
        self._signal = -world.dice.between(42, 78, group.keys, 11).astype(np.float32)
        self._turn = group.keys % 1009

    def written(self, rows: Int, at: Int) -> Int:
        return self.world.measured(self.group.keys[rows], at)

    def _extra(self, said: Readings, rows: Int, at: Int) -> None:
        turn = at // self.cadence.interval + self._turn[rows]
        strong = (turn % _SIGNAL_EVERY == 0).nonzero()[0]
        said.signal[strong] = self._signal[rows[strong]]
        full = (turn % _BATTERY_EVERY == 7).nonzero()[0]
        said.battery[full] = self.battery[rows[full]]


class Mattress(_Canonical):
    def speak(self, begin: int, end: int) -> Readings:
        rows, at = self.due(begin, end)
        said = self.blank(rows, at)
        bed = self.world.beds(self.group, rows, at)
        said.in_bed[:] = bed.in_bed
        lying = bed.in_bed.nonzero()[0]
        said.movement[lying] = bed.movement[lying]
        heart, breath = rates(bed.heart[lying]), rates(bed.breath[lying])
        said.heart_rate[lying] = np.where(bed.unknown[lying], _UNKNOWN, heart)
        said.respiratory_rate[lying] = np.where(bed.lifeless[lying], _UNKNOWN, breath)
        self._extra(said, rows, at)
        return said


class Radar(_Canonical):
    def speak(self, begin: int, end: int) -> Readings:
        rows, at = self.due(begin, end)
        said = self.blank(rows, at)
        said.presence[:] = self.world.rooms(self.group, rows, at)
        self._extra(said, rows, at)
        return said


class Button(_Canonical):
    """A rare heartbeat with the battery."""

    def speak(self, begin: int, end: int) -> Readings:
        rows, at = self.due(begin, end)
        said = self.blank(rows, at)
        said.battery[:] = self.battery[rows]
        return said
