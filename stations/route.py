"""Where an incident goes: the stations of each level above a home, and what to do without one.

No station or nobody on duty: the page goes up at once as well, and says why (I6). A place that
the directory does not know is the top's, and its gateway's own station's.
"""

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NamedTuple
from zoneinfo import ZoneInfo

from psycopg import AsyncConnection

from schemas.directory import DEFAULT_ZONE
from stations import duty
from stations.ladder import LEVELS
from stations.policy import Coverage
from store import stations_duty, stations_route
from store.stations_route import Place

SEEN_WITHIN = timedelta(seconds=60)
"""A console that showed a live page so short a time ago can be reached."""


class Why(StrEnum):
    """Why a station was paged; stands in `incident_station.why`."""

    LADDER = "ladder"
    NO_STATION = "no_station"  # the level below has none
    OFF_DUTY = "off_duty"  # nobody on duty below
    NO_PLACE = "no_place"  # the directory does not know where it happened
    NO_ROUTE = "no_route"  # no station anywhere above the place
    DEADLINE = "deadline"  # the holder took no next step in time
    ESCALATED = "escalated"  # somebody asked for it
    BY_HAND = "by_hand"  # it was opened there


class Page(NamedTuple):
    """A station to page."""

    station: str
    level: str
    why: Why


@dataclass(frozen=True, slots=True)
class Tier:
    """One level above the place: its stations, and those of them with somebody on duty."""

    level: str
    stations: tuple[str, ...]
    covered: frozenset[str]


@dataclass(frozen=True, slots=True)
class Route:
    """Every level above a place, lowest first, empty ones included.

    `known`: the directory knows the place. `top`: the highest stations of the whole directory,
    for a place that is unknown or has no station above it.
    """

    tiers: tuple[Tier, ...]
    known: bool
    top: tuple[Page, ...]

    def at(self, level: str) -> list[Page]:
        """Whom a page for `level` goes to: its stations, and upward until one has duty.

        Where neither that level nor any above it has a station, the highest one below it. Empty
        only if the directory holds no station at all.
        """
        pages = self._upward(level)
        if not self.known:
            there = {p.station for p in pages}
            pages += [p._replace(why=Why.NO_PLACE) for p in self.top if p.station not in there]
        return pages or self._highest() or [p._replace(why=Why.NO_ROUTE) for p in self.top]

    def beyond(self, reached: Collection[str], *, why: Why) -> list[Page]:
        """The lowest level with a station that has not been reached; empty at the top."""
        for tier in self.tiers:
            if missing := [s for s in tier.stations if s not in reached]:
                return [Page(s, tier.level, why) for s in missing]
        return []

    def nearest(self) -> str | None:
        """The station that a task belongs to."""
        stations = [s for tier in self.tiers for s in tier.stations]
        stations += [p.station for p in self.top]
        return stations[0] if stations else None

    def widest_below_top(self) -> str | None:
        """The station of the second highest level that has one: a district, of a city's tree."""
        stations = [tier.stations[0] for tier in self.tiers if tier.stations]
        return stations[-2] if len(stations) > 1 else None

    def _upward(self, level: str) -> list[Page]:
        pages: list[Page] = []
        why = Why.LADDER
        above = [t for t in self.tiers if _rank(t.level) >= _rank(level)]
        for tier in above:
            pages += [Page(s, tier.level, why) for s in tier.stations]
            if tier.covered:
                break
            why = Why.OFF_DUTY if tier.stations else Why.NO_STATION
        return pages

    def _highest(self) -> list[Page]:
        for tier in reversed(self.tiers):
            if tier.stations:
                return [Page(s, tier.level, Why.NO_STATION) for s in tier.stations]
        return []


async def find(
    conn: AsyncConnection, *, home: str | None, lane: str, now: datetime, coverage: Coverage
) -> Route:
    """The route of a home; without one, of the gateway that `lane` then names."""
    gateway = lane if home is None else None
    places = await stations_route.above(conn, home=home, gateway=gateway)
    known = home is not None and bool(places)
    stations = [p.station for p in places if p.station is not None]
    covered = await _covered(conn, places, now, coverage) if stations else set()
    top = () if known and stations else _top(await stations_route.stations_by_level(conn))
    return Route(_tiers(places, covered), known, top)


async def top_station(conn: AsyncConnection, *, preferred: str) -> str | None:
    """`preferred` if that is a station in service, else one at the top; None without any."""
    stations = await stations_route.stations_by_level(conn)
    if any(station == preferred for _, station in stations):
        return preferred
    return next((page.station for page in _top(stations)), None)


def _rank(level: str) -> int:
    return [str(known) for known in LEVELS].index(level)


def _top(stations: Sequence[tuple[str, str]]) -> tuple[Page, ...]:
    highest = max((_rank(level) for level, _ in stations), default=0)
    return tuple(Page(s, level, Why.LADDER) for level, s in stations if _rank(level) == highest)


async def _covered(
    conn: AsyncConnection, places: Sequence[Place], now: datetime, coverage: Coverage
) -> set[str]:
    """Of the places' stations, those with somebody on duty. A site that keeps no calendar at all
    is on duty day and night where the calendar is what counts."""
    stations = [p.station for p in places if p.station is not None]
    if coverage is Coverage.ALWAYS:
        return set(stations)
    if coverage is Coverage.CONFIRMED:
        return set(await stations_duty.working(conn, stations, now=now, within=SEEN_WITHIN))
    calendars = await stations_duty.calendars(conn, stations)
    if calendars is None:
        return set(stations)
    return {
        p.station
        for n, p in enumerate(places)
        if p.station is not None and duty.on_duty(calendars[p.station], _zone(places[n:]), now)
    }


def _tiers(places: Sequence[Place], covered: set[str]) -> tuple[Tier, ...]:
    by_level: dict[str, list[str]] = defaultdict(list)
    for place in places:
        if place.station is not None:
            by_level[place.level].append(place.station)
    return tuple(
        Tier(v, tuple(by_level[v]), frozenset(by_level[v]) & covered) for v in map(str, LEVELS)
    )


def _zone(upward: Sequence[Place]) -> ZoneInfo:
    return ZoneInfo(next((p.zone for p in upward if p.zone is not None), DEFAULT_ZONE))
