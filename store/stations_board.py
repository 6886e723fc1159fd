"""What a desk sees: open incidents and tasks of one station's scope, personal data joined.

A station's scope is the incidents that have reached it and the tasks that are its own. Names,
addresses and phones leave the store here only, for the console (I10); whoever shows them audits.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg import AsyncConnection
from psycopg.rows import class_row, dict_row

from store.stations_events import Event
from store.stations_incident import IncidentAlert, Joined
from store.stations_people import BoardContact, BoardElder, contacts_of, elders_of, in_calling_order

__all__ = [
    "BoardContact",
    "BoardElder",
    "BoardIncident",
    "BoardTask",
    "changed_since",
    "events",
    "incident",
    "open_incidents",
    "open_tasks",
]

_EVENTS = 8  # of an incident, on the board


@dataclass(frozen=True, slots=True)
class BoardIncident:
    """One card. `next_level` is whom `due_at` pages; `climbing`: until answered; else `due_at` is
    the limit for the holder's next step. `contacts` in calling order; `events` newest first."""

    id: UUID
    revision: int
    severity: str
    state: str
    test: bool
    opened_at: datetime
    acknowledged_at: datetime | None
    closed_at: datetime | None
    outcome: str | None
    reached: str | None
    note: str | None
    lane: str
    home: str | None
    area: str | None
    area_name: str | None
    address: str | None
    door_note: str | None
    holder: str | None
    holder_name: str | None
    holder_station: str | None
    climbing: bool
    due_at: datetime | None
    next_level: str | None
    elders: tuple[BoardElder, ...]
    contacts: tuple[BoardContact, ...]
    alerts: tuple[IncidentAlert, ...]
    stations: tuple[Joined, ...]
    events: tuple[Event, ...]

    @property
    def levels(self) -> tuple[str, ...]:
        """The levels it has reached, in the order they joined."""
        return tuple(dict.fromkeys(s.level for s in self.stations))

    @property
    def zone(self) -> str | None:
        """Where it happens; None where that is not known."""
        return next((elder.zone for elder in self.elders), None)


@dataclass(frozen=True, slots=True)
class BoardTask:
    """A task of the station, with its alert's sentence."""

    id: UUID
    kind: str
    opened_at: datetime
    home: str | None
    address: str | None
    alert: UUID | None
    severity: str | None
    category: str | None
    elder: str | None
    elder_name: str | None
    device: str | None
    gateway: str | None
    onset: datetime | None
    cleared: datetime | None
    reason: dict[str, str] | None
    late: bool
    test: bool
    children: int
    """Open tasks that this one stands for."""


_HEADS = """
SELECT i.id, i.revision, i.severity, i.state, i.test, i.opened_at, i.acknowledged_at, i.closed_at,
    i.outcome, i.reached, i.note, i.lane, i.home, h.area, r.name AS area_name,
    h.address, h.door_note, i.holder, s.name AS holder_name, i.holder_station,
    i.ladder_from IS NOT NULL AS climbing, i.due_at, i.next_level
FROM incident i
JOIN incident_station j ON j.incident = i.id AND j.station = %(station)s
LEFT JOIN home h ON h.id = i.home
LEFT JOIN area r ON r.id = h.area
LEFT JOIN staff s ON s.id = i.holder
WHERE {which}
ORDER BY i.severity = 'red' DESC, i.opened_at, i.id
"""
_OPEN = _HEADS.format(which="i.state <> 'closed'").encode()
_THESE = _HEADS.format(which="i.id = ANY(%(ids)s)").encode()


async def open_incidents(conn: AsyncConnection, station: str) -> list[BoardIncident]:
    """Red before orange, then by opening time."""
    return await _read(conn, _OPEN, {"station": station})


async def incident(conn: AsyncConnection, incident: UUID, station: str) -> BoardIncident | None:
    """One incident, closed ones too; None where it has not reached the station."""
    found = await _read(conn, _THESE, {"station": station, "ids": [incident]})
    return found[0] if found else None


async def changed_since(
    conn: AsyncConnection, station: str, known: Mapping[UUID, int]
) -> tuple[list[BoardIncident], list[UUID]]:
    """What differs from `known` (id → revision): cards to show anew, and ids no longer open."""
    cursor = await conn.execute(
        """
        SELECT i.id, i.revision FROM incident i
        JOIN incident_station j ON j.incident = i.id AND j.station = %s
        WHERE i.state <> 'closed'
        """,
        (station,),
    )
    current: dict[UUID, int] = dict(await cursor.fetchall())
    changed = [id_ for id_, revision in current.items() if known.get(id_) != revision]
    gone = [id_ for id_ in known if id_ not in current]
    if not changed:
        return [], gone
    return await _read(conn, _THESE, {"station": station, "ids": changed}), gone


