"""One area's report for one month: read what happened, count, and put it in order.

The same month gives the same report: nothing in it depends on when it is made, once the month is
over and its incidents are closed. Counting runs in threads: a city's month must not hold up pages
that ring.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from psycopg import AsyncConnection

from schemas.directory import DEFAULT_ZONE
from stations import duty
from stations.report import figures
from stations.report.answers import Verdict, judge
from stations.report.figures import Figure
from store import stations_duty, stations_report
from store.stations_report import Area, Population


class NoSuchArea(LookupError):  # noqa: N818 (an answer to whoever asked)
    """The directory does not hold the area."""


@dataclass(frozen=True, slots=True)
class Section:
    """An area of the report with its figures."""

    area: Area
    figures: list[Figure]


@dataclass(frozen=True, slots=True)
class Report:
    """`month`: YYYY-MM, in the area's zone. The area asked for comes first, then those below."""

    month: str
    zone: str
    sections: list[Section]


async def build(conn: AsyncConnection, *, area: str, month: str) -> Report:
    """The report of `area` and everything below it. NoSuchArea; ValueError for a wrong month."""
    tree = await stations_report.areas(conn, area, zone=DEFAULT_ZONE)
    if not tree:
        raise NoSuchArea(f"no area {area!r} in the directory: vigil registry export shows them")
    zone = ZoneInfo(tree[0].zone)
    start, end = span(month, zone)
    ids = [a.id for a in tree]
    cases = await stations_report.cases(conn, ids, start=start, end=end)
    verdicts = await asyncio.to_thread(lambda: [judge(c) for c in cases])
    people = await stations_report.population(conn, ids, start=start, end=end)
    sections = []
    for place in tree:
        below = _below(tree, place.id)
        own = await _desks(conn, place, zone, start, end)
        counted = await asyncio.to_thread(_counted, below, verdicts, people)
        sections.append(Section(place, [*counted, *own]))
    return Report(month, tree[0].zone, sections)


def span(month: str, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """[first moment, first moment after] of a month such as 2026-03, UTC."""
    try:
        first = datetime.strptime(month, "%Y-%m").replace(tzinfo=zone)
    except ValueError:
        raise ValueError(f"a month is YYYY-MM, such as 2026-03; got {month!r}") from None
    after = first.replace(year=first.year + first.month // 12, month=first.month % 12 + 1)
    return first.astimezone(UTC), after.astimezone(UTC)


def _counted(
    below: set[str], verdicts: Sequence[Verdict], people: dict[str, Population]
) -> list[Figure]:
    mine = [v for v in verdicts if v.case.area in below]
    here = [p for area, p in sorted(people.items()) if area in below]
    return [
        *figures.answering(mine),
        *figures.outcomes(mine, elder_months=sum(p.elders for p in here)),
        *figures.repeat_devices(mine),
        *figures.care(here),
    ]


async def _desks(
    conn: AsyncConnection, place: Area, zone: ZoneInfo, start: datetime, end: datetime
) -> list[Figure]:
    """Of the area's own stations."""
    joins = await stations_report.joins(conn, [place.id], start=start, end=end)
    calendars = await stations_duty.calendars(conn, list(joins)) if joins else None
    found = figures.desks(joins, zone=zone, nights=(end - start).days)
    if calendars is None:
        return found  # the site keeps no calendar
    gaps = {s: duty.gaps(c, ZoneInfo(place.zone), start, end) for s, c in calendars.items()}
    return found + figures.coverage(gaps)


def _below(tree: Sequence[Area], top: str) -> set[str]:
    """`top` and everything below it; the tree lists parents first."""
    found = {top}
    for area in tree:
        if area.parent in found:
            found.add(area.id)
    return found
