"""What a handler asks first: who is this, and did our own page send it."""

import secrets

from starlette.datastructures import FormData
from starlette.exceptions import HTTPException
from starlette.requests import Request

from schemas.directory import Role
from stations.console import sessions
from stations.console.context import console
from store.console_sessions import Session


async def signed_in(request: Request) -> Session | None:
    """The live session of a request, if any."""
    app = console(request)
    if sessions.cookie_name(app.settings) not in request.cookies:
        return None
    now = await app.clock()
    async with app.connection() as conn:
        return await sessions.current(conn, request, now=now, settings=app.settings)


async def member(request: Request, *roles: Role) -> Session:
    """The session of somebody of one of `roles`; 401 without one, 403 for other roles."""
    session = await signed_in(request)
    if session is None:
        raise HTTPException(401)
    if session.role not in roles:
        raise HTTPException(403)
    return session


async def worker(request: Request) -> Session:
    """The session of somebody on the duty desk; 401 without one, 403 for other roles.

    Supervisors see figures and administrators settings: names are for those who answer.
    """
    return await member(request, Role.DUTY)


async def form_of(request: Request) -> FormData:
    """The fields of a form; files are not taken."""
    return await request.form(max_files=0, max_fields=40, max_part_size=16_384)


async def checked_form(request: Request, session: Session) -> FormData:
    """The fields of a form that carries the session's token; 403 otherwise."""
    form = await form_of(request)
    if not secrets.compare_digest(str(form.get("csrf", "")).encode(), session.csrf.encode()):
        raise HTTPException(403)
    return form


def wants_json(request: Request) -> bool:
    """Whether our own script asks, which shows the answer in place."""
    return "application/json" in request.headers.get("accept", "")
