"""What a channel could not bring to anybody: it is on record, in the log, and somebody's task."""

from datetime import datetime

import structlog
from psycopg import AsyncConnection

from stations.route import top_station
from store import stations_events, stations_outbox, stations_task
from store.stations_events import Event
from store.stations_outbox import Delivery

log = structlog.get_logger(__name__)

KIND = "channel_failed"
"""The task's kind. One is open for each channel and receiver, however many letters died."""


async def bury(
    conn: AsyncConnection, channel: str, delivery: Delivery, *, error: str, now: datetime
) -> None:
    """Give a delivery up. The station that it was for is told by a task; else the top."""
    log.error("delivery_given_up", delivery=delivery.id, attempts=delivery.attempts, error=error)
    async with conn.transaction():
        await stations_outbox.bury(conn, delivery.id, error=error, now=now)
        station = await top_station(conn, preferred=delivery.target)
        task = await stations_task.open_about(
            conn, kind=KIND, subject=f"{channel}:{delivery.target}", station=station, now=now
        )
        if task is None:
            return
        detail = {"channel": channel, "delivery": delivery.id, "error": error}
        event = Event(at=now, kind="task_opened", task=task, station=station, detail=detail)
        await stations_events.record(conn, event)
        await stations_task.notify(conn, task)
