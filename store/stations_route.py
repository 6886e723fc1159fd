"""What routing reads from the directory: the areas above a place, and their stations."""

from collections import defaultdict
from collections.abc import Collection
from typing import NamedTuple
from uuid import UUID

from psycopg import AsyncConnection


class Place(NamedTuple):
    """A station at an area on the way up, or an area without one (`station` None)."""

    depth: int
    area: str
    level: str
    zone: str | None
    station: str | None


_UP = """
WITH RECURSIVE place (key, area) AS (
    SELECT 'home:' || id, area FROM home WHERE id = ANY(%(homes)s)
    UNION ALL
    SELECT 'gateway:' || id, area FROM gateway WHERE id = ANY(%(gateways)s)
), up AS (
    SELECT p.key, a.id, a.level, a.zone, a.parent, 0 AS depth
    FROM place p JOIN area a ON a.id = p.area
    UNION ALL
    SELECT up.key, a.id, a.level, a.zone, a.parent, up.depth + 1
    FROM area a JOIN up ON a.id = up.parent WHERE up.depth < 32
)
SELECT up.key, up.depth, up.id, up.level, up.zone, s.id
FROM up LEFT JOIN station s ON s.area = up.id AND s.retired_at IS NULL
ORDER BY up.key, up.depth, s.id
"""


async def above(
    conn: AsyncConnection, *, homes: Collection[str], gateways: Collection[str]
) -> dict[str, list[Place]]:
    """By `home:<id>` and `gateway:<id>`: its area and everything above it, lowest first, with the
    stations there. What the directory does not know is left out."""
    values = {"homes": list(homes), "gateways": list(gateways)}
    cursor = await conn.execute(_UP, values, prepare=True)
    found: defaultdict[str, list[Place]] = defaultdict(list)
    for key, *place in await cursor.fetchall():
        found[key].append(Place(*place))
    return dict(found)


async def stations_by_level(conn: AsyncConnection) -> list[tuple[str, str]]:
    """Every station in service with its area's level: for what has no place of its own."""
    cursor = await conn.execute(
        """
        SELECT a.level, s.id FROM station s JOIN area a ON a.id = s.area
        WHERE s.retired_at IS NULL ORDER BY s.id
        """
    )
    return [(level, station) for level, station in await cursor.fetchall()]


async def staff_station(conn: AsyncConnection, staff: str) -> tuple[str, str] | None:
    """A staff member's station and role; None for one unknown or retired."""
    cursor = await conn.execute(
        "SELECT station, role FROM staff WHERE id = %s AND retired_at IS NULL", (staff,)
    )
    row = await cursor.fetchone()
    return (row[0], row[1]) if row else None


async def station_above(conn: AsyncConnection, station: str) -> str | None:
    """The next station on the way up from a station's area; None at the top."""
    cursor = await conn.execute(
        """
        WITH RECURSIVE up AS (
            SELECT a.parent AS area, 0 AS depth
            FROM station s JOIN area a ON a.id = s.area WHERE s.id = %s
            UNION ALL
            SELECT a.parent, depth + 1 FROM up JOIN area a ON a.id = up.area WHERE depth < 32
        )
        SELECT s.id FROM up JOIN station s ON s.area = up.area AND s.retired_at IS NULL
        ORDER BY up.depth, s.id LIMIT 1
        """,
        (station,),
    )
    row = await cursor.fetchone()
    return row[0] if row else None


async def doctor_of(conn: AsyncConnection, alert: UUID) -> tuple[str, str] | None:
    """The contracted doctor of an alert's elder and their station, where `elders.csv` names one
    who is on the staff; else None."""
    cursor = await conn.execute(
        """
        SELECT s.id, s.station FROM alert a JOIN elder e ON e.id = a.elder
        JOIN staff s ON s.id = e.doctor AND s.retired_at IS NULL WHERE a.id = %s
        """,
        (alert,),
    )
    row = await cursor.fetchone()
    return (row[0], row[1]) if row else None


async def anybody_alone(conn: AsyncConnection, home: str) -> bool:
    """Whether somebody there lives alone or was left behind (`lone`, `left_behind`)."""
    cursor = await conn.execute(
        "SELECT EXISTS (SELECT FROM elder WHERE home = %s AND retired_at IS NULL"
        " AND living IN ('lone', 'left_behind'))",
        (home,),
    )
    row = await cursor.fetchone()
    return bool(row and row[0])
