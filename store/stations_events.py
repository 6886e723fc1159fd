"""`alert_event`: the append-only record of who did what, when. `at` is the store's clock."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg import AsyncConnection
from psycopg.types.json import Jsonb


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One entry. `staff` is None for what the system did; `detail` holds ids and words only."""

    at: datetime
    kind: str
    incident: UUID | None = None
    alert: UUID | None = None
    task: UUID | None = None
    staff: str | None = None
    station: str | None = None
    detail: dict[str, Any] = field(default_factory=dict)


_INSERT = """
INSERT INTO alert_event (at, kind, incident, alert, task, staff, station, detail)
VALUES (%s, %s, %s, %s, %s, %s, %s, %s)
"""


async def record(conn: AsyncConnection, event: Event) -> None:
    await conn.execute(
        _INSERT,
        (
            event.at,
            event.kind,
            event.incident,
            event.alert,
            event.task,
            event.staff,
            event.station,
            Jsonb(event.detail),
        ),
    )
