"""Care visits: the register, and an overdue one as a task of the nearest station.

The month is the elder's own. From the 20th on (`Policy.visit_day`), who is to be visited and was
not seen yet becomes a task, which stays until a visit is on record; a visit made while closing an
incident counts.
"""

from collections.abc import Collection
from datetime import datetime

from psycopg import AsyncConnection

from schemas.directory import DEFAULT_ZONE
from stations.policy import Policy
from store import stations_events, stations_task, stations_visits
from store.stations_events import Event
from store.stations_incident import Incident


async def visited(
    conn: AsyncConnection,
    elders: Collection[str],
    *,
    at: datetime,
    staff: str,
    now: datetime,
    note: str | None = None,
) -> None:
    """Put visits on record, in one transaction with the end of the tasks that asked for them."""
    async with conn.transaction():
        await stations_visits.record(conn, elders, at=at, staff=staff, note=note)
        await _finish(conn, elders, staff=staff, now=now)


async def seen_at_closing(
    conn: AsyncConnection, row: Incident, elders: Collection[str], *, staff: str, now: datetime
) -> None:
    """The visit that an incident came to: to those whom it names, else to everyone of its home."""
    if not elders and row.home is not None:
        elders = await stations_visits.living_at(conn, row.home)
    await stations_visits.record(conn, elders, at=now, staff=staff, incident=row.id)
    await _finish(conn, elders, staff=staff, now=now)


async def open_due(conn: AsyncConnection, now: datetime, policy: Policy) -> int:
    """Tasks for the visits that are due; how many are new. Any copy may run it at any time."""
    async with conn.transaction():
        opened = await stations_visits.open_due(
            conn, now=now, day=policy.visit_day, zone=DEFAULT_ZONE
        )
        for task, station in opened:
            event = Event(at=now, kind="task_opened", task=task, station=station)
            await stations_events.record(conn, event)
            await stations_task.notify(conn, task)
    return len(opened)


async def _finish(
    conn: AsyncConnection, elders: Collection[str], *, staff: str, now: datetime
) -> None:
    for task in await stations_visits.finish_due(conn, list(elders), now=now):
        await stations_events.record(conn, Event(at=now, kind="task_done", task=task, staff=staff))
        await stations_task.notify(conn, task)
