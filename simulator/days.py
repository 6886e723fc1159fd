"""Life and mishaps day after day, in order of time; and what outages do to the truth."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from heapq import heappop, heappush
from itertools import count

from schemas.areas import ways_up
from schemas.directory import Directory, Level
from schemas.times import DAY, HOUR, MINUTE
from simulator.faults.schedule import Mishaps
from simulator.kinds import Expected, Fault, Incident, Kind, Right
from simulator.life import NOON, Life

_EMERGENCIES = ("sos", "fall")
_CATCHES_UP = 3 * MINUTE
"""After an outage's end: gateways come back over a minute, and tell what they kept."""
_BEFORE = 2 * HOUR
"""An outage disturbs what began so long before it."""


@dataclass(frozen=True)
class Days:
    """`walk` yields everything that begins in [start, until), made a day at a time."""

    life: Life
    mishaps: Mishaps
    directory: Directory
    start: int
    until: int | None

    def walk(self, busy: dict[str, int]) -> Iterator[Incident]:
        """`busy`: until when each home is taken; changed in place."""
        yield from self.mishaps.throughout(self.start, self.until)
        waiting: list[tuple[int, int, Incident]] = []
        number, outages = count(), list[Incident]()
        for day in count((self.start - NOON) // DAY):
            begins = day * DAY + NOON
            if self.until is not None and begins >= self.until:
                return
            areas = self.mishaps.of_areas(day, begins)
            outages = [o for o in outages if o.ends > begins - DAY]
            outages += [a for a in areas if a.kind is Fault.DISTRICT_OUTAGE]
            made = [*areas, *self.life.on(day, busy)]
            made += self.mishaps.of_homes(day, begins, busy)
            for incident in made:
                heappush(waiting, (incident.at, next(number), incident))
            while waiting and waiting[0][0] < begins + DAY:
                incident = heappop(waiting)[2]
                if self._within(incident):
                    yield self._told(self._shaded(incident, outages))

    def _within(self, incident: Incident) -> bool:
        return self.start <= incident.at and (self.until is None or incident.at < self.until)

    def _told(self, incident: Incident) -> Incident:
        """What could only be known after the run's end need not be."""
        until = self.until
        if until is None or all(e.known_by < until for e in incident.expected):
            return incident
        kept = tuple(e for e in incident.expected if e.known_by < until)
        later = tuple(Right(e.rule, e.severity) for e in incident.expected if e.known_by >= until)
        return incident._replace(expected=kept, right=(*incident.right, *later))

    def _shaded(self, incident: Incident, outages: list[Incident]) -> Incident:
        """During an outage nothing can be known; presses and falls are, when it is over."""
        if not isinstance(incident.kind, Kind) and incident.kind is not Fault.HISTORY:
            return incident
        for outage in outages:
            touched = outage.at - _BEFORE < incident.ends and incident.at < outage.ends + _BEFORE
            if touched and self._district_of.get(incident.area) == outage.area:
                incident = _shade(incident, outage)
        return incident

    @cached_property
    def _district_of(self) -> dict[str, str]:
        """The district of each area; of those above every district, the top."""
        districts = {a.id for a in self.directory.areas if a.level is Level.DISTRICT}
        return {
            area: next((above for above in way if above in districts), way[-1])
            for area, way in ways_up(self.directory).items()
        }


def _shade(incident: Incident, outage: Incident) -> Incident:
    kept, doubtful = list[Expected](), list[Right]()
    for e in incident.expected:
        if e.rule in _EMERGENCIES:
            meets = e.known_by > outage.at and incident.at < outage.ends
            kept.append(e._replace(known_by=outage.ends + _CATCHES_UP) if meets else e)
        else:
            doubtful.append(Right(e.rule, e.severity))
    return incident._replace(expected=tuple(kept), right=(*incident.right, *doubtful))
