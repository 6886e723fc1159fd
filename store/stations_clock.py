"""The store's clock: the one clock that every copy of the stations shares."""

from collections.abc import Awaitable, Callable
from datetime import datetime

from psycopg import AsyncConnection

Clock = Callable[[AsyncConnection], Awaitable[datetime]]
"""How the time is asked for: `now` in a running process, a movable one in tests."""


async def now(conn: AsyncConnection) -> datetime:
    """The store's time at this moment, not at the start of the transaction."""
    cursor = await conn.execute("SELECT clock_timestamp()", prepare=True)
    row = await cursor.fetchone()
    if row is None:
        raise RuntimeError("the store gave no time")
    when: datetime = row[0]
    return when
