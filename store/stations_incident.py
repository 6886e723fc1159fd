"""Incidents, their alerts and the stations they reached: the rows behind `stations/`."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from psycopg import AsyncConnection
from psycopg.rows import class_row
from psycopg.sql import SQL, Composed

_COLUMNS = SQL(
    "id, home, lane, severity, opened_at, state, holder, holder_station, acknowledged_at, "
    "closed_at, outcome, reached, note, climb, due_at, ladder_from, next_level, test, revision"
)
_LOCK = SQL("SELECT {} FROM incident WHERE id = %s FOR UPDATE").format(_COLUMNS)
_LOCK_OPEN = SQL("SELECT {} FROM incident WHERE lane = %s AND state <> 'closed' FOR UPDATE").format(
    _COLUMNS
)
_LOCK_OF_ALERT = SQL(
    "SELECT {} FROM incident WHERE state <> 'closed' "
    "AND id IN (SELECT incident FROM incident_alert WHERE alert = %s) FOR UPDATE"
).format(_COLUMNS)
_LOCK_DUE = SQL(
    "SELECT {} FROM incident WHERE due_at <= %s ORDER BY due_at LIMIT %s FOR UPDATE SKIP LOCKED"
).format(_COLUMNS)
_LOCK_HELD = SQL(
    "SELECT {} FROM incident WHERE holder = %s AND state <> 'closed' "
    "ORDER BY opened_at, id FOR UPDATE"
).format(_COLUMNS)
_CREATE = SQL(
    "INSERT INTO incident (home, lane, severity, test, opened_at) VALUES (%s, %s, %s, %s, %s) "
    "RETURNING {}"
).format(_COLUMNS)


class Joined(NamedTuple):
    """A station that an incident has reached: at which level, when, and why."""

    station: str
    level: str
    joined_at: datetime
    why: str


@dataclass(slots=True)
class Incident:
    """An incident's row, held under its lock while it is changed and then saved.

    `joined`: the stations it has reached, in the order they joined.
    """

    id: UUID
    home: str | None
    lane: str
    severity: str
    opened_at: datetime
    state: str
    holder: str | None
    holder_station: str | None
    acknowledged_at: datetime | None
    closed_at: datetime | None
    outcome: str | None
    reached: str | None
    note: str | None
    climb: int
    due_at: datetime | None
    ladder_from: datetime | None
    next_level: str | None
    test: bool
    revision: int
    joined: list[Joined] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class IncidentAlert:
    """An alert as an incident holds it. Ids only."""

    id: UUID
    rule: str
    severity: str
    category: str
    elder: str | None
    elders: list[str] | None
    device: str | None
    gateway: str | None
    onset: datetime
    raised: datetime
    cleared: datetime | None
    late: bool
    test: bool
    reason: dict[str, str]


async def lock(conn: AsyncConnection, incident: UUID) -> Incident | None:
    """The incident, locked until the transaction ends."""
    return await _one(conn, _LOCK, incident)


async def lock_open(conn: AsyncConnection, lane: str) -> Incident | None:
    """The lane's open incident, locked."""
    return await _one(conn, _LOCK_OPEN, lane)


async def lock_of_alert(conn: AsyncConnection, alert: UUID) -> Incident | None:
    """The open incident that holds an alert, locked."""
    return await _one(conn, _LOCK_OF_ALERT, alert)


async def lock_due(conn: AsyncConnection, now: datetime, limit: int) -> list[Incident]:
    """Incidents whose timer is due, the longest due first; those another copy holds are left."""
    async with conn.cursor(row_factory=class_row(Incident)) as cursor:
        await cursor.execute(_LOCK_DUE, (now, limit))
        return await _with_stations(conn, await cursor.fetchall())


async def lock_held(conn: AsyncConnection, staff: str) -> list[Incident]:
    """The open incidents in a worker's hands, locked, oldest first."""
    async with conn.cursor(row_factory=class_row(Incident)) as cursor:
        await cursor.execute(_LOCK_HELD, (staff,))
        return await _with_stations(conn, await cursor.fetchall())


async def postpone(conn: AsyncConnection, incident: UUID, until: datetime) -> None:
    """Try its timer again later; nothing else of it changes."""
    await conn.execute("UPDATE incident SET due_at = %s WHERE id = %s", (until, incident))


