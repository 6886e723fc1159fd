"""How far a desk sees: common table expressions that bind every query of the console's pages.

`own (area)`: the areas for which the station is the nearest on the way up; its workers know these
people. `below (area)`: everything under the station's area. Both want the parameter `station`;
put `WITH RECURSIVE` in front.
"""

from collections.abc import Collection
from typing import NamedTuple

from store.console_sessions import Connection

OWN = """
own (area) AS (
    SELECT area FROM station WHERE id = %(station)s
    UNION
    SELECT a.id FROM area a JOIN own ON a.parent = own.area
    WHERE a.retired_at IS NULL
        AND NOT EXISTS (SELECT FROM station s WHERE s.area = a.id AND s.retired_at IS NULL)
)
"""
BELOW = """
below (area) AS (
    SELECT area FROM station WHERE id = %(station)s
    UNION
    SELECT a.id FROM area a JOIN below ON a.parent = below.area WHERE a.retired_at IS NULL
)
"""


class Place(NamedTuple):
    """An area under a station, `depth` steps below its own; the station there, if any."""

    area: str
    name: str
    level: str
    depth: int
    station: str | None
    station_name: str | None


async def places(conn: Connection, station: str) -> list[Place]:
    """Everything under a station, as the tree has it; an area once for each of its stations."""
    cursor = await conn.execute(
        """
        WITH RECURSIVE below (area, path) AS (
            SELECT area, ARRAY[area] FROM station WHERE id = %(station)s
            UNION ALL
            SELECT a.id, b.path || a.id FROM area a JOIN below b ON a.parent = b.area
            WHERE a.retired_at IS NULL AND cardinality(b.path) < 32
        )
        SELECT a.id, a.name, a.level, cardinality(b.path) - 1, s.id, s.name
        FROM below b JOIN area a ON a.id = b.area
        LEFT JOIN station s ON s.area = a.id AND s.retired_at IS NULL ORDER BY b.path, s.id
        """,
        {"station": station},
    )
    return [Place(*row) for row in await cursor.fetchall()]


async def covers(conn: Connection, station: str, area: str) -> bool:
    """Whether an area lies under a station."""
    return any(place.area == area for place in await places(conn, station))


async def own_elders(conn: Connection, station: str, elders: Collection[str]) -> set[str]:
    """Those of `elders` whom the station is the nearest to."""
    cursor = await conn.execute(
        f"""
        WITH RECURSIVE {OWN}
        SELECT e.id FROM elder e JOIN home h ON h.id = e.home
        WHERE e.id = ANY(%(elders)s) AND e.retired_at IS NULL AND h.area IN (SELECT area FROM own)
        """.encode(),  # noqa: S608 (our own text)
        {"station": station, "elders": list(elders)},
    )
    return {row[0] for row in await cursor.fetchall()}


async def holds(conn: Connection, station: str, home: str) -> bool:
    """Whether a home lies under a station."""
    cursor = await conn.execute(
        f"""
        WITH RECURSIVE {BELOW}
        SELECT EXISTS (SELECT FROM home WHERE id = %(home)s AND retired_at IS NULL
                       AND area IN (SELECT area FROM below))
        """.encode(),  # noqa: S608 (our own text)
        {"station": station, "home": home},
    )
    row = await cursor.fetchone()
    return bool(row and row[0])


async def covers_all(conn: Connection, station: str) -> bool:
    """Whether no station in service lies outside what is under this one."""
    cursor = await conn.execute(
        f"""
        WITH RECURSIVE {BELOW}
        SELECT NOT EXISTS (SELECT FROM station s WHERE s.retired_at IS NULL
                           AND s.area NOT IN (SELECT area FROM below))
        """.encode(),  # noqa: S608 (our own text)
        {"station": station},
    )
    row = await cursor.fetchone()
    return bool(row and row[0])
