"""What the speakers of one run share: people, their poses, what incidents impose, counters."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from schemas.directory import Directory
from schemas.times import HOUR, MINUTE, SECOND
from simulator.dice import Dice
from simulator.effects import Effects
from simulator.roster import Group, Int, Roster
from simulator.routine import Pose, Routine
from simulator.vitals import Body

Bool = NDArray[np.bool_]

_LATENCY = (20, 400)
"""From a measurement to its publication, ms."""
_GUEST_NIGHT = (10 * HOUR + 30 * MINUTE, 19 * HOUR)
_GUEST_CHANCE = 0.12
_ILL_HEART, _ILL_BREATH = 1280, 240
"""An illness alone stays inside the rules' thresholds, tenths."""


class Bed(NamedTuple):
    """A bed at an instant; rates in tenths, movement in %; `unknown`: no heart beat found,
    `lifeless`: no breath either."""

    in_bed: Bool
    heart: Int
    breath: Int
    movement: Int
    unknown: Bool
    lifeless: Bool


class World:
    """Shared state of a run. Only counters and the effects change."""

    def __init__(self, directory: Directory, *, seed: int, start: int) -> None:
        self.start = start
        self.roster = Roster.of(directory)
        self.people = self.roster.people
        self.routine = Routine(self.people, self.roster.zones, seed)
        self.effects = Effects(directory)
        self.dice = Dice(seed, "devices")
        self._body = Body(self.people, seed)
        self.numbers = np.zeros(len(directory.devices), np.int64)

    def count(self, device: Int) -> Int:
        """The next number of each device's own counter, from 1; each device once a call."""
        self.numbers[device] += 1
        return self.numbers[device]

    def measured(self, keys: Int, at: Int) -> Int:
        """When what is published at `at` was measured, µs UTC in whole milliseconds."""
        low, high = _LATENCY
        bits = self.dice.bits(keys ^ at) >> np.uint64(32)
        late = (bits * np.uint64(high - low) >> np.uint64(32)).astype(np.int64) + low
        return (at // 1000 - late) * 1000

    def rooms(self, group: Group, rows: Int, at: Int) -> Bool:
        """Whether anybody is in the room that each radar watches."""
        members = group.members[rows]
        there = np.zeros(len(rows), bool)
        for place in range(members.shape[1]):
            known = (members[:, place] >= 0).nonzero()[0]
            there[known] |= self._in_room(members[known, place], at[known])
        return there

    def _in_room(self, who: Int, at: Int) -> Bool:
        there = self.routine.pose(who, at).in_room.copy()
        touched = self.effects.touched(who)
        if len(touched):
            room = self.effects.passing.effect(who[touched], at[touched]).of("room")
            there[touched] = np.where(room >= 0, room == 1, there[touched])
        return there

    def beds(self, group: Group, rows: Int, at: Int) -> Bed:
        """The beds of mattresses `rows` of a group at instants `at`."""
        who, bed = group.sleeper[rows], _empty(len(rows))
        used = (who >= 0).nonzero()[0]
        self._lie(bed, used, who[used], at[used])
        shared = ((group.beside[rows] >= 0) & ~bed.in_bed).nonzero()[0]
        if len(shared):
            self._lie(bed, shared, group.beside[rows[shared]], at[shared])
        guests = (who < 0).nonzero()[0]
        if len(guests):
            self._host(bed, guests, group.keys[rows[guests]], at[guests])
        return bed

    def _lie(self, bed: Bed, places: Int, who: Int, at: Int) -> None:
        """Fill `places` of the columns with persons `who`."""
        pose = self.routine.pose(who, at)
        in_bed = pose.in_bed.copy()
        touched = self.effects.touched(who)
        if len(touched):
            imposed = self.effects.passing.effect(who[touched], at[touched]).of("bed")
            in_bed[touched] = np.where(imposed >= 0, imposed == 1, in_bed[touched])
        lying = in_bed.nonzero()[0]
        self._fill(bed, places[lying], who[lying], _some(pose, lying), at[lying])
        bed.in_bed[places] = in_bed

    def _fill(self, bed: Bed, places: Int, who: Int, pose: Pose, at: Int) -> None:
        vitals = self._body.vitals(who, at, since_noon=pose.since_noon, drowsy=pose.drowsy)
        bed.heart[places], bed.breath[places] = vitals.heart, vitals.breath
        bed.movement[places], bed.unknown[places] = vitals.movement, vitals.blurred
        touched = self.effects.touched(who)
        if len(touched):
            self._impose(bed, places[touched], who[touched], at[touched])

    def _impose(self, bed: Bed, places: Int, who: Int, at: Int) -> None:
        ill = self.effects.lasting.effect(who, at)
        for rate, more in ((bed.heart, "more_heart"), (bed.breath, "more_breath")):
            rate[places] += np.rint(ill.height * ill.of(more)).astype(np.int64)
        bed.heart[places] = np.minimum(bed.heart[places], _ILL_HEART)
        bed.breath[places] = np.minimum(bed.breath[places], _ILL_BREATH)
        now = self.effects.passing.effect(who, at)
        for rate, level in ((bed.heart, now.of("heart")), (bed.breath, now.of("breath"))):
            rate[places] = np.where(level >= 0, level + rate[places] % 3 * 5 - 5, rate[places])
        acute = (now.of("heart") >= 0) | (now.of("breath") >= 0)
        dead = now.of("lifeless") > 0
        bed.unknown[places] = (bed.unknown[places] & ~acute) | dead
        bed.lifeless[places] = dead
        bed.movement[places] = np.where(dead, 0, bed.movement[places])

    def _host(self, bed: Bed, places: Int, keys: Int, at: Int) -> None:
        """A guest on some nights; China's hours do, as only a bed's being used is told."""
        local = at - 4 * HOUR
        begins, ends = _GUEST_NIGHT
        since, night = local % (24 * HOUR), local // (24 * HOUR)
        here = self.dice.chance(_GUEST_CHANCE, keys, night, 51)
        bed.in_bed[places] = here & (begins <= since) & (since < ends)
        bed.heart[places], bed.breath[places] = 680, 150
        bed.movement[places] = self.dice.between(0, 3, keys, at, 52)

    def trait(self, key: int, low: int, high: int, which: int) -> int:
        """A lasting property of a device: an integer in [low, high)."""
        return int(self.dice.between(low, high, key, which))


def _empty(n: int) -> Bed:
    heart, breath, movement = (np.zeros(n, np.int64) for _ in range(3))
    in_bed, unknown, lifeless = (np.zeros(n, bool) for _ in range(3))
    return Bed(in_bed, heart, breath, movement, unknown, lifeless)


def _some(pose: Pose, rows: Int) -> Pose:
    in_bed, drowsy, in_room, since = pose
    return Pose(in_bed[rows], drowsy[rows], in_room[rows], since[rows])


STATUS_SPAN = 5 * SECOND
"""Gateways come online over this long after the start."""