async def next_due(conn: AsyncConnection) -> datetime | None:
    cursor = await conn.execute("SELECT min(due_at) FROM incident WHERE due_at IS NOT NULL")
    row = await cursor.fetchone()
    return row[0] if row else None


async def create(
    conn: AsyncConnection, *, home: str | None, lane: str, severity: str, test: bool, now: datetime
) -> Incident:
    """A new open incident, locked by being new. The caller holds the lane."""
    async with conn.cursor(row_factory=class_row(Incident)) as cursor:
        await cursor.execute(_CREATE, (home, lane, severity, test, now))
        made = await cursor.fetchone()
    if made is None:
        raise RuntimeError(f"no incident was made for lane {lane}")
    return made


async def save(conn: AsyncConnection, row: Incident) -> None:
    """Write what may change of it. The caller has counted its revision up."""
    await conn.execute(
        """
        UPDATE incident SET severity = %(severity)s, state = %(state)s, holder = %(holder)s,
            holder_station = %(holder_station)s, acknowledged_at = %(acknowledged_at)s,
            closed_at = %(closed_at)s, outcome = %(outcome)s, reached = %(reached)s,
            note = %(note)s, climb = %(climb)s, due_at = %(due_at)s,
            ladder_from = %(ladder_from)s, next_level = %(next_level)s, test = %(test)s,
            revision = %(revision)s
        WHERE id = %(id)s
        """,
        {name: getattr(row, name) for name in Incident.__slots__ if name != "joined"},
    )


async def add_alert(conn: AsyncConnection, incident: UUID, alert: UUID, now: datetime) -> bool:
    """Whether the alert is new to the incident."""
    cursor = await conn.execute(
        "INSERT INTO incident_alert VALUES (%s, %s, %s) ON CONFLICT DO NOTHING",
        (incident, alert, now),
    )
    return cursor.rowcount == 1


async def alerts(conn: AsyncConnection, incident: UUID) -> list[IncidentAlert]:
    """The incident's alerts, oldest onset first."""
    async with conn.cursor(row_factory=class_row(IncidentAlert)) as cursor:
        await cursor.execute(
            """
            SELECT a.id, rule, severity, category, elder, elders, device, gateway, onset, raised,
                cleared, late, test, reason
            FROM incident_alert i JOIN alert a ON a.id = i.alert
            WHERE i.incident = %s ORDER BY a.onset, a.id
            """,
            (incident,),
        )
        return await cursor.fetchall()


async def join(conn: AsyncConnection, incident: UUID, stations: Sequence[Joined]) -> None:
    for s in stations:
        await conn.execute(
            """
            INSERT INTO incident_station (incident, station, level, joined_at, why)
            VALUES (%s, %s, %s, %s, %s) ON CONFLICT DO NOTHING
            """,
            (incident, s.station, s.level, s.joined_at, s.why),
        )


async def open_count(conn: AsyncConnection) -> dict[str, int]:
    """Open incidents by severity, tests apart as `test`."""
    cursor = await conn.execute(
        """
        SELECT CASE WHEN test THEN 'test' ELSE severity END, count(*)
        FROM incident WHERE state <> 'closed' GROUP BY 1
        """
    )
    return dict(await cursor.fetchall())


async def notify(conn: AsyncConnection, incident: UUID) -> None:
    """Wake the consoles and the senders, when the transaction commits."""
    await conn.execute(
        "SELECT pg_notify('vigil_incident', %s), pg_notify('vigil_delivery', '')", (str(incident),)
    )


async def _one(conn: AsyncConnection, query: Composed, *arguments: object) -> Incident | None:
    async with conn.cursor(row_factory=class_row(Incident)) as cursor:
        await cursor.execute(query, arguments)
        found = await _with_stations(conn, await cursor.fetchall())
    return found[0] if found else None


async def _with_stations(conn: AsyncConnection, rows: list[Incident]) -> list[Incident]:
    """A statement of its own, after the lock: it sees what the lock's former holder committed."""
    if not rows:
        return rows
    by_id = {row.id: row for row in rows}
    cursor = await conn.execute(
        """
        SELECT incident, station, level, joined_at, why FROM incident_station
        WHERE incident = ANY(%s) ORDER BY joined_at, station
        """,
        (list(by_id),),
    )
    for incident, *columns in await cursor.fetchall():
        by_id[incident].joined.append(Joined(*columns))
    return rows
