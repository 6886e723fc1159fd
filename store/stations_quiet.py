"""Mutes, test mode and away periods: rows that always expire, and what they keep quiet.

The limits stand in the tables' own checks too, so that no way around this file can overstep them.
"""

from datetime import datetime
from uuid import UUID

from psycopg import AsyncConnection


async def mute(
    conn: AsyncConnection,
    *,
    scope: str,
    subject: str,
    rule: str,
    reason: str,
    author: str,
    now: datetime,
    expires: datetime,
) -> int:
    cursor = await conn.execute(
        "INSERT INTO mute (scope, subject, rule, reason, author, starts, expires)"
        " VALUES (%s, %s, %s, %s, %s, %s, %s) RETURNING id",
        (scope, subject, rule, reason, author, now, expires),
    )
    row = await cursor.fetchone()
    return row[0] if row else 0


async def keep(conn: AsyncConnection, mute: int, alert: UUID) -> None:
    """Remember what a mute keeps quiet."""
    await conn.execute(
        "INSERT INTO mute_alert VALUES (%s, %s) ON CONFLICT DO NOTHING", (mute, alert)
    )


async def end_mute(conn: AsyncConnection, mute: int, now: datetime) -> bool:
    """End a mute before its time; False where it has ended."""
    done = await conn.execute(
        "UPDATE mute SET ended_at = %s WHERE id = %s AND ended_at IS NULL", (now, mute)
    )
    return done.rowcount == 1


async def end_expired(conn: AsyncConnection, now: datetime) -> list[int]:
    """End what is over: the mutes. Copies share the work."""
    cursor = await conn.execute(
        """
        UPDATE mute SET ended_at = expires WHERE id IN (
            SELECT id FROM mute WHERE ended_at IS NULL AND expires <= %s FOR UPDATE SKIP LOCKED
        ) RETURNING id
        """,
        (now,),
    )
    return [row[0] for row in await cursor.fetchall()]


async def let_go(conn: AsyncConnection, mute: int) -> list[UUID]:
    """Queue, as if raised now, what the mute kept quiet and is still open and in no incident."""
    cursor = await conn.execute(
        """
        WITH still AS (
            SELECT a.id, coalesce(a.home, a.gateway, 'unknown') AS lane, a.severity, a.onset
            FROM mute_alert k JOIN alert a ON a.id = k.alert
            WHERE k.mute = %s AND a.cleared IS NULL
                AND NOT EXISTS (SELECT FROM incident_alert i WHERE i.alert = a.id)
        ), queued AS (
            INSERT INTO alert_change (alert, lane, kind, severity, at)
            SELECT id, lane, 'raised', severity, onset FROM still ORDER BY onset
        )
        SELECT id FROM still ORDER BY onset, id
        """,
        (mute,),
    )
    found = [row[0] for row in await cursor.fetchall()]
    if found:
        await conn.execute("NOTIFY vigil_alert_change")
    return found


# Test mode


async def test_mode(
    conn: AsyncConnection,
    device: str,
    *,
    reason: str,
    author: str,
    now: datetime,
    expires: datetime,
) -> None:
    await conn.execute(
        "INSERT INTO test_mode (device, reason, author, starts, expires) VALUES (%s,%s,%s,%s,%s)",
        (device, reason, author, now, expires),
    )


async def end_test_mode(conn: AsyncConnection, device: str, now: datetime) -> bool:
    done = await conn.execute(
        "UPDATE test_mode SET ended_at = %s WHERE device = %s AND ended_at IS NULL"
        " AND expires > %s",
        (now, device, now),
    )
    return done.rowcount > 0


# Away


async def set_away(
    conn: AsyncConnection,
    elder: str,
    *,
    starts: datetime,
    until: datetime,
    reason: str,
    author: str,
) -> None:
    """A period that staff set; the rules follow it from the next batch on."""
    await conn.execute(
        "INSERT INTO away (elder, starts, until, reason, author) VALUES (%s, %s, %s, %s, %s)",
        (elder, starts, until, reason, author),
    )
    await _changed(conn)


async def end_away(conn: AsyncConnection, elder: str, now: datetime) -> int:
    """End the elder's periods that run, and drop those of staff that have not begun; how many."""
    ended = await conn.execute(
        "UPDATE away SET until = %(now)s"
        " WHERE elder = %(elder)s AND starts < %(now)s AND until > %(now)s",
        {"elder": elder, "now": now},
    )
    if ended.rowcount:
        await _changed(conn)
    return ended.rowcount


async def _changed(conn: AsyncConnection) -> None:
    await conn.execute("UPDATE directory_version SET version = version + 1")


async def elder_of(conn: AsyncConnection, alert: UUID) -> str | None:
    cursor = await conn.execute("SELECT elder FROM alert WHERE id = %s", (alert,))
    row = await cursor.fetchone()
    return row[0] if row else None
