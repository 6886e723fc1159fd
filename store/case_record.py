"""What is on record of one incident beyond its card: who the workers are, and what was sent."""

from collections.abc import Collection
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from store.console_sessions import Connection

_MOST = 200


class Sent(NamedTuple):
    """A message to a station or its people by a channel of the site's own: at `at` it went out,
    or was given up (`failed`: why)."""

    channel: str
    target: str
    at: datetime
    failed: str | None


async def staff_names(conn: Connection, ids: Collection[str]) -> dict[str, str]:
    """By id, those of `ids` that the directory has, retired ones too."""
    cursor = await conn.execute("SELECT id, name FROM staff WHERE id = ANY(%s)", (list(ids),))
    return dict(await cursor.fetchall())


async def sent(conn: Connection, incident: UUID) -> list[Sent]:
    """By time, 200 at most; cards for the stations' own screens are left out, and superseded
    messages, which were never sent."""
    cursor = await conn.execute(
        """
        SELECT channel, target, coalesce(dead_at, sent_at), CASE WHEN dead_at IS NOT NULL
            THEN coalesce(error, '') END
        FROM delivery
        WHERE incident = %s AND channel <> 'station_topic'
            AND (dead_at IS NOT NULL OR (sent_at IS NOT NULL AND error IS NULL))
        ORDER BY 3, id LIMIT %s
        """,
        (incident, _MOST),
    )
    return [Sent(*row) for row in await cursor.fetchall()]
