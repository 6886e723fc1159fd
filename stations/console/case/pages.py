"""The incident page and the elder's page, whole and in parts that keep them current.

Names go only to a station that the incident has reached, or whose people they are; every page with
names is on record before it goes out. The page's own script fetches the parts when the incident
changes, and every minute for what readings say.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from schemas.directory import Role
from stations.console.cards import tel
from stations.console.case import person, record
from stations.console.case.calls import AMBULANCE, RESULTS, callees
from stations.console.case.choices import choices
from stations.console.case.person import Person
from stations.console.case.record import Names
from stations.console.chart import figures
from stations.console.office.room import Connection, Room, enter
from store import case_elder, case_record, stations_board
from store.case_elder import ElderHome
from store.stations_board import BoardIncident

_DRAWN = 4
"""Elders of one home whose day is drawn; of more, those whom an alert names come first."""
_AFTER_CLOSING = timedelta(hours=1)
_BEFORE = timedelta(hours=3)
"""From so long before an incident on, its record tells what readings said."""

Parts = dict[str, str]
"""HTML by the id of the element that it replaces."""


@dataclass(frozen=True, slots=True)
class Case:
    """An incident with everything that its page tells."""

    incident: BoardIncident
    persons: list[Person]
    parts: Parts


async def incident_page(request: Request) -> Response:
    """GET /incidents/{incident}; 404 where it has not reached the worker's station."""
    return await show_incident(await enter(request, Role.DUTY))


async def incident_parts(request: Request) -> Response:
    """GET /incidents/{incident}/parts: {"parts": {id: html}}."""
    case = await _case(await enter(request, Role.DUTY), audit=False)
    return JSONResponse({"parts": case.parts})


async def elder_page(request: Request) -> Response:
    """GET /elders/{elder}; 404 outside the station's scope."""
    return await show_elder(await enter(request, Role.DUTY))


async def elder_parts(request: Request) -> Response:
    """GET /elders/{elder}/parts."""
    room = await enter(request, Role.DUTY)
    async with room.app.connection() as conn:
        someone = await _someone(conn, room)
    return JSONResponse({"parts": _person_parts(room, [someone])})


async def show_incident(room: Room, *, notice: str = "") -> Response:
    """With a `notice`: why something was refused."""
    case = await _case(room, audit=True)
    return room.app.pages.page(
        room.request,
        "incident.html",
        status=409 if notice else 200,
        session=room.session,
        notice=notice,
        case=case,
        i=case.incident,
        now=room.now,
    )


async def show_elder(room: Room, *, notice: str = "") -> Response:
    station = room.session.station
    async with room.app.connection() as conn:
        someone = await _someone(conn, room)
        incident = await case_elder.open_incident(conn, someone.elder.home, station)
        contacts = await case_elder.contacts(conn, someone.elder.id)
        await room.audit(conn, "elder.view", someone.elder.id)
    return room.app.pages.page(
        room.request,
        "elder.html",
        status=409 if notice else 200,
        session=room.session,
        notice=notice,
        p=someone,
        parts=_person_parts(room, [someone]),
        incident=incident,
        contacts=contacts,
        now=room.now,
        tel=tel,
    )


async def _case(room: Room, *, audit: bool) -> Case:
    id_: UUID = room.request.path_params["incident"]
    async with room.app.connection() as conn:
        found = await stations_board.incident(conn, id_, room.session.station)
        if found is None:
            raise HTTPException(404)
        persons = await _persons(conn, room, found)
        events = await stations_board.events(conn, id_)
        sent = await case_record.sent(conn, id_)
        staff = await case_record.staff_names(conn, record.everybody(events))
        if audit:
            elders = {"elders": [e.id for e in found.elders]}
            await room.audit(conn, "incident.view", str(id_), elders)
    entries = record.record(
        found,
        events,
        sent=sent,
        edges={p.elder.id: _edges(p, found) for p in persons},
        names=Names(staff, room.app.hub.station_names),
        words=room.reader.words,
    )
    parts = {
        f"incident-{id_}": room.app.cards.card(
            found,
            room.session,
            room.reader,
            stations=room.app.hub.station_names,
            now=room.now,
            brief=True,
            colleagues=room.app.hub.colleagues,
        ),
        "calls": _fragment(
            room, "case_calls.html", i=found, callees=callees(found, events), results=RESULTS,
            ambulance=AMBULANCE,
        ),
        "record": _fragment(room, "case_record.html", entries=entries),
    }  # fmt: skip
    return Case(found, persons, parts | _person_parts(room, persons))


def _person_parts(room: Room, persons: Sequence[Person]) -> Parts:
    """Of each elder: how it is now and the day, the nights, devices, what is kept quiet. Nothing
    is offered to those for whom the elder is out of reach: their incident is closed."""
    found: Parts = {}
    for p in persons:
        for part in ("day", "nights", "devices", "quiet"):
            found[f"{part}-{p.elder.id}"] = _fragment(
                room, f"case_{part}.html", p=p, choices=choices(p) if p.reachable else []
            )
    return found


def _fragment(room: Room, template: str, **values: object) -> str:
    values |= {"session": room.session, "now": room.now, "tel": tel}
    return room.app.pages.fragment(template, room.reader, **values)


def _edges(p: Person, incident: BoardIncident) -> list[figures.Edge]:
    first = min([incident.opened_at, *(a.onset for a in incident.alerts)]) - _BEFORE
    return [e for e in figures.edges(p.bins) if e.at >= first]


async def _persons(conn: Connection, room: Room, incident: BoardIncident) -> list[Person]:
    """Those who live in the incident's home. Where nobody knows the place, no one is drawn."""
    if incident.home is None:
        return []
    until = room.now
    if incident.closed_at is not None:
        until = min(until, incident.closed_at + _AFTER_CLOSING)
    ids = [e.id for e in incident.elders if e.home == incident.home]
    found, station = [], room.session.station
    for id_ in ids[:_DRAWN]:
        elder = await case_elder.elder(conn, id_)
        open_ = incident.closed_at is None
        if elder is not None:
            near = open_ or await case_elder.in_scope(conn, id_, station)
            found.append(await _read(conn, room, elder, until=until, reachable=near))
    return found


async def _someone(conn: Connection, room: Room) -> Person:
    id_: str = room.request.path_params["elder"]
    found = await case_elder.elder(conn, id_)
    if found is None or not await case_elder.in_scope(conn, id_, room.session.station):
        raise HTTPException(404)
    return await _read(conn, room, found, until=room.now, reachable=True)


async def _read(
    conn: Connection, room: Room, elder: ElderHome, *, until: datetime, reachable: bool
) -> Person:
    return await person.read(
        conn,
        elder,
        reachable=reachable,
        until=until,
        now=room.now,
        zone=ZoneInfo(room.app.settings.zone),
        limits_of=room.app.reference.limits_of,
    )
