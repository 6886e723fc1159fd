"""Administration: who may sign in and as what, under the administrator's own area.

Nobody changes or retires their own account: there is always somebody left who can.
"""

from collections.abc import Awaitable, Callable
from datetime import timedelta

from pydantic import TypeAdapter, ValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from schemas.directory import Id, Role
from stations import shifts
from stations.console.office import fields
from stations.console.office.room import Connection, Room, enter
from stations.refused import Refused
from stations.work import Actor
from store import console_scope, console_staff

_SHORTEST = 10
_ID: TypeAdapter[str] = TypeAdapter(Id)


async def page(request: Request) -> Response:
    """GET /staff."""
    return await _show(await enter(request, Role.ADMIN))


async def _show(room: Room, *, notice: str = "") -> Response:
    async with room.app.connection() as conn:
        members = await _members(conn, room)
        places = await console_scope.places(conn, room.session.station)
    return room.page(
        "staff.html",
        notice=notice,
        members=members,
        stations={p.station: p.station_name for p in places if p.station is not None},
        roles=list(Role),
        shortest=_SHORTEST,
    )


async def add(request: Request) -> Response:
    """POST /staff with `staff`, `name`, `station` and `role`; without a password they cannot yet
    sign in."""
    room = await enter(request, Role.ADMIN)
    form = await room.form()
    staff, name = fields.line(form, "staff"), fields.line(form, "name")
    station, role = fields.line(form, "station"), fields.line(form, "role")

    async def do(conn: Connection) -> None:
        places = await console_scope.places(conn, room.session.station)
        if station not in {p.station for p in places}:
            raise HTTPException(404)
        if not name or role not in set(Role) or not _is_id(staff):
            raise Refused("staff_wrong")
        if not await console_staff.insert(conn, staff, name=name, station=station, role=role):
            raise Refused("staff_taken")
        await room.audit(conn, "staff.add", staff, {"station": station, "role": role})

    return await _back(room, await room.said(do))


async def set_role(request: Request) -> Response:
    """POST /staff/{staff}/role with `role`."""
    room, staff = await _other(request)
    role = fields.line(await room.form(), "role")

    async def do(conn: Connection) -> None:
        if role not in set(Role):
            raise Refused("staff_wrong")
        await _lets_go(conn, room, staff)
        await console_staff.set_role(conn, staff, role)
        await room.audit(conn, "staff.role", staff, {"role": role})

    return await _back(room, await room.said(do))


async def set_password(request: Request) -> Response:
    """POST /staff/{staff}/password with `password`."""
    room, staff = await _other(request)
    password = str((await room.form()).get("password") or "")
    if len(password) < _SHORTEST:
        return await _show(room, notice=room.reader.words("staff.short", least=_SHORTEST))
    hashed = await room.app.passwords.hash_later(password)

    async def do(conn: Connection) -> None:
        await console_staff.set_password(conn, staff, hashed)
        await room.audit(conn, "staff.password", staff)

    return await _back(room, await room.said(do))


async def retire(request: Request) -> Response:
    """POST /staff/{staff}/retire."""
    room, staff = await _other(request)
    await room.form()

    async def do(conn: Connection) -> None:
        await _lets_go(conn, room, staff)
        await console_staff.retire(conn, staff, now=room.now)
        await room.audit(conn, "staff.retire", staff)

    return await _back(room, await room.said(do))


async def sign_out(request: Request) -> Response:
    """POST /staff/{staff}/signout: everywhere, at once."""
    room, staff = await _other(request)
    await room.form()

    async def do(conn: Connection) -> None:
        await _lets_go(conn, room, staff)
        ended = await console_staff.sign_out(conn, staff)
        await room.audit(conn, "staff.sign_out", staff, {"sessions": ended})

    return await _back(room, await room.said(do))


async def _lets_go(conn: Connection, room: Room, staff: str) -> None:
    """Their shift ends; what they hold passes on and pages until somebody takes it."""
    (member,) = await _members(conn, room, only=staff)
    await shifts.sign_out(conn, Actor(staff, member.station), room.now, room.app.policy)


async def _other(request: Request) -> tuple[Room, str]:
    """Somebody else under the administrator's area; 404 for all others, 403 for oneself."""
    room = await enter(request, Role.ADMIN)
    staff: str = request.path_params["staff"]
    if staff == room.session.staff:
        raise HTTPException(403)
    async with room.app.connection() as conn:
        if not await _members(conn, room, only=staff):
            raise HTTPException(404)
    return room, staff


async def _members(
    conn: Connection, room: Room, *, only: str | None = None
) -> list[console_staff.Member]:
    idle = room.now - timedelta(minutes=room.app.settings.idle_minutes)
    return await console_staff.members(
        conn, room.session.station, now=room.now, idle=idle, only=only
    )


async def _back(room: Room, notice: str) -> Response:
    return await _show(room, notice=notice) if notice else RedirectResponse("/staff", 303)


def _is_id(text: str) -> bool:
    try:
        _ID.validate_python(text)
    except ValidationError:
        return False
    return True


_Deed = Callable[[Request], Awaitable[Response]]
_DEEDS: dict[str, _Deed] = {
    "role": set_role, "password": set_password, "retire": retire, "signout": sign_out,
}  # fmt: skip
routes = [
    Route("/staff", page),
    Route("/staff", add, methods=["POST"]),
    *(Route(f"/staff/{{staff}}/{name}", deed, methods=["POST"]) for name, deed in _DEEDS.items()),
]
