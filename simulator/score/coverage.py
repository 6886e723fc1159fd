"""Who is on duty where, by the registry's calendar; and which stations stand above a home.

Shifts begin on a local date of the station's zone; one whose end is at or before its start ends
the next day. `duty_dates.csv` adds shifts to a date, or takes those away that begin on it.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import date, datetime, time, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from schemas.areas import ways_up
from schemas.directory import WEEKDAYS, Directory, Level
from schemas.registry import area_zones
from schemas.times import DAY, from_micros, to_micros

LEVELS = (Level.COMMUNITY, Level.STREET, Level.DISTRICT, Level.CITY)


class Shift(NamedTuple):
    """µs UTC, the end excluded."""

    begins: int
    ends: int
    staff: str


class Post(NamedTuple):
    """A station on the way up from a home."""

    station: str
    level: Level


class Coverage:
    """The shifts of every station in [start, end) (µs UTC), and the way up from each home."""

    def __init__(self, directory: Directory, start: int, end: int) -> None:
        self.zones = area_zones(directory.areas)
        self._area = {s.id: s.area for s in directory.stations}
        self._shifts: dict[str, list[Shift]] = {}
        for station in directory.stations:
            zone = ZoneInfo(self.zones[station.area])
            made = _Calendar(directory, station.id).shifts(zone, start, end)
            self._shifts[station.id] = sorted(made)
        self._begins = {s: [shift.begins for shift in v] for s, v in self._shifts.items()}
        self._longest = max(
            (s.ends - s.begins for shifts in self._shifts.values() for s in shifts), default=0
        )
        self.above = _ways_up(directory)
        """Home id → posts, the nearest first."""
        self.top = _top(directory)
        """For what has no station above it."""

    def on_duty(self, station: str, at: int) -> list[str]:
        """Workers whose shift runs at an instant, each once."""
        shifts = self._shifts.get(station, [])
        last = bisect_right(self._begins.get(station, []), at)
        found: dict[str, None] = {}
        for shift in reversed(shifts[:last]):
            if at - shift.begins > self._longest:
                break
            if shift.ends > at:
                found[shift.staff] = None
        return list(found)

    def way_up(self, home: str | None) -> Sequence[Post]:
        return self.above.get(home or "", ()) or self.top

    def desk(self, home: str | None, at: int) -> str:
        """The nearest station with somebody on duty; the highest where nobody is anywhere."""
        posts = self.way_up(home)
        for post in posts:
            if self.on_duty(post.station, at):
                return post.station
        return posts[-1].station if posts else ""

    def zone_of(self, station: str) -> str:
        return self.zones[self._area[station]]


class _Calendar:
    """One station's rows of duty.csv and duty_dates.csv."""

    def __init__(self, directory: Directory, station: str) -> None:
        self._weekly = [d for d in directory.duty if d.station == station]
        self._works: defaultdict[date, list[tuple[str, time, time]]] = defaultdict(list)
        self._off: defaultdict[date, set[str | None]] = defaultdict(set)
        for row in directory.duty_dates:
            if row.station != station:
                continue
            if row.works and row.staff and row.starts is not None and row.ends is not None:
                self._works[row.date].append((row.staff, row.starts, row.ends))
            elif not row.works:
                self._off[row.date].add(row.staff)

    def shifts(self, zone: ZoneInfo, start: int, end: int) -> Iterator[Shift]:
        day = from_micros(start - 2 * DAY).astimezone(zone).date()
        last = from_micros(end).astimezone(zone).date()
        while day <= last:
            for staff, starts, ends in self._on(day):
                yield _shift(day, staff, starts, ends, zone)
            day += timedelta(days=1)

    def _on(self, day: date) -> Iterator[tuple[str, time, time]]:
        off = self._off[day]
        if None not in off:
            for row in self._weekly:
                if WEEKDAYS[day.weekday()] in row.weekdays and row.staff not in off:
                    yield row.staff, row.starts, row.ends
        yield from self._works[day]


def _shift(day: date, staff: str, starts: time, ends: time, zone: ZoneInfo) -> Shift:
    until = day + timedelta(days=1) if ends <= starts else day
    begins = datetime.combine(day, starts, zone)
    return Shift(to_micros(begins), to_micros(datetime.combine(until, ends, zone)), staff)


def _ways_up(directory: Directory) -> dict[str, tuple[Post, ...]]:
    level = {a.id: a.level for a in directory.areas}
    stations: defaultdict[str, list[Post]] = defaultdict(list)
    for s in directory.stations:
        stations[s.area].append(Post(s.id, level[s.area]))
    ways = {
        area: tuple(post for above in way for post in stations[above])
        for area, way in ways_up(directory).items()
    }
    return {home.id: ways[home.area] for home in directory.homes}


def _top(directory: Directory) -> tuple[Post, ...]:
    level = {a.id: a.level for a in directory.areas}
    posts = [Post(s.id, level[s.area]) for s in directory.stations]
    height = max((LEVELS.index(p.level) for p in posts), default=0)
    return tuple(p for p in posts if LEVELS.index(p.level) == height)
