"""Quarantine: a device that spoke and is not registered there is adopted, ignored, or heeded again.

Adopting takes a gateway, an owner and (for a device that moves) a former place under the station's
own area: nobody takes a device out of another district.
"""

from pydantic import ValidationError
from starlette.datastructures import FormData
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from schemas.directory import Device
from stations.console.office import fields
from stations.console.office.devices import MAY_ACT, led_back
from stations.console.office.room import Connection, Room, enter
from stations.refused import Refused
from store import console_adopt, console_devices

_CELLS = ("gateway", "kind", "profile", "elder", "home", "location", "interval_s")


async def adopt(request: Request) -> Response:
    """POST /strangers/adopt with the cells of devices.csv."""
    room = await enter(request, *MAY_ACT)
    form = await room.form()

    async def do(conn: Connection) -> None:
        await _waiting(conn, room, form)
        device = _device(form, room)
        gateway, owner, former = await console_adopt.fits(conn, room.session.station, device)
        if not gateway:
            raise Refused("gateway_unknown")
        if not owner:
            raise Refused("owner_unknown")
        if not former:
            raise Refused("elsewhere")
        dropped = await console_adopt.adopt(conn, device)
        detail = device.model_dump(mode="json", exclude={"id"}, exclude_none=True)
        await room.audit(conn, "device.adopt", device.id, detail | {"dropped": dropped})

    return await led_back(room, await room.said(do))


async def ignore(request: Request) -> Response:
    """POST /strangers/ignore with `device`, `gateway` and `reason`."""
    room = await enter(request, *MAY_ACT)
    form = await room.form()
    reason = fields.line(form, "reason")

    async def do(conn: Connection) -> None:
        gateway, device = await _waiting(conn, room, form)
        if not reason:
            raise Refused("reason_missing")
        await console_adopt.ignore(
            conn, gateway=gateway, device=device, reason=reason, now=room.now
        )
        await room.audit(conn, "device.ignore", device, {"gateway": gateway, "reason": reason})

    return await led_back(room, await room.said(do))


async def heed(request: Request) -> Response:
    """POST /strangers/heed with `device` and `gateway`."""
    room = await enter(request, *MAY_ACT)
    form = await room.form()

    async def do(conn: Connection) -> None:
        gateway, device = await _waiting(conn, room, form)
        await console_adopt.heed(conn, gateway=gateway, device=device)
        await room.audit(conn, "device.heed", device, {"gateway": gateway})

    return await led_back(room, await room.said(do))


async def _waiting(conn: Connection, room: Room, form: FormData) -> tuple[str, str]:
    """(gateway, device) of one that waits under the station's area; 404 for any other."""
    gateway, device = fields.line(form, "gateway"), fields.line(form, "device")
    station = room.session.station
    if not await console_devices.strangers(conn, station, gateway=gateway, device=device):
        raise HTTPException(404)
    return gateway, device


def _device(form: FormData, room: Room) -> Device:
    cells = {name: fields.line(form, name) or None for name in _CELLS}
    if cells["profile"] not in room.app.reference.profiles:
        raise Refused("profile_wrong")
    try:
        return Device.model_validate(cells | {"id": fields.line(form, "device")})
    except ValidationError:
        raise Refused("device_wrong") from None


routes = [
    Route("/strangers/adopt", adopt, methods=["POST"]),
    Route("/strangers/ignore", ignore, methods=["POST"]),
    Route("/strangers/heed", heed, methods=["POST"]),
]
