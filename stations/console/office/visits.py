"""Visits of the month: whom the desk has yet to see, and the register. Other roles see shares
alone."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from schemas.directory import Role
from stations import visits
from stations.console.cards import tel
from stations.console.office import fields
from stations.console.office.room import Connection, Room, enter
from stations.refused import Refused
from stations.report.build import span
from store import console_scope, console_visits, stations_duty, stations_report

_LATEST_BACK = timedelta(days=62)
"""A visit is put on record while last month's report may still be corrected."""


async def page(request: Request) -> Response:
    """GET /visits."""
    return await _show(await enter(request, *Role))


async def _show(room: Room, *, notice: str = "") -> Response:
    station = room.session.station
    async with room.app.connection() as conn:
        zone = await stations_duty.zone_of(conn, station)
        start, end = month_of(room.now, zone)
        people = await console_visits.to_visit(conn, station) if room.on_desk else []
        if people:
            await room.audit(conn, "visits.view", station, {"elders": [p.id for p in people]})
        places = {p.area: p for p in await console_scope.places(conn, station)}
        counted = await stations_report.population(conn, list(places), start=start, end=end)
    return room.page(
        "visits.html",
        notice=notice,
        waiting=[p for p in people if p.last is None or p.last < start],
        seen=[p for p in people if p.last is not None and p.last >= start],
        shares=[(places[area], c) for area, c in sorted(counted.items()) if c.to_visit],
        month=start.astimezone(zone),
        tel=tel,
    )


async def record(request: Request) -> Response:
    """POST /visits with `elder`, `at` (empty: now) and `note`; 404 for other stations' people."""
    room = await enter(request, Role.DUTY)
    form = await room.form()
    elder, text = fields.line(form, "elder"), fields.note(form)
    at = fields.moment(form, "at", room.reader.zone) or room.now

    async def do(conn: Connection) -> None:
        if not await console_scope.own_elders(conn, room.session.station, [elder]):
            raise HTTPException(404)
        if not room.now - _LATEST_BACK <= at <= room.now:
            raise Refused("visit_when")
        staff = room.session.staff
        await visits.visited(conn, [elder], at=at, staff=staff, now=room.now, note=text)
        await room.audit(conn, "visit.record", elder)

    if notice := await room.said(do):
        return await _show(room, notice=notice)
    await room.app.hub.refresh()
    return RedirectResponse("/visits", 303)


def month_of(now: datetime, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """[first moment, first moment after] of the month that runs, UTC."""
    return span(f"{now.astimezone(zone):%Y-%m}", zone)


routes = [Route("/visits", page), Route("/visits", record, methods=["POST"])]