async def events(conn: AsyncConnection, incident: UUID) -> list[Event]:
    """Everything on record for an incident, oldest first."""
    return (await _events(conn, [incident], limit=None))[incident]


async def open_tasks(conn: AsyncConnection, station: str) -> list[BoardTask]:
    """The station's open tasks and those raised to it, oldest first; what belongs to an open
    outage is shown by that."""
    async with conn.cursor(row_factory=class_row(BoardTask)) as cursor:
        await cursor.execute(
            """
            SELECT t.id, t.kind, t.opened_at, t.home, h.address, t.alert, a.severity, a.category,
                e.id AS elder, e.name AS elder_name, a.device, a.gateway, a.onset, a.cleared,
                a.reason,
                coalesce(a.late, false) AS late, coalesce(a.test, false) AS test,
                (SELECT count(*) FROM task c
                 WHERE c.parent = t.id AND c.done_at IS NULL) AS children
            FROM task t
            LEFT JOIN task p ON p.id = t.parent AND p.done_at IS NULL
            LEFT JOIN alert a ON a.id = t.alert
            LEFT JOIN home h ON h.id = t.home
            LEFT JOIN elder e
                ON e.id = coalesce(a.elder, CASE WHEN t.kind = 'visit_due' THEN t.subject END)
            WHERE (t.station = %(station)s OR t.raised_to = %(station)s) AND t.done_at IS NULL
                AND p.id IS NULL
            ORDER BY t.opened_at, t.id
            """,
            {"station": station},
        )
        return await cursor.fetchall()


async def _read(
    conn: AsyncConnection, query: bytes, arguments: Mapping[str, Any]
) -> list[BoardIncident]:
    async with conn.cursor(row_factory=dict_row) as cursor:
        await cursor.execute(query, arguments)
        heads = await cursor.fetchall()
    ids: list[UUID] = [h["id"] for h in heads]
    alerts, stations = await _alerts(conn, ids), await _stations(conn, ids)
    recent = await _events(conn, ids, limit=_EVENTS)
    homes = {h["id"]: h["home"] for h in heads}
    named = {i: {e for a in alerts[i] for e in [a.elder, *(a.elders or [])] if e} for i in ids}
    people = await elders_of(conn, homes, named)
    contacts = await contacts_of(conn, [e.id for elders in people.values() for e in elders])
    return [
        BoardIncident(
            **head,
            elders=tuple(people[head["id"]]),
            contacts=in_calling_order(people[head["id"]], contacts),
            alerts=tuple(alerts[head["id"]]),
            stations=tuple(stations[head["id"]]),
            events=tuple(recent[head["id"]]),
        )
        for head in heads
    ]


async def _alerts(conn: AsyncConnection, ids: Sequence[UUID]) -> dict[UUID, list[IncidentAlert]]:
    found: dict[UUID, list[IncidentAlert]] = defaultdict(list)
    async with conn.cursor(row_factory=dict_row) as cursor:
        await cursor.execute(
            """
            SELECT i.incident, a.id, rule, severity, category, elder, elders, device, gateway,
                onset, raised, cleared, late, test, reason
            FROM incident_alert i JOIN alert a ON a.id = i.alert
            WHERE i.incident = ANY(%s) ORDER BY a.onset, a.id
            """,
            (ids,),
        )
        for row in await cursor.fetchall():
            found[row.pop("incident")].append(IncidentAlert(**row))
    return found


async def _stations(conn: AsyncConnection, ids: Sequence[UUID]) -> dict[UUID, list[Joined]]:
    cursor = await conn.execute(
        """
        SELECT incident, station, level, joined_at, why FROM incident_station
        WHERE incident = ANY(%s) ORDER BY joined_at, station
        """,
        (ids,),
    )
    found: dict[UUID, list[Joined]] = defaultdict(list)
    for incident, *row in await cursor.fetchall():
        found[incident].append(Joined(*row))
    return found


async def _events(
    conn: AsyncConnection, ids: Sequence[UUID], *, limit: int | None
) -> dict[UUID, list[Event]]:
    """The newest `limit` of each, newest first; with None all of them, oldest first."""
    order = b"ORDER BY id DESC LIMIT %(limit)s" if limit is not None else b"ORDER BY id"
    found: dict[UUID, list[Event]] = defaultdict(list)
    async with conn.cursor(row_factory=class_row(Event)) as cursor:
        await cursor.execute(
            b"""
            SELECT e.at, e.kind, e.incident, e.alert, e.task, e.staff, e.station, e.detail
            FROM unnest(%(ids)s::uuid[]) AS wanted (id)
            CROSS JOIN LATERAL (SELECT * FROM alert_event WHERE incident = wanted.id """
            + order
            + b") e",
            {"ids": ids, "limit": limit},
        )
        for event in await cursor.fetchall():
            if event.incident is not None:
                found[event.incident].append(event)
    return found
