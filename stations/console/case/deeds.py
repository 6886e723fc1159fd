"""What is done from these pages beside the card's own actions: a call is logged, something is
kept quiet or let speak again.

Our own script gets why it was refused, if it was, and brings the page up to date; a plain form is
led back to its page.
"""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from uuid import UUID

from starlette.datastructures import FormData
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response

from schemas.directory import Role
from stations import quiet, work
from stations.console.case import pages
from stations.console.case.calls import AMBULANCE
from stations.console.guard import wants_json
from stations.console.office import fields
from stations.console.office.room import Connection, Room, enter
from stations.deed import Action
from stations.refused import Refused
from store import case_elder, devices_now, stations_board
from store.case_elder import ElderHome

_Deed = Callable[[Connection, Room, ElderHome, FormData], Awaitable[None]]


async def call(request: Request) -> Response:
    """POST /incidents/{incident}/calls with `contact` (a key of `calls.callees`, or "120"),
    `result` and `note`."""
    room = await enter(request, Role.DUTY)
    form, id_ = await room.form(), request.path_params["incident"]

    async def log(conn: Connection) -> None:
        await _log(conn, room, id_, form)

    said = await room.said(log)
    await room.app.hub.refresh()
    if wants_json(request):
        return _answer(said)
    if said:
        return await pages.show_incident(room, notice=said)
    return RedirectResponse(f"/incidents/{id_}", 303)


async def keep_quiet(request: Request) -> Response:
    """POST /elders/{elder}/quiet with `kind` (`away`, `mute`, `fall`, `test`), `minutes`,
    `reason`, for a mute `rule`, for a sensor's mute or a test `device`."""
    return await _about_elder(request, _keep_quiet)


async def speak_again(request: Request) -> Response:
    """POST /elders/{elder}/quiet/end with `kind` and `id`, as `case_elder.quiet` lists them."""
    return await _about_elder(request, _speak_again)


async def _about_elder(request: Request, deed: _Deed) -> Response:
    room = await enter(request, Role.DUTY)
    form, id_ = await room.form(), request.path_params["elder"]

    async def do(conn: Connection) -> None:
        elder = await case_elder.elder(conn, id_)
        if elder is None or not await case_elder.in_scope(conn, id_, room.session.station):
            raise HTTPException(404)
        await deed(conn, room, elder, form)

    said = await room.said(do)
    if wants_json(request):
        return _answer(said)
    if said:
        return await pages.show_elder(room, notice=said)
    return RedirectResponse(f"/elders/{id_}", 303)


async def _log(conn: Connection, room: Room, incident: UUID, form: FormData) -> None:
    contact = fields.line(form, "contact")
    to_ambulance = contact == AMBULANCE
    if not to_ambulance:
        await _known(conn, room, incident, contact)
    await work.act(
        conn,
        incident,
        Action.EMERGENCY_CALLED if to_ambulance else Action.CALLED,
        room.actor,
        room.now,
        result=None if to_ambulance else fields.line(form, "result") or None,
        contact=None if to_ambulance else contact,
        note=fields.note(form),
        policy=room.app.policy,
    )


async def _known(conn: Connection, room: Room, incident: UUID, contact: str) -> None:
    """404 where the incident never reached the station, 400 for somebody who is not of it."""
    found = await stations_board.incident(conn, incident, room.session.station)
    if found is None:
        raise HTTPException(404)
    keys = {e.id for e in found.elders} | {f"{c.elder}:{c.priority}" for c in found.contacts}
    if contact not in keys:
        raise HTTPException(400)


async def _keep_quiet(conn: Connection, room: Room, elder: ElderHome, form: FormData) -> None:
    actor, now = room.actor, room.now
    kind, reason = fields.line(form, "kind"), fields.line(form, "reason")
    until = now + (fields.minutes(form, "minutes") if kind else timedelta(0))
    device = fields.line(form, "device")
    if kind in ("fall", "test"):
        await _own_device(conn, elder, device)
    if kind == "away":
        await quiet.set_away(conn, actor, now, elder=elder.id, until=until, reason=reason)
    elif kind == "mute":
        rule = fields.line(form, "rule") or quiet.CARE
        await quiet.mute(
            conn, actor, now, scope="elder", subject=elder.id, rule=rule, until=until, reason=reason
        )
    elif kind == "fall":
        await quiet.mute(
            conn, actor, now, scope="device", subject=device, rule=kind, until=until, reason=reason
        )
    elif kind == "test":
        await quiet.test_mode(conn, actor, now, device=device, until=until, reason=reason)
    else:
        raise HTTPException(400)


async def _speak_again(conn: Connection, room: Room, elder: ElderHome, form: FormData) -> None:
    """Ending what has ended meanwhile changes nothing."""
    kind, id_ = fields.line(form, "kind"), fields.line(form, "id")
    running = await case_elder.quiet(conn, elder.id, elder.home, now=room.now)
    if (kind, id_) not in {(q.kind, q.id) for q in running}:
        return
    if kind == "away":
        await quiet.end_away(conn, room.actor, room.now, id_)
    elif kind == "mute":
        await quiet.unmute(conn, room.actor, room.now, int(id_))
    else:
        await quiet.end_test_mode(conn, room.actor, room.now, id_)


async def _own_device(conn: Connection, elder: ElderHome, device: str) -> None:
    if device not in {d.id for d in await devices_now.of_elder(conn, elder.id)}:
        raise Refused("unknown_subject")


def _answer(said: str) -> Response:
    return JSONResponse({"said": said or None}, 409 if said else 200)
