"""Devices: what is wrong with which, and test mode. Names and addresses of the desk's own people
only; everybody else sees ids."""

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from schemas.directory import DeviceKind, Location, Role
from stations import quiet
from stations.console.office import fields
from stations.console.office.room import Connection, Room, enter
from store import console_devices

MAY_ACT = (Role.DUTY, Role.ADMIN)


async def page(request: Request) -> Response:
    """GET /devices?rule=, a device rule's id."""
    return await show(await enter(request, *Role))


async def show(room: Room, *, notice: str = "") -> Response:
    """The page; with a `notice` of what was refused."""
    station, rule = room.session.station, room.request.query_params.get("rule")
    async with room.app.connection() as conn:
        counted = await console_devices.counted(conn, station)
        chosen = rule if rule in counted else None
        found = await console_devices.trouble(conn, station, personal=room.on_desk, rule=chosen)
        if seen := sorted({t.home for t in found if t.address and t.home}):
            await room.audit(conn, "devices.view", station, {"homes": seen})
        strangers = await console_devices.strangers(conn, station)
        testing = await console_devices.testing(conn, station, now=room.now)
    return room.page(
        "devices.html",
        notice=notice,
        counted=counted,
        chosen=chosen,
        found=found,
        strangers=strangers,
        testing=testing,
        may_act=room.session.role in MAY_ACT,
        kinds=list(DeviceKind),
        locations=list(Location),
        profiles=room.app.reference.profiles,
    )


async def test_mode(request: Request) -> Response:
    """POST /devices/test with `device`, `minutes` (30 at most) and `reason`; 404 outside the
    area."""
    room = await enter(request, *MAY_ACT)
    form = await room.form()
    device, reason = fields.line(form, "device"), fields.line(form, "reason")

    async def do(conn: Connection) -> None:
        await _below(conn, room, device)
        until = room.now + fields.minutes(form, "minutes")
        await quiet.test_mode(conn, room.actor, room.now, device=device, until=until, reason=reason)

    return await led_back(room, await room.said(do))


async def end_test_mode(request: Request) -> Response:
    """POST /devices/test/end with `device`."""
    room = await enter(request, *MAY_ACT)
    device = fields.line(await room.form(), "device")

    async def do(conn: Connection) -> None:
        await _below(conn, room, device)
        await quiet.end_test_mode(conn, room.actor, room.now, device)

    return await led_back(room, await room.said(do))


async def led_back(room: Room, notice: str) -> Response:
    """To the page, or to why it was refused."""
    return await show(room, notice=notice) if notice else RedirectResponse("/devices", 303)


async def _below(conn: Connection, room: Room, device: str) -> None:
    if not await console_devices.below(conn, room.session.station, device):
        raise HTTPException(404)


routes = [
    Route("/devices", page),
    Route("/devices/test", test_mode, methods=["POST"]),
    Route("/devices/test/end", end_test_mode, methods=["POST"]),
]
