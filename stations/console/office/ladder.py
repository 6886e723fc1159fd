"""The ladder: what holds, since when and why; and an administrator's change of it.

It is one for the whole site: whoever changes it answers for every station. Administrators of a part
and supervisors look.
"""

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from schemas.directory import Role
from stations import ladder_in_force
from stations.console.office import fields, ladder_form
from stations.console.office.ladder_form import SEVERITIES, TIMES, Filled
from stations.console.office.room import Connection, Room, enter
from stations.ladder import LEVELS, Ladder
from stations.refused import Refused
from store import console_scope, stations_ladder

_MOST = 20  # past changes that are shown


async def page(request: Request) -> Response:
    """GET /ladder."""
    return await _show(await enter(request, Role.SUPERVISOR, Role.ADMIN))


async def change(request: Request) -> Response:
    """POST /ladder with a field for each time, `why`, and `version`, the one that was changed."""
    room = await _answerable(request)
    form = await room.form()
    filled = ladder_form.read(form, room.reader.words)
    if filled.ladder is None:
        notice = room.reader.words("ladder.wrong", count=len(filled.wrong))
        return await _show(room, filled, notice=notice, why=fields.line(form, "why"))
    return await _put(room, filled.ladder, filled)


async def reset(request: Request) -> Response:
    """POST /ladder/reset with `why` and `version`: what the settings say holds again."""
    room = await _answerable(request)
    await room.form()
    return await _put(room, None)


async def _answerable(request: Request) -> Room:
    """An administrator of the whole site; to others there is nothing to change (404)."""
    room = await enter(request, Role.ADMIN)
    async with room.app.connection() as conn:
        if not await console_scope.covers_all(conn, room.session.station):
            raise HTTPException(404)
    return room


async def _put(room: Room, ladder: Ladder | None, filled: Filled | None = None) -> Response:
    form = await room.form()
    why, version = fields.line(form, "why"), fields.line(form, "version")

    async def do(conn: Connection) -> None:
        if not why:
            raise Refused("reason_missing")
        if not version.isdecimal() or not await stations_ladder.add(
            conn,
            after=min(int(version), 10**9),
            at=room.now,
            staff=room.session.staff,
            why=why,
            ladder=None if ladder is None else ladder.model_dump(mode="json"),
        ):
            raise Refused("ladder_changed")
        deed = "ladder.reset" if ladder is None else "ladder.set"
        await room.audit(conn, deed, None, {"version": int(version) + 1, "why": why})

    if notice := await room.said(do):
        return await _show(room, filled, notice=notice, why=why)
    return RedirectResponse("/ladder", 303)


async def _show(
    room: Room, filled: Filled | None = None, *, notice: str = "", why: str = ""
) -> Response:
    async with room.app.connection() as conn:
        force = await ladder_in_force.find(conn, room.app.policy.ladder)
        changes = await stations_ladder.history(conn, _MOST)
        whole = await console_scope.covers_all(conn, room.session.station)
    return room.page(
        "ladder.html",
        notice=notice,
        force=force,
        ladders={s: getattr(force.ladder, s) for s in SEVERITIES},
        changes=changes,
        coverage=str(room.app.policy.coverage),
        may_act=whole and room.session.role == Role.ADMIN,
        typed=filled.typed if filled else ladder_form.shown(force.ladder),
        wrong=filled.wrong if filled else {},
        opened=filled is not None,
        why=why,
        levels=LEVELS,
        times=TIMES,
    )


routes = [
    Route("/ladder", page),
    Route("/ladder", change, methods=["POST"]),
    Route("/ladder/reset", reset, methods=["POST"]),
]
