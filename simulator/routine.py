"""Where a person is at any instant: asleep, up for the toilet, napping, in the room, out.

A pure function of (seed, elder id, local day): each bed-day runs from local noon to noon and is
thrown anew around the person's own habits. What was found last is kept in memory with how long it
holds, as nearly every question is about a moment just after the last one.
Durations stay below what the night rules call unusual; incidents are what goes beyond.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from schemas.times import DAY, MINUTE
from simulator.agenda import NOON, SLOT, Agenda
from simulator.dice import Dice
from simulator.habits import Habits
from simulator.roster import Int, People
from simulator.zones import offsets

Bool = NDArray[np.bool_]

_QUARTER = 15 * MINUTE
"""What is kept holds within one quarter of an hour at most: no zone's clock changes inside."""
_IN_BED, _DROWSY, _IN_ROOM = 1, 2, 4


class Pose(NamedTuple):
    """One element an asked instant."""

    in_bed: Bool
    drowsy: Bool
    """In bed but awake: just gone to bed, or about to rise."""
    in_room: Bool
    """Somebody (a visitor, too) is in the room that the radar watches (not the bed's)."""
    since_noon: Int


class Routine:
    """Poses of `people`, whose zones are indices into `zones`."""

    def __init__(self, people: People, zones: list[str], seed: int) -> None:
        self._people, self._zones = people, zones
        self.habits = Habits(people, Dice(seed, "habits"))
        self._agenda = Agenda(people, self.habits, Dice(seed, "routine"))
        n = len(people.ids)
        self._from, self._until = np.zeros(n, np.int64), np.zeros(n, np.int64)
        self._shift, self._state = np.zeros(n, np.int64), np.zeros(n, np.uint8)

    def pose(self, who: Int, at: Int) -> Pose:
        """Poses of persons `who` (rows, none negative) at instants `at` (µs UTC)."""
        known = (self._from[who] <= at) & (at < self._until[who])
        state, shift = self._state[who], self._shift[who]
        if not known.all():
            asked = (~known).nonzero()[0]
            state[asked], shift[asked] = self._find(who[asked], at[asked])
        return Pose(
            (state & _IN_BED) != 0,
            (state & _DROWSY) != 0,
            (state & _IN_ROOM) != 0,
            (at + shift) % DAY,
        )

    def local_since_noon(self, who: int, at: int) -> int:
        """Local time of day as µs after noon."""
        return int(self.pose(np.array([who]), np.array([at])).since_noon[0])

    def in_bed_throughout(self, who: int, *, begin: int, end: int) -> bool:
        """Whether the person lies in bed from `begin` to `end` without a break of a minute."""
        at = np.arange(begin, end + 1, MINUTE, dtype=np.int64)
        return bool(self.pose(np.full(len(at), who), at).in_bed.all())

    def _find(self, who: Int, at: Int) -> tuple[NDArray[np.uint8], Int]:
        """State and local shift, kept for each person with the stretch in which they hold."""
        shift = offsets(self._zones, self._people.zone[who], at) - NOON
        local = at + shift
        day, since = local // DAY, local % DAY
        state, low, high = np.zeros(len(who), np.uint8), np.zeros_like(at), np.zeros_like(at)
        for d in np.unique(day).tolist():
            on = (day == d).nonzero()[0]
            state[on], low[on], high[on] = self._on(d, who[on], since[on])
        begun = at - at % _QUARTER
        self._from[who] = np.maximum(at - since + low, begun)
        self._until[who] = np.minimum(at - since + high, begun + _QUARTER)
        self._state[who], self._shift[who] = state, shift
        return state, shift

    def _on(self, day: int, who: Int, since: Int) -> tuple[NDArray[np.uint8], Int, Int]:
        """State at `since` of a local day, and from when until when it holds."""
        plan = self._agenda.of(day, who)
        bed, rise, now = plan.bed, plan.rise, since[:, None]
        spans = plan.spans
        inside = (spans[:, :, 0] <= now) & (now < spans[:, :, 1])
        up, nap, outing, visit = (inside[:, part] for part in plan.parts)
        night = (bed <= since) & (since < rise)
        in_bed = (night & ~up.any(axis=1)) | nap.any(axis=1)
        drowsy = in_bed & ((since < bed + 15 * MINUTE) | (since >= rise - 10 * MINUTE))
        passing = self._agenda.passes(day, who, up.argmax(axis=1))
        by_day = self._agenda.sits(day, who, since // SLOT) & ~outing.any(axis=1)
        in_room = np.where(night, up.any(axis=1) & passing, by_day) & ~in_bed
        in_room |= visit.any(axis=1)
        state = in_bed * _IN_BED + drowsy * _DROWSY + in_room * _IN_ROOM
        edges = [bed, rise, bed + 15 * MINUTE, rise - 10 * MINUTE, since - since % SLOT]
        edges += [since - since % SLOT + SLOT, np.zeros_like(since), np.full_like(since, DAY)]
        marks = np.concatenate([np.stack(edges, axis=1), spans.reshape(len(who), -1)], axis=1)
        low = np.where(marks <= now, marks, 0).max(axis=1)
        high = np.where(marks > now, marks, DAY).min(axis=1)
        return state.astype(np.uint8), low, high
