"""vigil duty gaps: the hours in which nobody is to be there, and who has not confirmed now."""

import asyncio
from datetime import datetime, timedelta
from typing import Annotated, Any, NamedTuple
from zoneinfo import ZoneInfo

import typer

from schemas.times import from_micros
from stations import duty
from stations.route import SEEN_WITHIN
from store import stations_duty, stations_pool, stations_route
from vigil.clock import SystemClock
from vigil.commands.common import out, out_json
from vigil.settings import Settings

app = typer.Typer(help="Who is to be there, and when nobody is.", no_args_is_help=True)


class Desk(NamedTuple):
    """A station's outlook. `planned`: who is to be there now; `confirmed`: who is."""

    station: str
    zone: ZoneInfo
    gaps: list[tuple[datetime, datetime]]
    planned: list[str]
    confirmed: list[str]


@app.command("gaps")
def gaps(
    *,
    days: Annotated[int, typer.Option(min=1, max=366, help="from now on")] = 7,
    station: Annotated[list[str] | None, typer.Option(help="left out: every station")] = None,
    json: Annotated[bool, typer.Option("--json", help="JSON instead of text")] = False,
) -> None:
    """Hours without a shift in the calendar, by station, in its zone; and shifts that run now
    and that nobody has confirmed. Their pages go up at once."""
    desks = asyncio.run(_desks(Settings().store.dsn, days, station))
    if json:
        out_json([_plain(desk) for desk in desks])
        return
    for desk in desks:
        for start, end in desk.gaps:
            out(f"{desk.station}  {_local(start, desk)} – {_local(end, desk)}  nobody")
        if missing := [s for s in desk.planned if s not in desk.confirmed]:
            out(f"{desk.station}  now: not confirmed, or out of reach: {', '.join(missing)}")
    if not any(desk.gaps for desk in desks):
        out(f"no gap in the next {days} days")


async def _desks(dsn: str, days: int, only: list[str] | None) -> list[Desk]:
    now = from_micros(SystemClock().now())
    async with await stations_pool.connect(dsn, application="vigil duty") as conn:
        known = [s for _, s in await stations_route.stations_by_level(conn)]
        if only and (unknown := sorted(set(only) - set(known))):
            raise typer.BadParameter(f"no such station: {', '.join(unknown)}")
        stations = only or known
        calendars = await stations_duty.calendars(conn, stations) or {}
        working = await stations_duty.working(conn, stations, now=now, within=SEEN_WITHIN)
        desks = []
        for station in stations:
            calendar = calendars.get(station, stations_duty.Calendar())
            zone = await stations_duty.zone_of(conn, station)
            ahead = duty.gaps(calendar, zone, now, now + timedelta(days=days))
            planned = duty.on_duty(calendar, zone, now)
            desks.append(Desk(station, zone, ahead, planned, working.get(station, [])))
    return desks


def _plain(desk: Desk) -> dict[str, Any]:
    return {
        "station": desk.station,
        "gaps": [{"from": a.isoformat(), "until": b.isoformat()} for a, b in desk.gaps],
        "planned": desk.planned,
        "confirmed": desk.confirmed,
    }


def _local(when: datetime, desk: Desk) -> str:
    return when.astimezone(desk.zone).strftime("%a %Y-%m-%d %H:%M")
