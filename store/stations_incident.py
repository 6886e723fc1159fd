"""Incidents, their alerts and the stations they reached: the rows behind `stations/`."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from psycopg import AsyncConnection
from psycopg.rows import class_row
from psycopg.sql import SQL, Composed

COLUMNS = (
    "id", "home", "lane", "severity", "opened_at", "state", "holder", "holder_station",
    "acknowledged_at", "closed_at", "outcome", "reached", "note", "climb", "due_at", "ladder_from",
    "next_level", "ladder", "test", "revision",
)  # fmt: skip
_COLUMNS = SQL(", ".join(COLUMNS))
_LOCK = SQL("SELECT {} FROM incident WHERE id = %s FOR UPDATE").format(_COLUMNS)
_LOCK_LANES = SQL(
    "SELECT {} FROM incident WHERE lane = ANY(%s) AND state <> 'closed' "
    "ORDER BY opened_at, id FOR UPDATE"
).format(_COLUMNS)
_LOCK_DUE = SQL(
    "SELECT {} FROM incident WHERE due_at <= %s ORDER BY due_at LIMIT %s FOR UPDATE SKIP LOCKED"
).format(_COLUMNS)
_LOCK_OUTDATED = SQL(
    "SELECT {} FROM incident WHERE ladder < %s AND state <> 'closed' LIMIT %s "
    "FOR UPDATE SKIP LOCKED"
).format(_COLUMNS)
_LOCK_HELD = SQL(
    "SELECT {} FROM incident WHERE holder = %s AND state <> 'closed' "
    "ORDER BY opened_at, id FOR UPDATE"
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

    `joined`: the stations it has reached, in the order they joined. `ladder`: the version of the
    ladder by which its timer was set.
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
    ladder: int
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


async def lock_lanes(conn: AsyncConnection, lanes: Sequence[str]) -> dict[str, Incident]:
    """The open incidents of lanes that the caller holds, locked."""
    async with conn.cursor(row_factory=class_row(Incident)) as cursor:
        await cursor.execute(_LOCK_LANES, (list(lanes),))
        found = await _with_stations(conn, await cursor.fetchall())
    return {row.lane: row for row in found}


async def lock_due(conn: AsyncConnection, now: datetime, limit: int) -> list[Incident]:
    """Incidents whose timer is due, the longest due first; those another copy holds are left."""
    async with conn.cursor(row_factory=class_row(Incident)) as cursor:
        await cursor.execute(_LOCK_DUE, (now, limit))
        return await _with_stations(conn, await cursor.fetchall())


async def lock_outdated(conn: AsyncConnection, version: int, limit: int) -> list[Incident]:
    """Open incidents whose timer was set by an older ladder; those another copy holds are left."""
    async with conn.cursor(row_factory=class_row(Incident)) as cursor:
        await cursor.execute(_LOCK_OUTDATED, (version, limit))
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


def new(
    id_: UUID, *, home: str | None, lane: str, severity: str, test: bool, now: datetime
) -> Incident:
    """An incident that is to be written. The caller holds the lane."""
    nothing = dict.fromkeys(COLUMNS)
    known = {"id": id_, "home": home, "lane": lane, "severity": severity, "test": test}
    fresh = {"opened_at": now, "state": "open", "climb": 0, "ladder": 0, "revision": 0}
    return Incident(**{**nothing, **known, **fresh})  # type: ignore[arg-type]


async def alerts(
    conn: AsyncConnection, incidents: Sequence[UUID]
) -> dict[UUID, list[IncidentAlert]]:
    """By incident, each of `incidents` named: its alerts, oldest onset first."""
    cursor = await conn.execute(
        """
        SELECT i.incident, a.id, rule, severity, category, elder, elders, device, gateway, onset,
            raised, cleared, late, test, reason
        FROM incident_alert i JOIN alert a ON a.id = i.alert
        WHERE i.incident = ANY(%s) ORDER BY a.onset, a.id
        """,
        (list(incidents),),
    )
    found: dict[UUID, list[IncidentAlert]] = {id_: [] for id_ in incidents}
    for incident, *columns in await cursor.fetchall():
        found[incident].append(IncidentAlert(*columns))
    return found


async def open_count(conn: AsyncConnection) -> dict[str, int]:
    """Open incidents by severity, tests apart as `test`."""
    cursor = await conn.execute(
        """
        SELECT CASE WHEN test THEN 'test' ELSE severity END, count(*)
        FROM incident WHERE state <> 'closed' GROUP BY 1
        """
    )
    return dict(await cursor.fetchall())


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
