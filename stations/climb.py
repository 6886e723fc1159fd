"""Timers that came due: rows, judged by the store's clock, so any copy can die at any time.

Timers that an older ladder set are set anew here, within a round of the change.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

import psycopg
import structlog
from psycopg import AsyncConnection

from stations import incident
from stations.policy import DEFAULT, Policy
from stations.turn import Turn
from store import errors, stations_incident
from store.stations_incident import Incident

log = structlog.get_logger(__name__)

_AT_ONCE = 64  # a transaction
_RETRY = timedelta(seconds=5)


async def climb_due(conn: AsyncConnection, now: datetime, policy: Policy = DEFAULT) -> int:
    """Take one step for each of a batch of due incidents, in one transaction; for how many.

    What another copy is at work on is left to it. An incident several steps behind (nobody was
    there to climb) stays due, so that calling again until 0 brings it to where it belongs.
    """
    try:
        async with conn.transaction():
            turn = Turn(conn, now, policy)
            rows = await _lock(turn)
            await _steps(turn, rows)
    except psycopg.Error as error:
        if errors.kind(error) is errors.Kind.TRANSIENT:
            raise
        return await _one_by_one(conn, now, policy)
    return len(rows)


async def _lock(turn: Turn) -> list[Incident]:
    """What is due, and what an older ladder has timed."""
    rows = await stations_incident.lock_due(turn.conn, turn.now, _AT_ONCE)
    version, free = (await turn.ladder()).version, _AT_ONCE - len(rows)
    if version and free:
        known = {row.id for row in rows}
        older = await stations_incident.lock_outdated(turn.conn, version, free)
        rows += [row for row in older if row.id not in known]
    return rows


async def _steps(turn: Turn, rows: Sequence[Incident]) -> None:
    await turn.look_up([(row.home, row.lane) for row in rows])
    await turn.look_into([row.id for row in rows])
    version = (await turn.ladder()).version
    for row in rows:
        if row.ladder < version:
            await incident.retime(turn, row)
        if row.due_at is None or row.due_at > turn.now:
            continue
        if row.ladder_from is None:
            await incident.overdue(turn, row)
        else:
            await incident.climb(turn, row)
    await turn.write()


async def _one_by_one(conn: AsyncConnection, now: datetime, policy: Policy) -> int:
    """After the store has refused one of them, so that it holds up no other."""
    async with conn.transaction():
        rows = await _lock(Turn(conn, now, policy))
        return sum([await _alone(conn, row, now, policy) for row in rows])


async def _alone(conn: AsyncConnection, row: Incident, now: datetime, policy: Policy) -> bool:
    """Whether it was done. One that the store refuses is logged and tried again later."""
    try:
        async with conn.transaction():
            await _steps(Turn(conn, now, policy), [row])
    except psycopg.Error as error:
        if errors.kind(error) is errors.Kind.TRANSIENT:
            raise
        log.exception("climb_failed", incident=str(row.id))
        await stations_incident.postpone(conn, row.id, now + _RETRY)
        return False
    return True
