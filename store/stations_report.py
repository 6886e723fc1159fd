"""What a monthly report counts: incidents with their steps, pages, visits. Ids only."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from psycopg import AsyncConnection
from psycopg.rows import class_row

from store.stations_visits import TO_VISIT

_MADE = """
SELECT i.id, coalesce(h.area, g.area) AS area, i.severity, i.state, i.outcome, i.reached, i.test,
    i.opened_at, min(a.raised) AS raised, coalesce(bool_or(a.late), false) AS late,
    coalesce(array_agg(DISTINCT a.device) FILTER (WHERE a.device IS NOT NULL), '{}') AS devices
FROM incident i
LEFT JOIN home h ON h.id = i.home
LEFT JOIN gateway g ON i.home IS NULL AND g.id = i.lane
LEFT JOIN incident_alert ia ON ia.incident = i.id LEFT JOIN alert a ON a.id = ia.alert
WHERE i.opened_at >= %s AND i.opened_at < %s AND coalesce(h.area, g.area) = ANY(%s)
GROUP BY i.id, h.area, g.area ORDER BY i.opened_at, i.id
"""
_STEPS = """
SELECT e.incident, e.at, e.kind, e.staff, s.level, e.detail
FROM alert_event e
LEFT JOIN incident_station s ON s.incident = e.incident AND s.station = e.station
WHERE e.incident = ANY(%s) ORDER BY e.id
"""
_PAGE = 2_000  # incidents whose steps are fetched at a time


class Step(NamedTuple):
    """Something that happened to an incident. `level`: of the station whose worker did it."""

    at: datetime
    kind: str
    staff: str | None
    level: str | None
    detail: dict[str, object]


@dataclass(slots=True)
class Case:
    """An incident as a report sees it. `raised`: the first alert's; None if opened by hand."""

    id: UUID
    area: str
    severity: str
    state: str
    outcome: str | None
    reached: str | None
    test: bool
    opened_at: datetime
    raised: datetime | None
    late: bool
    devices: list[str]
    steps: list[Step] = field(default_factory=list)


class Area(NamedTuple):
    """An area of the tree; `zone`: its own or inherited."""

    id: str
    name: str
    level: str
    parent: str | None
    zone: str


async def areas(conn: AsyncConnection, top: str, *, zone: str) -> list[Area]:
    """`top` and everything below it, `top` first; empty where the directory does not know it."""
    cursor = await conn.execute(
        """
        WITH RECURSIVE up (parent, zone, height) AS (
            SELECT parent, zone, 0 FROM area WHERE id = %(top)s
            UNION ALL SELECT a.parent, a.zone, height + 1 FROM up JOIN area a ON a.id = up.parent
        ), down (id, name, level, parent, zone, depth) AS (
            SELECT id, name, level, parent, coalesce(
                (SELECT up.zone FROM up WHERE up.zone IS NOT NULL ORDER BY height LIMIT 1),
                %(zone)s), 0
            FROM area WHERE id = %(top)s
            UNION ALL
            SELECT a.id, a.name, a.level, a.parent, coalesce(a.zone, d.zone), d.depth + 1
            FROM down d JOIN area a ON a.parent = d.id WHERE a.retired_at IS NULL
        )
        SELECT id, name, level, parent, zone FROM down ORDER BY depth, id
        """,
        {"top": top, "zone": zone},
    )
    return [Area(*row) for row in await cursor.fetchall()]


async def cases(
    conn: AsyncConnection, areas: Sequence[str], *, start: datetime, end: datetime
) -> list[Case]:
    """Incidents of `areas` opened in [start, end), oldest first, each with its steps in order."""
    async with conn.cursor(row_factory=class_row(Case)) as cursor:
        await cursor.execute(_MADE, (start, end, list(areas)))
        found = await cursor.fetchall()
    by_id = {case.id: case for case in found}
    ids = list(by_id)
    for first in range(0, len(ids), _PAGE):
        rows = await conn.execute(_STEPS, (ids[first : first + _PAGE],))
        async for incident, *step in rows:
            by_id[incident].steps.append(Step(*step))
    return found


async def joins(
    conn: AsyncConnection, areas: Sequence[str], *, start: datetime, end: datetime
) -> dict[str, list[datetime]]:
    """When incidents reached each station of `areas` in [start, end); every station is named."""
    cursor = await conn.execute(
        """
        SELECT s.id, j.joined_at FROM station s
        LEFT JOIN incident_station j
            ON j.station = s.id AND j.joined_at >= %s AND j.joined_at < %s
        WHERE s.area = ANY(%s) AND s.retired_at IS NULL ORDER BY s.id, j.joined_at
        """,
        (start, end, list(areas)),
    )
    found: dict[str, list[datetime]] = defaultdict(list)
    for station, joined in await cursor.fetchall():
        found[station] += [joined] if joined is not None else []
    return found


class Population(NamedTuple):
    """Elders of an area: all, those to be visited each month, and of these the visited."""

    elders: int
    to_visit: int
    visited: int


async def population(
    conn: AsyncConnection, areas: Sequence[str], *, start: datetime, end: datetime
) -> dict[str, Population]:
    """By area. Who has left the directory before `end` is not counted."""
    cursor = await conn.execute(
        f"""
        SELECT h.area, count(*), count(*) FILTER (WHERE {TO_VISIT}),
            count(*) FILTER (WHERE {TO_VISIT} AND EXISTS (
                SELECT FROM visit v WHERE v.elder = e.id AND v.at >= %s AND v.at < %s))
        FROM elder e JOIN home h ON h.id = e.home
        WHERE h.area = ANY(%s) AND (e.retired_at IS NULL OR e.retired_at >= %s)
        GROUP BY h.area
        """.encode(),  # noqa: S608 (our own text only)
        (start, end, list(areas), end),
    )
    return {area: Population(*counts) for area, *counts in await cursor.fetchall()}
