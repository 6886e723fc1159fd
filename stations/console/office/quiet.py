"""What is kept quiet under the station's area: mutes and away periods, and ending them. Ids
only."""

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from schemas.directory import Role
from stations import quiet
from stations.console.office import fields
from stations.console.office.room import Connection, Room, enter
from store import console_quiet

_MAY_ACT = (Role.DUTY, Role.ADMIN)


async def page(request: Request) -> Response:
    """GET /quiet."""
    return await _show(await enter(request, *Role))


async def _show(room: Room, *, notice: str = "") -> Response:
    station = room.session.station
    async with room.app.connection() as conn:
        mutes = await console_quiet.mutes(conn, station, now=room.now)
        away = await console_quiet.absences(conn, station, now=room.now)
    may_act = room.session.role in _MAY_ACT
    return room.page("quiet.html", notice=notice, mutes=mutes, away=away, may_act=may_act)


async def unmute(request: Request) -> Response:
    """POST /quiet/mutes/{mute}/end; 404 for one of another area, or that has ended."""
    room = await enter(request, *_MAY_ACT)
    mute: int = request.path_params["mute"]
    await room.form()

    async def do(conn: Connection) -> None:
        station = room.session.station
        if not await console_quiet.mutes(conn, station, now=room.now, only=mute):
            raise HTTPException(404)
        await quiet.unmute(conn, room.actor, room.now, mute)

    return await _back(room, await room.said(do))


async def end_away(request: Request) -> Response:
    """POST /quiet/away/end with `elder`; 404 for one of another area, or who is not away."""
    room = await enter(request, *_MAY_ACT)
    elder = fields.line(await room.form(), "elder")

    async def do(conn: Connection) -> None:
        station = room.session.station
        if not await console_quiet.absences(conn, station, now=room.now, only=elder):
            raise HTTPException(404)
        await quiet.end_away(conn, room.actor, room.now, elder)

    return await _back(room, await room.said(do))


async def _back(room: Room, notice: str) -> Response:
    return await _show(room, notice=notice) if notice else RedirectResponse("/quiet", 303)


routes = [
    Route("/quiet", page),
    Route("/quiet/mutes/{mute:int}/end", unmute, methods=["POST"]),
    Route("/quiet/away/end", end_away, methods=["POST"]),
]
