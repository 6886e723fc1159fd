"""The visit register, and whose visit is due: elders whom the city's plan wants seen each month."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from psycopg import AsyncConnection
from psycopg.rows import class_row

TO_VISIT = """
e.retired_at IS NULL AND (
    e.living IN ('lone', 'empty_nest', 'left_behind')
    OR e.care_level >= 1
    OR 'one_child_policy_special' = ANY(e.tags)
)
"""
"""Whom 月探访率 counts (`elder e`): 独居, 空巢, 留守, 失能 (every grade of GB/T 42195-2022 but
"able"), 计划生育特殊家庭."""

_ZONED = """
WITH RECURSIVE zoned (id, zone) AS (
    SELECT id, coalesce(zone, %(zone)s) FROM area WHERE parent IS NULL
    UNION ALL
    SELECT a.id, coalesce(a.zone, z.zone) FROM area a JOIN zoned z ON a.parent = z.id
), climb (area, at, height) AS (
    SELECT id, id, 0 FROM area
    UNION ALL
    SELECT c.area, a.parent, c.height + 1 FROM climb c JOIN area a ON a.id = c.at
    WHERE a.parent IS NOT NULL
), nearest AS (
    SELECT DISTINCT ON (c.area) c.area, s.id AS station
    FROM climb c JOIN station s ON s.area = c.at AND s.retired_at IS NULL
    ORDER BY c.area, c.height, s.id
)
"""

_OPEN_DUE = f"""
{_ZONED}
INSERT INTO task (kind, subject, home, station, opened_at)
SELECT 'visit_due', e.id, e.home, n.station, %(now)s
FROM elder e JOIN home h ON h.id = e.home JOIN zoned z ON z.id = h.area
LEFT JOIN nearest n ON n.area = h.area
WHERE {TO_VISIT}
    AND extract(day FROM %(now)s AT TIME ZONE coalesce(e.zone, z.zone)) >= %(day)s
    AND NOT EXISTS (
        SELECT FROM visit v WHERE v.elder = e.id AND v.at >=
            date_trunc('month', %(now)s AT TIME ZONE coalesce(e.zone, z.zone))
                AT TIME ZONE coalesce(e.zone, z.zone)
    )
    AND NOT EXISTS (
        SELECT FROM task t WHERE t.kind = 'visit_due' AND t.subject = e.id AND t.done_at IS NULL
    )
ON CONFLICT (kind, subject) WHERE done_at IS NULL AND subject IS NOT NULL DO NOTHING
RETURNING id, station
"""  # noqa: S608 (our own text only)


@dataclass(frozen=True, slots=True)
class Visit:
    id: int
    elder: str
    at: datetime
    staff: str
    incident: UUID | None
    note: str | None


async def record(
    conn: AsyncConnection,
    elders: Collection[str],
    *,
    at: datetime,
    staff: str,
    incident: UUID | None = None,
    note: str | None = None,
) -> None:
    """Write visits down; one that came with an incident counts once. Who is not in the directory
    is refused by the store (psycopg.errors.ForeignKeyViolation)."""
    async with conn.cursor() as cursor:
        await cursor.executemany(
            "INSERT INTO visit (elder, at, staff, incident, note) VALUES (%s, %s, %s, %s, %s)"
            " ON CONFLICT DO NOTHING",
            [(elder, at, staff, incident, note) for elder in elders],
        )


async def living_at(conn: AsyncConnection, home: str) -> list[str]:
    """The ids of everyone who lives in a home."""
    cursor = await conn.execute(
        "SELECT id FROM elder WHERE home = %s AND retired_at IS NULL ORDER BY id", (home,)
    )
    return [row[0] for row in await cursor.fetchall()]


async def finish_due(conn: AsyncConnection, elders: Sequence[str], *, now: datetime) -> list[UUID]:
    """End the open `visit_due` tasks of elders who were visited; their ids."""
    cursor = await conn.execute(
        "UPDATE task SET done_at = %s, note = 'visited' WHERE kind = 'visit_due'"
        " AND subject = ANY(%s) AND done_at IS NULL RETURNING id",
        (now, list(elders)),
    )
    return [row[0] for row in await cursor.fetchall()]


async def open_due(
    conn: AsyncConnection, *, now: datetime, day: int, zone: str
) -> list[tuple[UUID, str | None]]:
    """A `visit_due` task for everyone to be visited whom nobody has seen in the month so far, from
    the month's `day` on, in the elder's zone (`zone` where nothing says one); (task, station)."""
    cursor = await conn.execute(_OPEN_DUE, {"now": now, "day": day, "zone": zone})
    return [(row[0], row[1]) for row in await cursor.fetchall()]


async def visits(
    conn: AsyncConnection, areas: Sequence[str], *, start: datetime, end: datetime
) -> list[Visit]:
    """Visits in [start, end) to elders of `areas`, oldest first."""
    async with conn.cursor(row_factory=class_row(Visit)) as cursor:
        await cursor.execute(
            """
            SELECT v.id, v.elder, v.at, v.staff, v.incident, v.note
            FROM visit v JOIN elder e ON e.id = v.elder JOIN home h ON h.id = e.home
            WHERE h.area = ANY(%s) AND v.at >= %s AND v.at < %s ORDER BY v.at, v.id
            """,
            (list(areas), start, end),
        )
        return await cursor.fetchall()
