"""What one transaction changes about incidents, written together: a statement a table.

Ten statements for each of many incidents would keep the store busier with statements than with
rows.
"""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg import AsyncConnection
from psycopg.types.json import Jsonb

from store.stations_events import Event
from store.stations_incident import COLUMNS, Incident, Joined
from store.stations_outbox import Letter

_CHANGING = COLUMNS[COLUMNS.index("severity") :]
_LIST = ", ".join(COLUMNS)
_INCIDENTS = f"""
INSERT INTO incident ({_LIST}) SELECT {_LIST} FROM jsonb_populate_recordset(NULL::incident, %s)
ON CONFLICT (id) DO UPDATE SET {", ".join(f"{c} = excluded.{c}" for c in _CHANGING)}
""".encode()  # noqa: S608 (our own names only)
_ALERTS = (
    "INSERT INTO incident_alert SELECT * FROM unnest(%s::uuid[], %s::uuid[], %s::timestamptz[])"
)
_STATIONS = """
INSERT INTO incident_station (incident, station, level, joined_at, why)
SELECT * FROM unnest(%s::uuid[], %s::text[], %s::text[], %s::timestamptz[], %s::text[])
ON CONFLICT DO NOTHING
"""
_EVENTS = """
INSERT INTO alert_event (at, kind, incident, alert, task, staff, station, detail)
SELECT e.at, e.kind, e.incident, e.alert, e.task, e.staff, e.station, d.detail
FROM unnest(%s::timestamptz[], %s::text[], %s::uuid[], %s::uuid[], %s::uuid[], %s::text[],
    %s::text[]) WITH ORDINALITY AS e (at, kind, incident, alert, task, staff, station, n)
JOIN jsonb_array_elements(%s) WITH ORDINALITY AS d (detail, n) USING (n) ORDER BY n
"""
_LETTERS = """
INSERT INTO delivery
    (incident, created_at, due_at, channel, target, payload, urgency, replaceable)
SELECT l.incident, %(now)s, %(now)s, l.channel, l.target, l.payload, l.urgency, l.replaceable
FROM jsonb_to_recordset(%(letters)s) AS l (n int, incident uuid, channel text, target text,
    payload jsonb, urgency smallint, replaceable boolean) ORDER BY l.n
"""
_WAKE = """
SELECT pg_notify('vigil_incident', id::text) FROM unnest(%s::uuid[]) AS id
UNION ALL SELECT pg_notify('vigil_delivery', '')
"""


@dataclass(slots=True)
class Writes:
    """`rows`: incidents as they are to stand, new ones included. `gained`: incident, alert, when.
    `letters` are due at once."""

    rows: dict[UUID, Incident] = field(default_factory=dict)
    gained: list[tuple[UUID, UUID, datetime]] = field(default_factory=list)
    joined: list[tuple[UUID, Joined]] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    letters: list[tuple[UUID, Letter]] = field(default_factory=list)

    async def write(self, conn: AsyncConnection, now: datetime) -> None:
        """All of it, in the caller's transaction; consoles and senders wake when it commits."""
        async with conn.pipeline():
            if self.rows:
                rows = [_plain(row) for row in self.rows.values()]
                await conn.execute(_INCIDENTS, (Jsonb(rows),), prepare=True)
                await conn.execute(_WAKE, (list(self.rows),), prepare=True)
            if self.gained:
                await conn.execute(_ALERTS, _columns(self.gained), prepare=True)
            if self.joined:
                joined = [(i, *s) for i, s in self.joined]
                await conn.execute(_STATIONS, _columns(joined), prepare=True)
            if self.events:
                details = Jsonb([e.detail for e in self.events])
                events = _columns([_event(e) for e in self.events])
                await conn.execute(_EVENTS, [*events, details], prepare=True)
            if self.letters:
                letters = [_letter(n, *letter) for n, letter in enumerate(self.letters)]
                values = {"now": now, "letters": Jsonb(letters)}
                await conn.execute(_LETTERS, values, prepare=True)


def _columns(rows: list[Any]) -> list[list[Any]]:
    return [list(column) for column in zip(*rows, strict=True)]


def _event(e: Event) -> tuple[Any, ...]:
    return (e.at, e.kind, e.incident, e.alert, e.task, e.staff, e.station)


def _letter(n: int, incident: UUID, letter: Letter) -> dict[str, Any]:
    return {"n": n, "incident": str(incident), **letter._asdict()}


def _plain(row: Incident) -> dict[str, Any]:
    values = {name: getattr(row, name) for name in COLUMNS}
    return {
        name: value.isoformat() if isinstance(value, datetime) else value
        for name, value in (values | {"id": str(row.id)}).items()
    }
