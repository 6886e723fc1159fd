"""Timers that came due: rows, judged by the store's clock, so any copy can die at any time."""

from datetime import datetime

from psycopg import AsyncConnection

from stations import incident
from stations.policy import DEFAULT, Policy
from store import stations_incident

_AT_ONCE = 16  # a transaction


async def climb_due(conn: AsyncConnection, now: datetime, policy: Policy = DEFAULT) -> int:
    """Take one step for each of a batch of due incidents, in one transaction; how many.

    What another copy is at work on is left to it. An incident several steps behind (nobody was
    there to climb) stays due, so that calling again until 0 brings it to where it belongs.
    """
    async with conn.transaction():
        rows = await stations_incident.lock_due(conn, now, _AT_ONCE)
        for row in rows:
            if row.ladder_from is None:
                await incident.overdue(conn, row, now, policy)
            else:
                await incident.climb(conn, row, now, policy)
    return len(rows)
