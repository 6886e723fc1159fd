"""Tasks that nobody touched for two working days: they stand on the next level's list as well."""

from datetime import datetime, timedelta

from psycopg import AsyncConnection

from stations import working_days
from stations.policy import Policy
from store import stations_duty, stations_events, stations_route, stations_task
from store.stations_events import Event

_DAYS = 2
_AT_ONCE = 500


async def raise_waiting(conn: AsyncConnection, now: datetime, policy: Policy) -> int:
    """How many were raised. What belongs to the top has nowhere to go and stays as it is."""
    raised = 0
    async with conn.transaction():
        oldest = now - timedelta(days=_DAYS)
        for task, station, opened in await stations_task.waiting_since(
            conn, oldest, limit=_AT_ONCE
        ):
            zone = await stations_duty.zone_of(conn, station)
            if opened > working_days.before(now, _DAYS, zone, policy.holidays):
                continue
            above = await stations_route.station_above(conn, station)
            if above is None:
                continue
            await stations_task.raise_to(conn, task, above)
            event = Event(at=now, kind="task_raised", task=task, station=above)
            await stations_events.record(conn, event)
            raised += 1
    return raised
