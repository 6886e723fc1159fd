"""A storm of device alerts is one outage: one task of the district stands for the others.

Only tasks are gathered, and only those that say that something fell silent. Emergency and care
alerts never pass through here, so none of them waits behind an outage (I7).
"""

from datetime import datetime, timedelta
from uuid import UUID

from psycopg import AsyncConnection

from stations.policy import Policy
from stations.route import Route
from store import stations_events, stations_task
from store.stations_events import Event

SILENCES = frozenset({"device-silent", "gateway-silent", "unprotected"})
KIND = "outage"
_WITHIN = timedelta(minutes=10)


async def gather(
    conn: AsyncConnection, task: UUID, where: Route, now: datetime, policy: Policy
) -> None:
    """Put a new task under its district's outage, if one is open or this one completes it."""
    district = where.widest_below_top()
    if district is None:
        return
    await stations_task.note_under(conn, task, district)
    outage = await stations_task.open_with(conn, kind=KIND, subject=district)
    if outage is None:
        fresh = await stations_task.count_under(conn, district, since=now - _WITHIN)
        if fresh < policy.storm:
            return
        outage = await stations_task.open_about(
            conn, kind=KIND, subject=district, station=district, now=now
        )
        if outage is None:
            return  # another copy has just opened it: the next task finds it
        event = Event(at=now, kind="task_opened", task=outage, station=district)
        await stations_events.record(conn, event)
    await stations_task.put_under(conn, outage, district)
    await stations_task.notify(conn, outage)


async def settle(conn: AsyncConnection, task: UUID, now: datetime) -> None:
    """After a task has ended: the outage that it belonged to ends with its last one."""
    over = await stations_task.finish_childless_parent(conn, task, now=now)
    if over is not None:
        await stations_events.record(conn, Event(at=now, kind="task_done", task=over))
        await stations_task.notify(conn, over)
