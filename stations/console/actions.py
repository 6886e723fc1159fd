"""What a worker does: each POST is one action, refused with who and why if it may not be done.

A page that sends for itself (`Accept: application/json`) gets the card as it stands afterwards, so
that it need not load anew and nothing typed is lost; a plain form is led back to the board.
"""

import re
from typing import Any, NamedTuple
from uuid import UUID

from starlette.datastructures import FormData
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response

from stations import shifts, task_work, work
from stations.console.board import card_of, show_board
from stations.console.context import Console, console
from stations.console.guard import checked_form, wants_json, worker
from stations.console.pages import Reader
from stations.deed import Action, Actor
from stations.refused import Refused
from store import stations_board
from store.console_sessions import Session

_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")
_LONGEST_NOTE = 2000


class Deed(NamedTuple):
    action: Action
    outcome: str | None
    reached: str | None
    note: str | None
    to: str | None = None


async def act(request: Request) -> Response:
    """POST /incidents/{incident} with `action`; for closing `outcome`, `reached` or both as
    `quick`; for handing over `to`; and `note`. 404 where the incident never reached the worker's
    station."""
    session = await worker(request)
    deed = _deed(await checked_form(request, session))
    app, incident = console(request), request.path_params["incident"]
    refused = await _act(app, incident, deed, session)
    await app.hub.refresh()
    reader = app.pages.reader(request)
    said = await _sentence(app, refused, incident, session, reader) if refused else None
    status = 409 if refused else 200
    if not wants_json(request):
        if said:
            return await show_board(request, session, status=status, notice=said)
        return RedirectResponse(f"/#incident-{incident}", 303)
    card = card_of(app, await app.hub.board(session.station), incident, session, reader)
    return JSONResponse({"said": said, "card": card, "gone": card is None}, status)


async def shift(request: Request) -> Response:
    """POST /shift: the worker is there and heard the sound test. JSON: until when it runs."""
    session = await worker(request)
    await checked_form(request, session)
    app = console(request)
    actor, now = Actor(session.staff, session.station), await app.clock()
    async with app.connection() as conn:
        until = await shifts.confirm(conn, actor, now, app.policy)
    if not wants_json(request):
        return RedirectResponse("/", 303)
    return JSONResponse({"until": round(until.timestamp() * 1000)})


async def finish(request: Request) -> Response:
    """POST /tasks/{task} with `note`."""
    session = await worker(request)
    form = await checked_form(request, session)
    app, task = console(request), request.path_params["task"]
    actor, now = Actor(session.staff, session.station), await app.clock()
    refused = None
    try:
        async with app.connection() as conn:
            await task_work.finish(conn, task, actor, now, note_of(form))
    except Refused as refusal:
        refused = _unless_foreign(refusal)
    await app.hub.refresh()
    reader = app.pages.reader(request)
    said = _plain(refused, reader) if refused else None
    if not wants_json(request):
        if said:
            return await show_board(request, session, status=409, notice=said)
        return RedirectResponse("/", 303)
    board = await app.hub.board(session.station)
    tasks = app.tasks(board, session, reader)
    return JSONResponse({"said": said, "tasks": tasks}, 409 if refused else 200)


async def _act(app: Console, incident: UUID, deed: Deed, session: Session) -> Refused | None:
    actor, now = Actor(session.staff, session.station), await app.clock()
    try:
        async with app.connection() as conn:
            await work.act(
                conn,
                incident,
                deed.action,
                actor,
                now,
                outcome=deed.outcome,
                reached=deed.reached,
                note=deed.note,
                to=deed.to,
                policy=app.policy,
            )
    except Refused as refusal:
        return _unless_foreign(refusal)
    return None


def _unless_foreign(refusal: Refused) -> Refused:
    """What never reached the station does not exist for it."""
    if refusal.code == "not_reached":
        raise HTTPException(404) from refusal
    return refusal


async def _sentence(
    app: Console, refused: Refused, incident: UUID, session: Session, reader: Reader
) -> str:
    """Why it was refused; with the name of whoever stands in the way."""
    if refused.code != "held":
        return _plain(refused, reader)
    async with app.connection() as conn:
        found = await stations_board.incident(conn, incident, session.station)
    name = found.holder_name if found and found.holder == refused.holder else None
    return reader.words("said.held", name=name or refused.holder)


def _plain(refused: Refused, reader: Reader) -> str:
    return reader.words.of(refused.sentence)


def _deed(form: FormData) -> Deed:
    """400 for a form that our page does not make."""
    fields: dict[str, Any] = dict(form)
    try:
        action = Action(str(fields.get("action")))
    except ValueError:
        raise HTTPException(400) from None
    if action is not Action.CLOSE:
        return Deed(action, None, None, note_of(form), to=fields.get("to") or None)
    outcome, reached = fields.get("outcome") or None, fields.get("reached") or None
    if quick := fields.get("quick"):
        outcome, _, reached = str(quick).partition(":")
    return Deed(action, outcome, reached, note_of(form))


def note_of(form: FormData) -> str | None:
    """The free text of a form, without control characters; None for none."""
    text = str(form.get("note") or "")
    return _CONTROL.sub("", text).strip()[:_LONGEST_NOTE] or None
