"""The duty calendar: who is to be there, who has confirmed it, and where nobody is; and dated
exceptions, set by the station's own workers or an administrator. Weekly shifts: `weekly`."""

from datetime import date, timedelta

from starlette.datastructures import FormData
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from schemas.directory import WEEKDAYS, Role
from stations.console.office import fields, week
from stations.console.office.room import Connection, Room, enter
from stations.refused import Refused
from store import console_duty, console_scope, stations_duty

_FURTHEST = timedelta(days=366)


async def page(request: Request) -> Response:
    """GET /duty?station=&week=, the station's own and this week's if left out; 404 for a station
    that does not lie under the reader's."""
    room = await enter(request, *Role)
    asked = request.query_params
    station = asked.get("station") or room.session.station
    return await show(room, station, fields.day(asked.get("week")))


async def show(room: Room, station: str, day: date | None, *, notice: str = "") -> Response:
    """The week of a day; with a `notice` of what was refused."""
    async with room.app.connection() as conn:
        places = await console_scope.places(conn, room.session.station)
        names = {p.station: p.station_name for p in places if p.station is not None}
        if station not in names:
            raise HTTPException(404)
        zone = await stations_duty.zone_of(conn, station)
        today = room.now.astimezone(zone).date()
        monday = _monday(day or today)
        start, end = week.bounds(monday, zone)
        calendars = await stations_duty.calendars(conn, [station])
        special = await console_duty.exceptions(
            conn, station, first=monday, last=monday + timedelta(days=6)
        )
        worked = await console_duty.worked(conn, station, start=start, end=end)
        weekly = await console_duty.weekly(conn, station, today=today)
        staff = await console_duty.staff_of(conn, station)
    calendar = (calendars or {}).get(station, stations_duty.Calendar())
    days = week.days(calendar, zone, monday, worked=worked, special=special)
    return room.page(
        "duty.html",
        notice=notice,
        station=station,
        names=names,
        days=days,
        gap_hours=week.gap_hours(days),
        kept=calendars is not None,
        worked=worked,
        weekly=weekly,
        weekdays=WEEKDAYS,
        today=today,
        staff=staff,
        station_zone=zone,
        monday=monday,
        before=monday - timedelta(days=7),
        after=monday + timedelta(days=7),
        may_act=_may_act(room, station),
    )


async def put(request: Request) -> Response:
    """POST /duty/{station}/dates with `day`, `staff`, and `starts` and `ends`, or neither for a day
    off."""
    room, station, form = await begin(request)
    day = _day(form)
    starts, ends = fields.hour(fields.line(form, "starts")), fields.hour(fields.line(form, "ends"))

    async def do(conn: Connection) -> None:
        staff = fields.line(form, "staff")
        within = near(room, day)
        hours = (starts, ends) if starts is not None and ends is not None else None
        if not within or (starts is None) != (ends is None):
            raise Refused("date_wrong")
        if staff not in await console_duty.staff_of(conn, station):
            raise Refused("unknown_subject")
        author = room.session.staff
        if not await console_duty.put_date(
            conn, station, day=day, staff=staff, hours=hours, author=author
        ):
            raise Refused("date_taken")
        detail = {"day": day.isoformat(), "of": staff, "works": hours is not None}
        await room.audit(conn, "duty.date", station, detail)

    return await led_back(room, station, day, await room.said(do))


async def drop(request: Request) -> Response:
    """POST /duty/{station}/dates/drop with `day`, `staff`, `starts`."""
    room, station, form = await begin(request)
    day = _day(form)
    starts, staff = fields.hour(fields.line(form, "starts")), fields.line(form, "staff") or None

    async def do(conn: Connection) -> None:
        if not await console_duty.drop_date(conn, station, day=day, staff=staff, starts=starts):
            raise Refused("date_kept")
        detail = {"day": day.isoformat(), "of": staff}
        await room.audit(conn, "duty.date_dropped", station, detail)

    return await led_back(room, station, day, await room.said(do))


async def begin(request: Request) -> tuple[Room, str, FormData]:
    """Of a change of a station's calendar: 404 where it is not the sender's to change."""
    room = await enter(request, Role.DUTY, Role.ADMIN)
    station: str = request.path_params["station"]
    async with room.app.connection() as conn:
        places = await console_scope.places(conn, room.session.station)
    if station not in {p.station for p in places} or not _may_act(room, station):
        raise HTTPException(404)
    return room, station, await room.form()


async def led_back(room: Room, station: str, day: date, notice: str) -> Response:
    """To the day's week, or to why it was refused."""
    if notice:
        return await show(room, station, day, notice=notice)
    return RedirectResponse(f"/duty?station={station}&week={day.isoformat()}", 303)


def near(room: Room, day: date) -> bool:
    """A year off at most."""
    return abs(day - room.now.date()) <= _FURTHEST


def _day(form: FormData) -> date:
    day = fields.day(fields.line(form, "day"))
    if day is None:
        raise HTTPException(400)
    return day


def _may_act(room: Room, station: str) -> bool:
    """An administrator for every station below; a worker for their own."""
    own = room.on_desk and station == room.session.station
    return own or room.session.role == Role.ADMIN


def _monday(day: date) -> date:
    return day - timedelta(days=day.weekday())


routes = [
    Route("/duty", page),
    Route("/duty/{station}/dates", put, methods=["POST"]),
    Route("/duty/{station}/dates/drop", drop, methods=["POST"]),
]
