"""`delivery`, the outbox: written in the transaction that decided it, sent afterwards.

A claim is a lease, not a lock held while sending: whoever dies while sending leaves the row due
again when the lease ends. So a message is sent at least once, and its id lets receivers see that
it is the same.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from psycopg import AsyncConnection
from psycopg.rows import class_row

SUPERSEDED = "superseded"
"""In `error`, with `sent_at`: dropped on a retry, because a newer card was waiting."""


class Letter(NamedTuple):
    """Something to send: to whom, by which channel, and what.

    `urgency` 0 goes out before all others of its channel. `replaceable`: a newer letter of the
    same incident to the same target makes this one needless.
    """

    channel: str
    target: str
    payload: dict[str, Any]
    urgency: int = 1
    replaceable: bool = True


@dataclass(frozen=True, slots=True)
class Delivery:
    id: int
    target: str
    payload: dict[str, Any]
    attempts: int
    created_at: datetime


async def claim(
    conn: AsyncConnection, channel: str, *, now: datetime, lease: timedelta, limit: int
) -> list[Delivery]:
    """Due deliveries of one channel, urgent and then oldest first, ours until the lease ends."""
    async with conn.cursor(row_factory=class_row(Delivery)) as cursor:
        await cursor.execute(
            """
            WITH due AS (
                SELECT id FROM delivery
                WHERE sent_at IS NULL AND dead_at IS NULL
                    AND due_at <= %(now)s AND channel = %(channel)s
                ORDER BY urgency, due_at, id LIMIT %(limit)s FOR UPDATE SKIP LOCKED
            ), taken AS (
                UPDATE delivery d
                SET due_at = %(until)s, attempts = attempts + 1, tried_at = %(now)s
                FROM due WHERE d.id = due.id
                RETURNING d.id, d.target, d.payload, d.attempts, d.created_at, d.urgency
            )
            SELECT id, target, payload, attempts, created_at FROM taken ORDER BY urgency, id
            """,
            {"now": now, "channel": channel, "limit": limit, "until": now + lease},
        )
        return await cursor.fetchall()


async def sent(conn: AsyncConnection, ids: Sequence[int], now: datetime) -> None:
    await conn.execute(
        "UPDATE delivery SET sent_at = %s, error = NULL WHERE id = ANY(%s)", (now, list(ids))
    )


async def failed(
    conn: AsyncConnection, delivery: int, *, error: str, retry_at: datetime, now: datetime
) -> None:
    """Due again at `retry_at`, unless a newer one for the same desk makes it needless."""
    await conn.execute(
        """
        UPDATE delivery d SET
            due_at = %(retry_at)s,
            sent_at = CASE WHEN newer AND d.replaceable THEN %(now)s END,
            error = CASE WHEN newer AND d.replaceable THEN %(superseded)s ELSE %(error)s END
        FROM (
            SELECT EXISTS (
                SELECT FROM delivery n JOIN delivery o ON o.id = %(id)s
                WHERE n.id > o.id AND n.incident = o.incident AND n.channel = o.channel
                    AND n.target = o.target AND n.sent_at IS NULL
            ) AS newer
        ) AS later
        WHERE d.id = %(id)s
        """,
        {
            "id": delivery,
            "retry_at": retry_at,
            "now": now,
            "superseded": SUPERSEDED,
            "error": error,
        },
    )


async def bury(conn: AsyncConnection, delivery: int, *, error: str, now: datetime) -> None:
    """Given up: it stays on record with the reason, and is not tried again."""
    await conn.execute(
        "UPDATE delivery SET dead_at = %s, error = %s WHERE id = %s", (now, error, delivery)
    )


async def tried(
    conn: AsyncConnection, channel: str, since: datetime
) -> tuple[int, datetime | None]:
    """How many deliveries of a channel were last tried after `since`, and the earliest such try."""
    cursor = await conn.execute(
        "SELECT count(*), min(tried_at) FROM delivery WHERE channel = %s AND tried_at > %s",
        (channel, since),
    )
    row = await cursor.fetchone()
    return (row[0], row[1]) if row else (0, None)


async def pending(conn: AsyncConnection) -> dict[str, int]:
    """Deliveries not sent yet, by channel."""
    cursor = await conn.execute(
        "SELECT channel, count(*) FROM delivery"
        " WHERE sent_at IS NULL AND dead_at IS NULL GROUP BY 1"
    )
    return dict(await cursor.fetchall())


async def next_due(conn: AsyncConnection, channel: str) -> datetime | None:
    cursor = await conn.execute(
        "SELECT min(due_at) FROM delivery"
        " WHERE sent_at IS NULL AND dead_at IS NULL AND channel = %s",
        (channel,),
    )
    row = await cursor.fetchone()
    return row[0] if row else None
