"""Administration: who may sign in and as what, under the administrator's own area.

Nobody changes or retires their own account: there is always somebody left who can.
"""

from collections.abc import Awaitable, Callable
from datetime import timedelta

from pydantic import TypeAdapter, ValidationError
from starlette.datastructures import FormData
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from schemas.directory import Id, Role
from stations import shifts
from stations.console.office import fields
from stations.console.office.room import Connection, Room, enter
from stations.console.passwords import SHORTEST
from stations.deed import Actor
from stations.refused import Refused
from store import console_scope, console_staff
from store.console_staff import Details

_ID: TypeAdapter[str] = TypeAdapter(Id)


async def page(request: Request) -> Response:
    """GET /staff."""
    return await _show(await enter(request, Role.ADMIN))


async def _show(room: Room, *, notice: str = "") -> Response:
    async with room.app.connection() as conn:
        members = await _members(conn, room)
        retired = await _members(conn, room, retired=True)
        stations = await _stations(conn, room)
    return room.page(
        "staff.html",
        notice=notice,
        members=members,
        retired=retired,
        stations=stations,
        roles=list(Role),
        shortest=SHORTEST,
    )


async def add(request: Request) -> Response:
    """POST /staff with `staff`, `name`, `phone`, `station` and `role`; without a password they
    cannot yet sign in."""
    room = await enter(request, Role.ADMIN)
    form = await room.form()
    staff, role = fields.line(form, "staff"), fields.line(form, "role")

    async def do(conn: Connection) -> None:
        details = await _details(conn, room, form)
        if role not in set(Role) or not _is_id(staff):
            raise Refused("staff_wrong")
        if not await console_staff.insert(conn, staff, details, role=role):
            raise Refused("staff_taken")
        await room.audit(conn, "staff.add", staff, {"station": details.station, "role": role})

    return await _back(room, await room.said(do))


async def set_details(request: Request) -> Response:
    """POST /staff/{staff}/details with `name`, `phone` and `station`. Who moves to another station
    is signed out there."""
    room, staff = await _other(request)
    form = await room.form()

    async def do(conn: Connection) -> None:
        details = await _details(conn, room, form)
        (member,) = await _members(conn, room, only=staff)
        if details.station != member.station:
            await _lets_go(conn, room, staff)
            await console_staff.sign_out(conn, staff)
        await console_staff.set_details(conn, staff, details)
        await room.audit(conn, "staff.details", staff, {"station": details.station})

    return await _back(room, await room.said(do))


async def bring_back(request: Request) -> Response:
    """POST /staff/{staff}/return, of somebody retired; they need a new password."""
    room, staff = await _other(request, retired=True)
    await room.form()

    async def do(conn: Connection) -> None:
        await console_staff.bring_back(conn, staff)
        await room.audit(conn, "staff.return", staff)

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
    if len(password) < SHORTEST:
        return await _show(room, notice=room.reader.words("staff.short", least=SHORTEST))
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


async def _stations(conn: Connection, room: Room) -> dict[str, str]:
    """Names by id of the stations under the administrator's area."""
    places = await console_scope.places(conn, room.session.station)
    return {p.station: p.station_name or "" for p in places if p.station is not None}


async def _details(conn: Connection, room: Room, form: FormData) -> Details:
    """As filled in; 404 for a station of another area."""
    found = Details(*(fields.line(form, name) for name in Details._fields))
    if found.station not in await _stations(conn, room):
        raise HTTPException(404)
    if not found.name:
        raise Refused("staff_wrong")
    return found


async def _other(request: Request, *, retired: bool = False) -> tuple[Room, str]:
    """Somebody else under the administrator's area; 404 for all others, 403 for oneself."""
    room = await enter(request, Role.ADMIN)
    staff: str = request.path_params["staff"]
    if staff == room.session.staff:
        raise HTTPException(403)
    async with room.app.connection() as conn:
        if not await _members(conn, room, only=staff, retired=retired):
            raise HTTPException(404)
    return room, staff


async def _members(
    conn: Connection, room: Room, *, only: str | None = None, retired: bool = False
) -> list[console_staff.Member]:
    idle = room.now - timedelta(minutes=room.app.settings.idle_minutes)
    return await console_staff.members(
        conn, room.session.station, now=room.now, idle=idle, only=only, retired=retired
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
    "details": set_details, "role": set_role, "password": set_password, "retire": retire,
    "return": bring_back, "signout": sign_out,
}  # fmt: skip
routes = [
    Route("/staff", page),
    Route("/staff", add, methods=["POST"]),
    *(Route(f"/staff/{{staff}}/{name}", deed, methods=["POST"]) for name, deed in _DEEDS.items()),
]
