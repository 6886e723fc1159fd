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
    conn: AsyncConnection,
    places: Collection[tuple[str | None, str]],
    *,
    now: datetime,
    coverage: Coverage,
) -> dict[tuple[str | None, str], Route]:
    """The route of each place: a home and its lane; without a home, the gateway that the lane
    then names."""
    homes = {home for home, _ in places if home is not None}
    gateways = {lane for home, lane in places if home is None}
    above = await stations_route.above(conn, homes=homes, gateways=gateways)
    ways = {
        (home, lane): above.get(f"gateway:{lane}" if home is None else f"home:{home}", [])
        for home, lane in places
    }
    covered = await _covered(conn, ways.values(), now, coverage)
    lost = {p for p, way in ways.items() if p[0] is None or not any(s.station for s in way)}
    top = _top(await stations_route.stations_by_level(conn)) if lost else ()
    return {
        place: Route(
            _tiers(way, covered),
            known=place[0] is not None and bool(way),
            top=top if place in lost else (),
        )
        for place, way in ways.items()
    }


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
    conn: AsyncConnection,
    ways: Collection[Sequence[Place]],
    now: datetime,
    coverage: Coverage,
) -> set[str]:
    """Of the stations on the ways up, those with somebody on duty. A site that keeps no calendar
    at all is on duty day and night where the calendar is what counts."""
    zones = {
        p.station: _zone(way[n:])
        for way in ways
        for n, p in enumerate(way)
        if p.station is not None
    }
    if not zones or coverage is Coverage.ALWAYS:
        return set(zones)
    if coverage is Coverage.CONFIRMED:
        return set(await stations_duty.working(conn, list(zones), now=now, within=SEEN_WITHIN))
    calendars = await stations_duty.calendars(conn, list(zones))
    if calendars is None:
        return set(zones)
    return {s for s, zone in zones.items() if duty.on_duty(calendars[s], zone, now)}


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
