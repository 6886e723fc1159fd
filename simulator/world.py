"""What the speakers of one run share: people, their poses, what incidents impose, counters."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from schemas.directory import Directory
from schemas.times import SECOND
from simulator.dice import Dice
from simulator.overlay import Overlay
from simulator.roster import Group, Int, Roster
from simulator.routine import Routine
from simulator.vitals import Body

Bool = NDArray[np.bool_]

_LATENCY = (20_000, 400_000)
"""From a measurement to its publication, µs."""


class Bed(NamedTuple):
    """A person's bed at an instant; rates in tenths, movement in %."""

    in_bed: Bool
    heart: Int
    breath: Int
    movement: Int
    blurred: Bool


class World:
    """Shared state of a run. Only counters and the overlay change."""

    def __init__(self, directory: Directory, *, seed: int, start: int) -> None:
        self.start = start
        self.roster = Roster.of(directory)
        self.people = self.roster.people
        self.routine = Routine(self.people, self.roster.zones, seed)
        self.overlay = Overlay(directory)
        self.dice = Dice(seed, "devices")
        self._body = Body(seed)
        self._count = np.zeros(len(directory.devices), np.int64)

    def count(self, device: Int) -> Int:
        """The next number of each device's own counter, from 1; each device once a call."""
        self._count[device] += 1
        return self._count[device]

    def measured(self, keys: Int, at: Int) -> Int:
        """When what is published at `at` was measured, µs UTC in whole milliseconds."""
        return (at - self.dice.between(*_LATENCY, keys, at, 1)) // 1000 * 1000

    def rooms(self, group: Group, rows: Int, at: Int) -> Bool:
        """Whether anybody of the home is in the room that each radar watches."""
        members = group.members[rows]
        known = members >= 0
        who, when = members[known], np.broadcast_to(at[:, None], members.shape)[known]
        there = np.zeros(members.shape, bool)
        imposed = self.overlay.effect(who, when).room
        pose = self.routine.pose(who, when)
        there[known] = np.where(imposed >= 0, imposed == 1, pose.in_room)
        return np.asarray(there.any(axis=1))

    def beds(self, sleeper: Int, at: Int) -> Bed:
        """Beds of persons (rows; -1: an empty guest bed) at instants `at`."""
        n = len(sleeper)
        numbers = [np.zeros(n, np.int64) for _ in range(3)]
        bed = Bed(np.zeros(n, bool), numbers[0], numbers[1], numbers[2], np.zeros(n, bool))
        used = (sleeper >= 0).nonzero()[0]
        who, when = sleeper[used], at[used]
        imposed = self.overlay.effect(who, when)
        pose = self.routine.pose(who, when)
        bed.in_bed[used] = np.where(imposed.bed >= 0, imposed.bed == 1, pose.in_bed)
        vitals = self._body.vitals(
            self.people.keys[who], when, since_noon=pose.since_noon, drowsy=pose.drowsy
        )
        ill = imposed.heart >= 0
        bed.heart[used] = np.where(ill, imposed.heart + vitals.heart % 3 * 5 - 5, vitals.heart)
        bed.breath[used], bed.movement[used] = vitals.breath, vitals.movement
        bed.blurred[used] = vitals.blurred & ~ill
        return bed

    def trait(self, key: int, low: int, high: int, which: int) -> int:
        """A lasting property of a device: an integer in [low, high)."""
        return int(self.dice.between(low, high, key, which))


STATUS_SPAN = 5 * SECOND
"""Gateways come online over this long after the start."""
