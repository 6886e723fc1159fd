"""The ladder as administrators changed it: a row for each change, the newest of which holds."""

from datetime import datetime
from typing import Any, NamedTuple

import psycopg
from psycopg import AsyncConnection
from psycopg.types.json import Jsonb

_NEWEST = "SELECT version, at, staff, why, ladder FROM ladder_change ORDER BY version DESC LIMIT 1"


class LadderChange(NamedTuple):
    """`ladder` as JSON; None: what the stations' settings say holds again."""

    version: int
    at: datetime
    staff: str
    why: str
    ladder: dict[str, Any] | None


async def newest(conn: AsyncConnection) -> LadderChange | None:
    """The change that holds; None where nobody has changed anything."""
    row = await (await conn.execute(_NEWEST, prepare=True)).fetchone()
    return LadderChange(*row) if row else None


def newest_now(connection: psycopg.Connection) -> LadderChange | None:
    """As `newest`, for commands."""
    row = connection.execute(_NEWEST).fetchone()
    return LadderChange(*row) if row else None


async def add(
    conn: AsyncConnection,
    *,
    after: int,
    at: datetime,
    staff: str,
    why: str,
    ladder: dict[str, Any] | None,
) -> bool:
    """The change that follows version `after` (0: the first one); False where another came first.
    Copies of the stations wake when it commits."""
    done = await conn.execute(
        """
        INSERT INTO ladder_change (version, at, staff, why, ladder)
        SELECT %(after)s + 1, %(at)s, %(staff)s, %(why)s, %(ladder)s
        WHERE %(after)s = (SELECT coalesce(max(version), 0) FROM ladder_change)
        ON CONFLICT (version) DO NOTHING
        """,
        {
            "after": after,
            "at": at,
            "staff": staff,
            "why": why,
            "ladder": None if ladder is None else Jsonb(ladder),
        },
    )
    await conn.execute("SELECT pg_notify('vigil_incident', '')")
    return done.rowcount == 1


async def history(conn: AsyncConnection, most: int) -> list[tuple[LadderChange, str]]:
    """The last changes with their authors' names, the newest first."""
    cursor = await conn.execute(
        "SELECT c.version, c.at, c.staff, c.why, c.ladder, s.name FROM ladder_change c"
        " JOIN staff s ON s.id = c.staff ORDER BY c.version DESC LIMIT %s",
        (most,),
    )
    return [(LadderChange(*change), name) for *change, name in await cursor.fetchall()]
