"""Answers from terminals: which incident they mean, and whether they were heard before."""

from datetime import datetime, timedelta
from uuid import UUID

from psycopg import AsyncConnection

_KEPT = timedelta(minutes=10)


async def first_time(
    conn: AsyncConnection, digest: bytes, now: datetime, *, window: timedelta
) -> bool:
    """Whether this answer has not been heard within `window`: by this copy or another, or twice
    from the broker. In the caller's transaction, so that one that fails counts as not heard."""
    cursor = await conn.execute(
        """
        INSERT INTO ack_seen AS a (digest, seen_at) VALUES (%(digest)s, %(now)s)
        ON CONFLICT (digest) DO UPDATE SET seen_at = excluded.seen_at
            WHERE a.seen_at <= %(now)s - %(window)s
        """,
        {"digest": digest, "now": now, "window": window},
    )
    return cursor.rowcount == 1


async def forget(conn: AsyncConnection, now: datetime) -> None:
    """Drop what can no longer come twice."""
    await conn.execute("DELETE FROM ack_seen WHERE seen_at < %s", (now - _KEPT,))


async def incident_of(conn: AsyncConnection, id_: UUID) -> UUID | None:
    """The incident that an id means: its own, or that of an alert, the open one first."""
    cursor = await conn.execute(
        """
        SELECT i.id FROM incident i
        WHERE i.id = %(id)s OR i.id IN (SELECT incident FROM incident_alert WHERE alert = %(id)s)
        ORDER BY i.state = 'closed', i.opened_at DESC LIMIT 1
        """,
        {"id": id_},
    )
    row = await cursor.fetchone()
    return row[0] if row else None
