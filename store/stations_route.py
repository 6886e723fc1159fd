"""What routing reads from the directory: the areas above a place, their stations, the shifts."""

from datetime import time
from typing import NamedTuple
from zoneinfo import ZoneInfo

from psycopg import AsyncConnection

from schemas.directory import DEFAULT_ZONE


class Place(NamedTuple):
    """A station at an area on the way up, or an area without one (`station` None)."""

    depth: int
    area: str
    level: str
    zone: str | None
    station: str | None


class Shift(NamedTuple):
    """A weekly shift in the station's own zone; `ends` at or before `starts` is the next day."""

    station: str
    weekdays: list[str]
    starts: time
    ends: time


_UP = """
WITH RECURSIVE up AS (
    SELECT id, level, zone, parent, 0 AS depth FROM area
    WHERE id = coalesce(
        (SELECT area FROM home WHERE id = %(home)s),
        (SELECT area FROM gateway WHERE id = %(gateway)s))
    UNION ALL
    SELECT a.id, a.level, a.zone, a.parent, up.depth + 1
    FROM area a JOIN up ON a.id = up.parent WHERE up.depth < 32
)
SELECT up.depth, up.id, up.level, up.zone, s.id
FROM up LEFT JOIN station s ON s.area = up.id AND s.retired_at IS NULL
ORDER BY up.depth, s.id
"""


async def above(conn: AsyncConnection, *, home: str | None, gateway: str | None) -> list[Place]:
    """The area of a home, or else of a gateway, and everything above it, lowest first, with the
    stations there. Empty where the directory knows neither."""
    cursor = await conn.execute(_UP, {"home": home, "gateway": gateway})
    return [Place(*row) for row in await cursor.fetchall()]


async def stations_by_level(conn: AsyncConnection) -> list[tuple[str, str]]:
    """Every station in service with its area's level: for what has no place of its own."""
    cursor = await conn.execute(
        """
        SELECT a.level, s.id FROM station s JOIN area a ON a.id = s.area
        WHERE s.retired_at IS NULL ORDER BY s.id
        """
    )
    return [(level, station) for level, station in await cursor.fetchall()]


async def calendar(conn: AsyncConnection, stations: list[str]) -> list[Shift] | None:
    """The stations' shifts; None where the site keeps no duty calendar at all."""
    cursor = await conn.execute(
        """
        SELECT d.station, d.weekdays, d.starts, d.ends
        FROM duty d JOIN staff s ON s.id = d.staff AND s.retired_at IS NULL
        WHERE d.station = ANY(%s)
        """,
        (stations,),
    )
    shifts = [Shift(*row) for row in await cursor.fetchall()]
    if shifts:
        return shifts
    cursor = await conn.execute("SELECT EXISTS (SELECT FROM duty)")
    row = await cursor.fetchone()
    return [] if row and row[0] else None


async def staff_station(conn: AsyncConnection, staff: str) -> tuple[str, str] | None:
    """A staff member's station and role; None for one unknown or retired."""
    cursor = await conn.execute(
        "SELECT station, role FROM staff WHERE id = %s AND retired_at IS NULL", (staff,)
    )
    row = await cursor.fetchone()
    return (row[0], row[1]) if row else None


async def phones(conn: AsyncConnection, station: str) -> list[tuple[str, Shift]]:
    """The phones of a station's staff, with each shift of theirs."""
    cursor = await conn.execute(
        """
        SELECT s.phone, d.station, d.weekdays, d.starts, d.ends
        FROM duty d JOIN staff s ON s.id = d.staff AND s.retired_at IS NULL
        WHERE d.station = %s AND s.phone <> '' ORDER BY s.id, d.starts
        """,
        (station,),
    )
    return [(phone, Shift(*shift)) for phone, *shift in await cursor.fetchall()]


async def zone_of(conn: AsyncConnection, station: str) -> ZoneInfo:
    """The zone that a station's shifts count in: its area's, else the next one's above."""
    cursor = await conn.execute(
        """
        WITH RECURSIVE up AS (
            SELECT a.zone, a.parent, 0 AS depth
            FROM area a JOIN station s ON s.area = a.id WHERE s.id = %s
            UNION ALL
            SELECT a.zone, a.parent, up.depth + 1
            FROM area a JOIN up ON a.id = up.parent WHERE up.depth < 32
        )
        SELECT zone FROM up WHERE zone IS NOT NULL ORDER BY depth LIMIT 1
        """,
        (station,),
    )
    row = await cursor.fetchone()
    return ZoneInfo(row[0] if row else DEFAULT_ZONE)
