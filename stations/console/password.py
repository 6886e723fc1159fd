"""The own password: changed by whoever knows the present one."""

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from schemas.directory import Role
from stations.console import sessions, tries
from stations.console.office.room import Room, enter
from stations.console.passwords import SHORTEST
from store import console_browsers, console_sessions, console_staff


async def page(request: Request) -> Response:
    """GET /password; `?done=1` says that it was changed."""
    room = await enter(request, *Role)
    return _show(room, done=request.query_params.get("done") == "1")


async def change(request: Request) -> Response:
    """POST /password with `old`, `new` and `again`. Every other session of theirs ends, this one
    goes on under a new token, and a shift that runs goes on."""
    room = await enter(request, *Role)
    form = await room.form()
    if problem := _unfit(form):
        return _refused(room, problem)
    app, staff = room.app, room.session.staff
    async with app.connection() as conn:
        free_at = await tries.take_own(conn, staff, now=room.now, settings=app.settings)
        stored = await console_sessions.password_hash(conn, staff)
    if free_at is not None:
        wait = max(1, round((free_at - room.now).total_seconds()))
        return _refused(room, "login.wait", seconds=wait)
    if stored is None or not await app.passwords.matches(stored, str(form.get("old") or "")):
        return _refused(room, "password.wrong")
    return await _changed(room, stored, await app.passwords.hash_later(str(form["new"])))


async def _changed(room: Room, stored: str, hashed: str) -> Response:
    app, staff = room.app, room.session.staff
    response = RedirectResponse("/password?done=1", 303)
    async with app.connection() as conn:
        if not await console_sessions.replace_password_hash(conn, staff, old=stored, new=hashed):
            return _refused(room, "password.wrong")  # changed elsewhere a moment ago
        await tries.own_succeeded(conn, staff)
        await console_browsers.forget(conn, staff)
        await console_staff.sign_out(conn, staff)
        token = await sessions.create(
            conn, staff=staff, old=None, now=room.now, settings=app.settings
        )
        await room.audit(conn, "password.change", staff)
    sessions.set_cookie(response, token, app.settings)
    return response


def _unfit(form: FormData) -> str:
    """What is wrong with the new one; "" for nothing."""
    old, new = str(form.get("old") or ""), str(form.get("new") or "")
    if not SHORTEST <= len(new) <= 1024:
        return "password.short"
    if new != str(form.get("again") or ""):
        return "password.differ"
    return "password.same" if new == old else ""


def _refused(room: Room, problem: str, *, seconds: int = 0) -> Response:
    return _show(room, notice=room.reader.words(problem, least=SHORTEST, seconds=seconds))


def _show(room: Room, *, notice: str = "", done: bool = False) -> Response:
    return room.page("password.html", notice=notice, done=done, shortest=SHORTEST)


routes = [Route("/password", page), Route("/password", change, methods=["POST"])]
