"""What happens to people outside a demo: thrown for each home and day from (seed, home, day) alone.

So a part of a fleet meets the same as it does within the whole, and a later start the same as an
earlier one, save what is still going on when the run begins. A home has one thing at a time, but
for illnesses, with which people live on; some things bring others: a long lie a carer and the
hospital, a decline an acute night, a death an empty home.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from schemas.alerts import Severity
from schemas.directory import Directory
from schemas.times import DAY, HOUR, MINUTE
from simulator.dice import Dice, key_of, keys_of
from simulator.effects import LASTING
from simulator.happen import free_again, happen
from simulator.kinds import Expected, Incident, Kind
from simulator.people import Candidate, by_kind, everybody
from simulator.routine import Routine
from simulator.scripts import SCRIPTS, SLACK, TREND_NIGHTS, When

NOON = 4 * HOUR
"""Days are cut at noon in China, wherever the home is."""
EVERY = 0.1
"""Incidents a home and day: far above life's own rate, so that short runs have something to score.
"""
_MOST, _ENOUGH = 0.9, 60
_TRIES = 10
_SETTLED = 45 * MINUTE
"""Quiet time in bed before what begins there; the rules ask for up to 30 min."""
_ABSENCE_FROM, _ABSENCE_UNTIL = 10 * HOUR + 15 * MINUTE, 16 * HOUR + 40 * MINUTE
"""Local 22:15 to 04:40, as time after noon: both steps are reached inside the night."""
_LEFT_OF_NIGHT = 2 * HOUR + 20 * MINUTE
_GAP = MINUTE
"""Between one thing and the next of one person: longer than any window of a run."""
_IN_HOSPITAL = {Kind.LONG_LIE: 0.5, Kind.COLLAPSE: 0.8, Kind.HEART_DECLINE: 0.7}
_VISITED = {Kind.FALL: 0.4, Kind.SLOW_FALL: 0.4, Kind.LONG_LIE: 1.0, Kind.COLLAPSE: 1.0}
_DEATHS = (Kind.DEATH, Kind.DEATH_IN_BED)
_ACUTE = {Kind.HEART_DECLINE: Kind.HEART_RATE, Kind.BREATH_DECLINE: Kind.FAST_BREATH}


def usual_rate(homes: int, start: int, until: int | None) -> float:
    """Incidents a home and day: `EVERY`, or as many as give a short run some dozens."""
    if until is None or until <= start:
        return EVERY
    return min(_MOST, max(EVERY, _ENOUGH * DAY / (homes * (until - start))))


@dataclass(frozen=True)
class Home:
    key: int
    kinds: dict[Kind, list[Candidate]]


class Life:
    """The homes of a directory, and what happens to them on a day."""

    def __init__(
        self,
        directory: Directory,
        routine: Routine,
        *,
        seed: int,
        start: int,
        rows: dict[str, int],
        every: float = EVERY,
    ) -> None:
        all_ = everybody(directory)
        self._ids = list(all_)
        self._keys = keys_of(self._ids)
        self._all, self._homes = all_, dict[str, Home]()
        self._routine, self._rows, self._start = routine, rows, start
        self._dice, self._every = Dice(seed, "life"), every

    def on(self, day: int, busy: dict[str, int]) -> Iterator[Incident]:
        """Incidents that begin on a day (counted from the epoch); unordered. `busy`: until when
        each home is taken, changed in place."""
        hit = self._dice.chance(self._every, self._keys, day, 1).nonzero()[0]
        for k in hit.tolist():
            yield from self._home(self._ids[k], day, busy)

    def _home(self, id_: str, day: int, busy: dict[str, int]) -> Iterator[Incident]:
        home = self._homes.get(id_)
        if home is None:
            home = self._homes[id_] = Home(key_of(id_), by_kind(self._all[id_]))
        free = max(busy.get(id_, 0), self._start + _SETTLED)
        incident = self._throw(home, day, free)
        if incident is None:
            return
        for one in (incident, *self._after(home, incident)):
            if one.kind not in LASTING:
                busy[id_] = max(busy.get(id_, 0), free_again(one))
            yield one

    def _throw(self, home: Home, day: int, free: int) -> Incident | None:
        """The first of some throws of a kind, a person and a time that fit together."""
        kinds = list(home.kinds)
        weights = np.cumsum([SCRIPTS[k].weight for k in kinds])
        for attempt in range(_TRIES):
            stream = (home.key, day, 10 + attempt)
            mark = int(self._dice.between(0, weights[-1], *stream, 1))
            kind = kinds[int(np.searchsorted(weights, mark, side="right"))]
            some = home.kinds[kind]
            who = some[self._dice.pick(len(some), *stream, 2)]
            at = self._when(kind, who, day, stream)
            if at is not None and at >= free:
                return self._make(kind, who, at, stream)
        return None

    def _make(self, kind: Kind, who: Candidate, at: int, stream: tuple[int, ...]) -> Incident:
        low, high = SCRIPTS[kind].lasts
        ends = at + int(self._dice.between(low, high, *stream, 4)) // 1000 * 1000
        repeat = bool(self._dice.chance(0.3, *stream, 5))
        incident = happen(kind, who, at, ends=ends, repeat=repeat)
        return self._with_trend(incident) if kind in _ACUTE else incident

    def _with_trend(self, incident: Incident) -> Incident:
        """The family doctor is to know of a decline on the fourth morning, if the nights before
        say what is usual."""
        if incident.at - self._start < TREND_NIGHTS * DAY:
            return incident
        by = incident.at - incident.at % DAY + 3 * DAY + 22 * HOUR + SLACK  # 06:00 in China
        return incident._replace(expected=(Expected("vital-trend", Severity.BLUE, by),))

    def _when(self, kind: Kind, who: Candidate, day: int, stream: tuple[int, ...]) -> int | None:
        """A time of the day at which the person is where it can happen."""
        begins = day * DAY + NOON
        at = begins + int(self._dice.between(0, DAY, *stream, 3)) // 1000 * 1000
        when = SCRIPTS[kind].when
        if when is When.MORNING:
            return begins + 21 * HOUR
        if when is When.ANY or who.elder is None:
            return at
        row = self._rows[who.elder]
        if when is When.ASLEEP:
            at = self._at_night(row, begins, stream)
            asleep = self._routine.in_bed_throughout(row, begin=at - _SETTLED, end=at)
            return at if asleep else None
        pose = self._routine.pose(np.array([row]), np.array([at]))
        fits = pose.in_room[0] if when is When.IN_ROOM else not pose.in_bed[0]
        return at if fits else None

    def _at_night(self, row: int, begins: int, stream: tuple[int, ...]) -> int:
        """Within the rules' night and the person's own, early enough for every step."""
        habits = self._routine.habits
        low = max(_ABSENCE_FROM, int(habits.bed[row]) + HOUR)
        high = min(_ABSENCE_UNTIL, int(habits.rise[row]) - _LEFT_OF_NIGHT)
        since = int(self._dice.between(low, max(high, low + 1), *stream, 6)) // 1000 * 1000
        shift = self._routine.local_since_noon(row, begins)
        return begins + since - shift

    def _after(self, home: Home, first: Incident) -> Iterator[Incident]:
        """What an incident brings with it."""
        dice, stream = self._dice, (home.key, first.at, 90)
        who = _person(self._all[first.home or ""], first.elder)
        if who is None or not isinstance(first.kind, Kind):
            return
        if first.kind in _ACUTE:
            yield from self._acute(first, home, stream)
            return
        left = first.ends
        if first.kind in _DEATHS or dice.chance(_VISITED.get(first.kind, 0.0), *stream, 1):
            left = first.ends + int(dice.between(30 * MINUTE, 70 * MINUTE, *stream, 2))
            yield happen(Kind.CARER, who, first.ends + _GAP, ends=left)
        if first.kind in _DEATHS:
            ends = left + SCRIPTS[Kind.GONE].lasts[0]
            yield happen(Kind.GONE, who, left + _GAP, ends=ends)
        elif dice.chance(_IN_HOSPITAL.get(first.kind, 0.0), *stream, 3):
            days = int(dice.between(2 * DAY, 6 * DAY, *stream, 4)) // 1000 * 1000
            yield happen(Kind.HOSPITAL, who, left + _GAP, ends=left + days)

    def _acute(self, first: Incident, home: Home, stream: tuple[int, ...]) -> Iterator[Incident]:
        """The decline's last night, if the person is in bed then."""
        kind = next(acute for long, acute in _ACUTE.items() if long is first.kind)
        beds = [c for c in home.kinds.get(kind, ()) if c.elder == first.elder]
        if not beds:
            return
        row = self._rows[beds[0].elder or ""]
        begins = first.at - first.at % DAY + 3 * DAY + NOON
        at = self._at_night(row, begins, stream)
        if at < first.ends and self._routine.in_bed_throughout(row, begin=at - _SETTLED, end=at):
            yield happen(kind, beds[0], at, ends=at + 20 * MINUTE)


def _person(some: list[Candidate], elder: str | None) -> Candidate | None:
    """The person by themselves, or the first who lives there."""
    persons = [c for c in some if c.kind is None and elder in (None, c.elder)]
    return persons[0] if persons else None
