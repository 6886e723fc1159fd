"""A person's bed-day, noon to noon: when they go to bed and rise, and the stretches in between."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from schemas.times import DAY, HOUR, MINUTE, NEVER
from simulator.dice import Dice
from simulator.habits import Habits
from simulator.roster import Int, People

NOON = 12 * HOUR
EXITS = 4
"""Chances of a toilet visit a night, one in each quarter of it."""
SLOT = 20 * MINUTE
"""While awake a person stays in or out of the living room for this long."""
_SPANS = EXITS + 4
_UP, _NAP = slice(0, EXITS), slice(EXITS, EXITS + 1)
_OUTING, _VISIT = slice(EXITS + 1, EXITS + 3), slice(EXITS + 3, EXITS + 4)


class Plan(NamedTuple):
    """`spans`: starts and ends, shape (n, k, 2), empty ones with end = start. All in µs after noon.

    `parts`: which spans are up at night, napping, out of the home, and with a visitor.
    """

    bed: Int
    rise: Int
    spans: NDArray[np.int64]
    parts: tuple[slice, slice, slice, slice] = (_UP, _NAP, _OUTING, _VISIT)


class Agenda:
    """Days of people; the last day of each is kept."""

    def __init__(self, people: People, habits: Habits, dice: Dice) -> None:
        self._keys, self._habits, self._dice = people.keys, habits, dice
        n = len(people.ids)
        self._day = np.full(n, NEVER, np.int64)
        self._bed, self._rise = np.zeros(n, np.int64), np.zeros(n, np.int64)
        self._spans = np.zeros((n, _SPANS, 2), np.int64)

    def of(self, day: int, who: Int) -> Plan:
        stale = np.unique(who[self._day[who] != day])
        if len(stale):
            self._lay_out(day, stale)
        return Plan(self._bed[who], self._rise[who], self._spans[who])

    def passes(self, day: int, who: Int, exit_: Int) -> NDArray[np.bool_]:
        """Whether the way to the toilet leads through the room."""
        return self._dice.chance(0.6, self._keys[who], day, 300 + exit_)

    def sits(self, day: int, who: Int, slot: Int) -> NDArray[np.bool_]:
        """Whether a person who is awake and at home stays in the room in this slot."""
        return self._dice.chance(0.55, self._keys[who], day, 100, slot)

    def _lay_out(self, day: int, who: Int) -> None:
        dice, keys, habits = self._dice, self._keys[who], self._habits
        bed = habits.bed[who] + dice.between(-20 * MINUTE, 20 * MINUTE, keys, day, 1)
        rise = habits.rise[who] + dice.between(-12 * MINUTE, 12 * MINUTE, keys, day, 2)
        lies = habits.bedridden[who]
        bed, rise = np.where(lies, 0, bed), np.where(lies, DAY, rise)
        self._bed[who], self._rise[who], self._day[who] = bed, rise, day
        self._spans[who, _UP] = self._exits(who, bed, rise, day)
        nap = self._some(keys, day, (3, 0.6), (0, 30), (25, 80)) + habits.nap[who][:, None]
        self._spans[who, _NAP] = nap[:, None, :]
        self._spans[who, _OUTING] = self._outings(who, day)
        visit = self._some(keys, day, (70, habits.visit_chance[who]), (22 * 60, 23 * 60), (20, 50))
        self._spans[who, _VISIT] = visit[:, None, :]

    def _some(
        self,
        keys: Int,
        day: int,
        thrown: tuple[int, float | NDArray[np.float64]],
        begins: tuple[int, int],
        lasts: tuple[int, int],
    ) -> Int:
        """A stretch that some have today, shape (n, 2): `thrown` is a stream and the chance, then
        the ranges of its beginning and length in minutes."""
        stream, chance = thrown
        low, high = (b * MINUTE for b in begins)
        begin = self._dice.between(low, high, keys, day, stream)
        length = self._dice.between(lasts[0] * MINUTE, lasts[1] * MINUTE, keys, day, stream + 1)
        has = self._dice.chance(chance, keys, day, stream + 2)
        return np.stack([begin, begin + np.where(has, length, 0)], axis=-1)

    def _outings(self, who: Int, day: int) -> Int:
        """The market in the morning, a walk in the afternoon; shape (n, 2, 2)."""
        keys, chance = self._keys[who], self._habits.outing_chance[who]
        walk = self._some(keys, day, (50, 0.6 * chance), (200, 260), (30, 110))
        market = self._some(keys, day, (60, chance), (20 * 60 + 20, 21 * 60), (30, 100))
        return np.stack([walk, market], axis=1)

    def _exits(self, who: Int, bed: Int, rise: Int, day: int) -> NDArray[np.int64]:
        """Starts and ends, shape (n, EXITS, 2): within the night, never overlapping."""
        keys, which = self._keys[who][:, None], np.arange(EXITS)
        first = bed + 40 * MINUTE
        part = ((rise - 40 * MINUTE - first) // EXITS)[:, None]
        length = self._dice.between(3 * MINUTE, 12 * MINUTE, keys, day, 10 + which)
        room = part - length
        begin = first[:, None] + which * part + self._dice.between(0, room, keys, day, 20 + which)
        goes = self._dice.chance(self._habits.exit_chance[who][:, None], keys, day, 30 + which)
        return np.stack([begin, begin + np.where(goes, length, 0)], axis=-1)
