"""Working on a task: taking it on, the calls made for it, and ending it.

Each is one transaction and on record; `Refused` where the task is not the actor's station's, or is
done.
"""

from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg import AsyncConnection

from stations import storm
from stations.deed import Actor, CallResult
from stations.refused import Refused
from stations.work import check_actor
from store import stations_events, stations_task
from store.stations_events import Event


async def take(conn: AsyncConnection, task: UUID, actor: Actor, now: datetime) -> None:
    """From now on it is the actor's, whoever had it before. A second tap changes nothing."""
    async with conn.transaction():
        before = await _locked(conn, task, actor)
        if before == actor.staff:
            return
        await stations_task.assign(conn, task, actor.staff)
        await _record(conn, "task_taken", task, actor, now, {"from": before} if before else {})


async def log_call(
    conn: AsyncConnection,
    task: UUID,
    actor: Actor,
    now: datetime,
    *,
    result: str,
    note: str | None = None,
) -> None:
    """A care call and what came of it (`CallResult`). Having spoken to the person ends the task;
    anything else leaves it open, in the actor's hands."""
    if result not in set(CallResult):
        raise Refused("result_wrong")
    async with conn.transaction():
        await _locked(conn, task, actor)
        detail = {"result": result} | ({} if note is None else {"note": note})
        await _record(conn, "called", task, actor, now, detail)
        await stations_task.assign(conn, task, actor.staff)
        if result == CallResult.SPOKEN:
            await finish(conn, task, actor, now, note)


async def finish(
    conn: AsyncConnection, task: UUID, actor: Actor, now: datetime, note: str | None = None
) -> None:
    """Mark a task of the actor's station, or raised to it, as done. Refused if it is neither, or
    is done."""
    async with conn.transaction():
        await _locked(conn, task, actor)
        await stations_task.finish(conn, task, now=now, staff=actor.staff, note=note)
        await storm.settle(conn, task, now)
        detail = {} if note is None else {"note": note}
        await _record(conn, "task_done", task, actor, now, detail)


async def _locked(conn: AsyncConnection, task: UUID, actor: Actor) -> str | None:
    """Whose it is; ours until the end of the transaction."""
    await check_actor(conn, actor)
    row = await stations_task.lock(conn, task)
    if row is None or actor.station not in (row.station, row.raised_to):
        raise Refused("not_reached")
    if row.done_at is not None:
        raise Refused("done", holder=row.done_by)
    return row.assignee


async def _record(
    conn: AsyncConnection,
    kind: str,
    task: UUID,
    actor: Actor,
    now: datetime,
    detail: dict[str, Any],
) -> None:
    event = Event(
        at=now, kind=kind, task=task, staff=actor.staff, station=actor.station, detail=detail
    )
    await stations_events.record(conn, event)
