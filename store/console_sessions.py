"""Console sessions and failed logins, as the store keeps them. Tokens come in hashed.

Every function takes the time; none commits: the caller's transaction does.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from psycopg import AsyncConnection
from psycopg.rows import class_row

Connection = AsyncConnection[Any]


@dataclass(frozen=True, slots=True)
class Session:
    """Who is signed in, and for which station."""

    token_hash: bytes
    staff: str
    name: str
    role: str
    station: str
    station_name: str
    csrf: str
    seen_at: datetime
    expires_at: datetime
    on_shift: bool
    """They confirmed a shift that still runs."""


async def insert(
    conn: Connection, token_hash: bytes, *, staff: str, csrf: str, now: datetime, expires: datetime
) -> None:
    await conn.execute(
        "INSERT INTO console_session (token_hash, staff, csrf, created_at, seen_at, expires_at)"
        " VALUES (%s, %s, %s, %s, %s, %s)",
        (token_hash, staff, csrf, now, now, expires),
    )


async def find(
    conn: Connection, token_hash: bytes, *, now: datetime, idle: timedelta
) -> Session | None:
    """The live session of a token; None if there is none, it expired, or the staff retired."""
    async with conn.cursor(row_factory=class_row(Session)) as cursor:
        await cursor.execute(
            "SELECT c.token_hash, c.staff, s.name, s.role, s.station, t.name AS station_name,"
            " c.csrf, c.seen_at, c.expires_at, EXISTS (SELECT FROM shift h WHERE h.staff = c.staff"
            " AND h.ended_at IS NULL AND h.ends_at > %s) AS on_shift"
            " FROM console_session c JOIN staff s ON s.id = c.staff"
            " JOIN station t ON t.id = s.station"
            " WHERE c.token_hash = %s AND c.expires_at > %s AND c.seen_at > %s"
            " AND s.retired_at IS NULL AND t.retired_at IS NULL",
            (now, token_hash, now, now - idle),
        )
        return await cursor.fetchone()


async def live(
    conn: Connection, token_hashes: Sequence[bytes], *, now: datetime, idle: timedelta
) -> set[bytes]:
    """Those of many tokens whose sessions `find` would find."""
    cursor = await conn.execute(
        "SELECT c.token_hash FROM console_session c JOIN staff s ON s.id = c.staff"
        " JOIN station t ON t.id = s.station"
        " WHERE c.token_hash = ANY(%s) AND c.expires_at > %s AND c.seen_at > %s"
        " AND s.retired_at IS NULL AND t.retired_at IS NULL",
        (list(token_hashes), now, now - idle),
    )
    return {row[0] for row in await cursor.fetchall()}


async def touch(
    conn: Connection, token_hashes: Sequence[bytes], *, now: datetime, unless_since: datetime
) -> None:
    """They are used now; those last marked after `unless_since` stay as they are."""
    await conn.execute(
        "UPDATE console_session SET seen_at = %s WHERE token_hash = ANY(%s) AND seen_at <= %s",
        (now, list(token_hashes), unless_since),
    )


async def delete(conn: Connection, token_hash: bytes) -> None:
    await conn.execute("DELETE FROM console_session WHERE token_hash = %s", (token_hash,))


async def purge(conn: Connection, *, now: datetime, idle: timedelta) -> None:
    """Forget sessions that can no longer be used."""
    await conn.execute(
        "DELETE FROM console_session WHERE expires_at <= %s OR seen_at <= %s", (now, now - idle)
    )


async def password_hash(conn: Connection, staff: str) -> str | None:
    """The hash of somebody who may sign in; None for everybody else."""
    cursor = await conn.execute(
        "SELECT s.password_hash FROM staff s JOIN station t ON t.id = s.station"
        " WHERE s.id = %s AND s.retired_at IS NULL AND t.retired_at IS NULL",
        (staff,),
    )
    row = await cursor.fetchone()
    return row[0] if row else None


async def replace_password_hash(conn: Connection, staff: str, *, old: str, new: str) -> bool:
    """False, and nothing changes, where the hash is `old` no more."""
    done = await conn.execute(
        "UPDATE staff SET password_hash = %s WHERE id = %s AND password_hash = %s",
        (new, staff, old),
    )
    return done.rowcount == 1
