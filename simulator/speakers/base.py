"""What every speaker has: its devices, when they are due, and which of them are alive."""

from abc import ABC, abstractmethod

import numpy as np

from schemas.readings import Float32, Readings
from simulator.cadence import Cadence
from simulator.dice import key_of
from simulator.roster import Group, Int
from simulator.traits import battery
from simulator.world import World


def rates(tenths: Int) -> Float32:
    """As they are stored: the nearest 32-bit number."""
    return (tenths / 10).astype(np.float32)


class Speaker(ABC):
    """Regular reports of one group of devices."""

    def __init__(self, world: World, group: Group) -> None:
        self.world, self.group = world, group
        shift = key_of(f"{group.kind}/{group.profile}") % 1009
        self.cadence = Cadence(len(group.devices), self.every(), shift)
        self.battery = np.array([battery(k) for k in group.keys.tolist()], np.float32)

    def every(self) -> int:
        """µs between two moments at which a device may report."""
        return self.group.interval

    @abstractmethod
    def speak(self, begin: int, end: int) -> Readings:
        """Reports published in [begin, end), in time order; windows must follow one another."""

    @abstractmethod
    def written(self, rows: Int, at: Int) -> Int:
        """The time that devices `rows` write on what is published at `at`, µs UTC."""

    def due(self, begin: int, end: int) -> tuple[Int, Int]:
        """Rows of living devices that are due, and when (µs UTC)."""
        rows, at = self.cadence.due(begin, end)
        alive = self.world.effects.speaking(self.group.row[rows], at)
        return (rows, at) if alive.all() else (rows[alive], at[alive])

    def blank(self, rows: Int, at: Int) -> Readings:
        """Readings of devices `rows` with what every message of theirs carries, and nothing else;
        each device once a call."""
        readings = Readings.blank(len(rows))
        readings.received, readings.ts = at, self.written(rows, at)
        readings.key = self.world.count(self.group.row[rows])
        for name, of in (("device", "row"), ("elder", "elder"), ("gateway", "gateway")):
            getattr(readings, name)[:] = getattr(self.group, of)[rows]
        return readings
