"""Weekly shifts: added and ended by those who may set a station's calendar.

Imports of the registry leave both alone: a shift that was added here, and an end that was set here.
"""

from dataclasses import dataclass
from datetime import date, time

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from schemas.directory import WEEKDAYS
from stations.console.office import fields
from stations.console.office.duty import begin, led_back, near
from stations.console.office.room import Connection, Room
from stations.refused import Refused
from store import console_duty, stations_duty
from store.stations_duty import Shift


async def add(request: Request) -> Response:
    """POST /duty/{station}/weekly with `staff`, `weekday` (each that counts), `starts`, `ends`,
    `since` (today if empty) and `until` (may be empty)."""
    room, station, form = await begin(request)
    asked = _Asked.read(form)
    async with room.app.connection() as conn:
        today = room.now.astimezone(await stations_duty.zone_of(conn, station)).date()
    first = asked.since or today

    async def do(conn: Connection) -> None:
        shift = asked.shift(room, first)
        if shift.staff not in await console_duty.staff_of(conn, station):
            raise Refused("unknown_subject")
        if not await console_duty.add_weekly(conn, station, shift, author=room.session.staff):
            raise Refused("date_taken")
        detail = {"of": asked.staff, "weekdays": asked.weekdays, "from": first.isoformat()}
        await room.audit(conn, "duty.weekly", station, detail)

    return await led_back(room, station, first, await room.said(do))


async def end(request: Request) -> Response:
    """POST /duty/{station}/weekly/end with the shift's `staff`, `weekday`s, `starts` and `since`,
    and `until`, the last day on which it begins."""
    room, station, form = await begin(request)
    asked = _Asked.read(form)

    async def do(conn: Connection) -> None:
        if (
            asked.wrong
            or asked.starts is None
            or asked.until is None
            or not near(room, asked.until)
        ):
            raise Refused("shift_wrong")
        shift = Shift(
            asked.staff, asked.weekdays, asked.starts, asked.starts, asked.since, asked.until
        )
        if not await console_duty.end_weekly(conn, station, shift, by=room.session.staff):
            raise Refused("shift_kept")
        detail = {"of": asked.staff, "weekdays": asked.weekdays, "until": asked.until.isoformat()}
        await room.audit(conn, "duty.weekly_ended", station, detail)

    return await led_back(room, station, asked.until or room.now.date(), await room.said(do))


@dataclass(frozen=True, slots=True)
class _Asked:
    """What was filled in. `wrong`: a day was typed that is none."""

    staff: str
    weekdays: list[str]
    starts: time | None
    ends: time | None
    since: date | None
    until: date | None
    wrong: bool

    def shift(self, room: Room, first: date) -> Shift:
        """From `first` on; Refused where it is none."""
        last = self.until or first
        if self.wrong or last < first or not near(room, first) or not near(room, last):
            raise Refused("shift_wrong")
        if not self.weekdays or self.starts is None or self.ends is None:
            raise Refused("shift_wrong")
        return Shift(self.staff, self.weekdays, self.starts, self.ends, first, self.until)

    @staticmethod
    def read(form: FormData) -> "_Asked":
        chosen = set(form.getlist("weekday"))
        days = {name: fields.day(fields.line(form, name)) for name in ("since", "until")}
        return _Asked(
            staff=fields.line(form, "staff"),
            weekdays=[day for day in WEEKDAYS if day in chosen],
            starts=fields.hour(fields.line(form, "starts")),
            ends=fields.hour(fields.line(form, "ends")),
            since=days["since"],
            until=days["until"],
            wrong=any(fields.line(form, name) and day is None for name, day in days.items()),
        )


routes = [
    Route("/duty/{station}/weekly", add, methods=["POST"]),
    Route("/duty/{station}/weekly/end", end, methods=["POST"]),
]
