"""Where a person is at any instant: asleep, up for the toilet, napping, in the room or not.

A pure function of (seed, elder id, local day): each bed-day runs from local noon to noon and is
thrown anew around the person's own habits. Only what is asked for last is kept in memory.
Durations stay below what the night rules call unusual; incidents are what goes beyond.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from schemas.times import DAY, HOUR, MINUTE, NEVER
from simulator.dice import Dice
from simulator.roster import Int, People
from simulator.zones import offsets

Bool = NDArray[np.bool_]

NOON = 12 * HOUR
EXITS = 4
"""Chances of a toilet visit a night, one in each quarter of it."""
SLOT = 20 * MINUTE
"""While awake a person stays in or out of the living room for this long."""


class Pose(NamedTuple):
    """One element an asked instant."""

    in_bed: Bool
    drowsy: Bool
    """In bed but awake: just gone to bed, or about to rise."""
    in_room: Bool
    """In the room that the radar watches (not the bed's)."""
    since_noon: Int


class Routine:
    """Poses of `people`, whose zones are indices into `zones`."""

    def __init__(self, people: People, zones: list[str], seed: int) -> None:
        self._people, self._zones = people, zones
        self._dice = Dice(seed, "routine")
        self._habits = _Habits(people, Dice(seed, "habits"))
        n = len(people.ids)
        self._day = np.full(n, NEVER, np.int64)
        self._bed, self._rise = np.zeros(n, np.int64), np.zeros(n, np.int64)
        self._nap = np.zeros((n, 2), np.int64)
        self._out = np.zeros((n, EXITS, 2), np.int64)

    def pose(self, who: Int, at: Int) -> Pose:
        """Poses of persons `who` (rows, none negative) at instants `at` (µs UTC)."""
        local = at + offsets(self._zones, self._people.zone[who], at) - NOON
        day, since = local // DAY, local % DAY
        days = np.unique(day)
        if len(days) <= 1:
            return self._pose_on(int(days.max(initial=0)), who, since)
        parts = [(day == d).nonzero()[0] for d in days]
        poses = [self._pose_on(int(d), who[p], since[p]) for d, p in zip(days, parts, strict=True)]
        back = np.argsort(np.concatenate(parts), kind="stable")
        return Pose(*(np.concatenate(column)[back] for column in zip(*poses, strict=True)))

    def local_since_noon(self, who: int, at: int) -> int:
        """Local time of day as µs after noon."""
        return int(self.pose(np.array([who]), np.array([at])).since_noon[0])

    def in_bed_throughout(self, who: int, *, begin: int, end: int) -> bool:
        """Whether the person lies in bed from `begin` to `end` without a break of a minute."""
        at = np.arange(begin, end + 1, MINUTE, dtype=np.int64)
        return bool(self.pose(np.full(len(at), who), at).in_bed.all())

    def _pose_on(self, day: int, who: Int, since: Int) -> Pose:
        self._lay_out(day, who)
        bed, rise = self._bed[who], self._rise[who]
        column = since[:, None]
        out = (self._out[who, :, 0] <= column) & (column < self._out[who, :, 1])
        nap = (self._nap[who, 0] <= since) & (since < self._nap[who, 1])
        night = (bed <= since) & (since < rise)
        up = out.any(axis=1)
        in_bed = (night & ~up) | nap
        drowsy = in_bed & ((since < bed + 15 * MINUTE) | (since >= rise - 10 * MINUTE))
        keys = self._people.keys[who]
        awake = self._dice.chance(0.55, keys, day, 100, since // SLOT)
        passing = self._dice.chance(0.6, keys, day, 300 + out.argmax(axis=1))
        in_room = np.where(night, up & passing, awake) & ~in_bed
        return Pose(in_bed, drowsy, in_room, since)

    def _lay_out(self, day: int, who: Int) -> None:
        """Throw the day of those whose day in memory is another one."""
        stale = np.unique(who[self._day[who] != day])
        if not len(stale):
            return
        dice, keys, habits = self._dice, self._people.keys[stale], self._habits
        bed = habits.bed[stale] + dice.between(-20 * MINUTE, 20 * MINUTE, keys, day, 1)
        rise = habits.rise[stale] + dice.between(-12 * MINUTE, 12 * MINUTE, keys, day, 2)
        begin = habits.nap[stale] + dice.between(0, 30 * MINUTE, keys, day, 3)
        length = dice.between(25 * MINUTE, 80 * MINUTE, keys, day, 4)
        naps = dice.chance(0.6, keys, day, 5)
        self._bed[stale], self._rise[stale] = bed, rise
        self._nap[stale, 0], self._nap[stale, 1] = begin, begin + np.where(naps, length, 0)
        self._out[stale] = self._exits(stale, bed, rise, day)
        self._day[stale] = day

    def _exits(self, who: Int, bed: Int, rise: Int, day: int) -> NDArray[np.int64]:
        """Starts and ends, shape (n, EXITS, 2): within the night, never overlapping."""
        keys, which = self._people.keys[who][:, None], np.arange(EXITS)
        first = bed + 40 * MINUTE
        part = ((rise - 40 * MINUTE - first) // EXITS)[:, None]
        length = self._dice.between(3 * MINUTE, 12 * MINUTE, keys, day, 10 + which)
        room = part - length
        begin = first[:, None] + which * part + self._dice.between(0, room, keys, day, 20 + which)
        goes = self._dice.chance(self._habits.exit_chance[who][:, None], keys, day, 30 + which)
        return np.stack([begin, begin + np.where(goes, length, 0)], axis=-1)


class _Habits:
    """What a person usually does: µs after noon, and the chance of each toilet visit."""

    def __init__(self, people: People, dice: Dice) -> None:
        keys = people.keys
        bed = dice.between(8 * HOUR + 30 * MINUTE, 11 * HOUR, keys, 1)
        owl = dice.chance(0.03, keys, 2)
        self.bed = np.where(owl, dice.between(12 * HOUR, 13 * HOUR, keys, 3), bed)
        self.rise = dice.between(17 * HOUR + 50 * MINUTE, 19 * HOUR + 20 * MINUTE, keys, 4)
        self.nap = dice.between(40 * MINUTE, 80 * MINUTE, keys, 5)
        self.exit_chance = 0.15 + 0.5 * dice.unit(keys, 6)
