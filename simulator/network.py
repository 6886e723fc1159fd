"""The network of stations: areas, stations, staff and duty, from one city down to communities."""

from collections.abc import Iterator
from datetime import time
from typing import NamedTuple

from schemas.directory import (
    DEFAULT_ZONE,
    WEEKDAYS,
    Area,
    Duty,
    Level,
    Role,
    Staff,
    Station,
)
from simulator import names
from simulator.dice import Dice

HOMES_PER_COMMUNITY = 80
"""About 100 elders: from there on a community buys one worker's service."""
COMMUNITIES_PER_STREET = 24
HOMES_PER_DISTRICT = 22_000
_CITY = "330100000000"
_FIRST_DISTRICT = 5


class Network(NamedTuple):
    areas: tuple[Area, ...]
    stations: tuple[Station, ...]
    staff: tuple[Staff, ...]
    duty: tuple[Duty, ...]

    @property
    def communities(self) -> tuple[Area, ...]:
        return tuple(a for a in self.areas if a.level is Level.COMMUNITY)

    def around(self, communities: tuple[Area, ...]) -> "Network":
        """Of these communities and everything above them only."""
        by_id = {a.id: a for a in self.areas}
        wanted: dict[str, Area] = {}
        for community in communities:
            area: Area | None = community
            while area is not None and area.id not in wanted:
                wanted[area.id] = area
                area = by_id.get(area.parent or "")
        stations = tuple(s for s in self.stations if s.area in wanted)
        kept = {s.id for s in stations}
        return Network(
            areas=tuple(a for a in self.areas if a.id in wanted),
            stations=stations,
            staff=tuple(s for s in self.staff if s.station in kept),
            duty=tuple(d for d in self.duty if d.station in kept),
        )


def make_network(*, homes: int, dice: Dice) -> Network:
    """At least two streets and two communities, so that every route has an alternative."""
    areas = tuple(_areas(homes))
    stations = tuple(_stations(areas))
    level = {a.id: a.level for a in areas}
    staff = tuple(s for k, st in enumerate(stations) for s in _staff(k, st, level[st.area], dice))
    duty = tuple(d for st in stations for d in _duty(st, level[st.area]))
    return Network(areas, stations, staff, duty)


def _areas(homes: int) -> Iterator[Area]:
    """Communities evenly over the districts, and over the streets of each."""
    communities = max(2, -(-homes // HOMES_PER_COMMUNITY))
    districts = max(1, round(homes / HOMES_PER_DISTRICT))
    yield Area(id=_CITY, name="云栖市", level=Level.CITY, zone=DEFAULT_ZONE)
    for d in range(districts):
        code = f"3301{_FIRST_DISTRICT + d:02d}"
        name = _numbered(names.DISTRICTS, d) + "区"
        yield Area(id=code + "000000", name=name, level=Level.DISTRICT, parent=_CITY)
        share = (d + 1) * communities // districts - d * communities // districts
        yield from _streets(code, share)


def _streets(district: str, communities: int) -> Iterator[Area]:
    streets = max(2, -(-communities // COMMUNITIES_PER_STREET))
    for s in range(streets):
        code = f"{district}{s + 1:03d}"
        name = _numbered(names.STREETS, s) + "街道"
        yield Area(id=code + "000", name=name, level=Level.STREET, parent=district + "000000")
        first = s * communities // streets
        for c in range(first, (s + 1) * communities // streets):
            name = _numbered(names.COMMUNITIES, c) + "社区"
            id_ = f"{code}{c - first + 1:03d}"
            yield Area(id=id_, name=name, level=Level.COMMUNITY, parent=code + "000")


def _numbered(pool: tuple[str, ...], k: int) -> str:
    turn = k // len(pool)
    return pool[k % len(pool)] + (f"第{turn + 1}" if turn else "")


_POST = {
    Level.CITY: "市级养老服务中心",
    Level.DISTRICT: "养老服务中心",
    Level.STREET: "居家养老服务中心",
    Level.COMMUNITY: "养老服务站",
}


def _stations(areas: tuple[Area, ...]) -> Iterator[Station]:
    count = dict.fromkeys(Level, 0)
    for k, area in enumerate(areas):
        count[area.level] += 1
        number = "12349" if area.level is Level.CITY else names.phone(9_000_000 + k)
        yield Station(
            id=f"{area.level}-{count[area.level]}",
            name=area.name + _POST[area.level],
            area=area.id,
            phone=number,
        )


def _staff(k: int, station: Station, level: Level, dice: Dice) -> Iterator[Staff]:
    roles = [Role.DUTY, Role.DUTY]
    if level in (Level.CITY, Level.DISTRICT):
        roles.append(Role.SUPERVISOR)
    for n, role in enumerate(roles, 1):
        surname = names.SURNAMES[dice.pick(len(names.SURNAMES), k, n, 0)]
        given = names.STAFF_GIVEN[dice.pick(len(names.STAFF_GIVEN), k, n, 1)]
        yield Staff(
            id=f"{station.id}-{n}",
            name=surname + given,
            station=station.id,
            role=role,
            phone=names.phone(8_000_000 + k * 10 + n),
        )


_WORKDAYS, _WEEKEND = WEEKDAYS[:5], WEEKDAYS[5:]


def _duty(station: Station, level: Level) -> Iterator[Duty]:
    """Communities close at night; from the street up somebody is there around the clock."""
    first, second = f"{station.id}-1", f"{station.id}-2"
    if level is Level.COMMUNITY:
        shifts = [
            (first, _WORKDAYS, time(8), time(17)),
            (second, _WORKDAYS, time(12), time(20)),
            (second, _WEEKEND, time(8, 30), time(16, 30)),
        ]
    else:
        shifts = [(first, WEEKDAYS, time(8), time(20)), (second, WEEKDAYS, time(20), time(8))]
    for staff, days, starts, ends in shifts:
        yield Duty(station=station.id, staff=staff, weekdays=days, starts=starts, ends=ends)
