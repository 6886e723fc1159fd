"""Answers from terminals: which incident they mean, whether they were heard before, and those that
came before their alert was stored."""

from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from psycopg import AsyncConnection
from psycopg.rows import class_row

_KEPT = timedelta(minutes=10)
_MOST_EARLY = 1_000  # of a station: more answers than its staff give in an outage


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


class Early(NamedTuple):
    """An answer that waits for its alert; `incident` is None where it has waited in vain."""

    incident: UUID | None
    station: str
    payload: bytes


async def keep_early(
    conn: AsyncConnection, digest: bytes, alert: UUID, station: str, payload: bytes, now: datetime
) -> bool:
    """False where so many of the station's wait already that this one is not kept."""
    cursor = await conn.execute("SELECT count(*) FROM ack_early WHERE station = %s", (station,))
    row = await cursor.fetchone()
    if row is None or row[0] >= _MOST_EARLY:
        return False
    await conn.execute(
        "INSERT INTO ack_early VALUES (%s, %s, %s, %s, %s) ON CONFLICT DO NOTHING",
        (digest, alert, station, payload, now),
    )
    return True


async def take_early(
    conn: AsyncConnection, now: datetime, *, patience: timedelta, most: int = 100
) -> list[Early]:
    """The first ones whose alert has become an incident, or that have waited longer than
    `patience`; they are taken out in the caller's transaction, by one copy."""
    cursor = conn.cursor(row_factory=class_row(Early))
    await cursor.execute(
        """
        WITH due AS (
            SELECT e.digest, e.station, e.payload, e.heard_at, found.incident
            FROM ack_early e
            LEFT JOIN LATERAL (
                SELECT a.incident FROM incident_alert a JOIN incident i ON i.id = a.incident
                WHERE a.alert = e.alert ORDER BY i.state = 'closed', i.opened_at DESC LIMIT 1
            ) found ON true
            WHERE found.incident IS NOT NULL OR e.heard_at < %(before)s
            ORDER BY e.heard_at LIMIT %(most)s
            FOR UPDATE OF e SKIP LOCKED
        ), gone AS (DELETE FROM ack_early e USING due WHERE e.digest = due.digest)
        SELECT incident, station, payload FROM due ORDER BY heard_at
        """,
        {"before": now - patience, "most": most},
    )
    return await cursor.fetchall()
