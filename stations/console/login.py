"""Signing in and out.

A wrong password, an unknown account and an account without a password look and take the same. A
login form carries a token of its own, so that nobody can be signed in under a stranger's name.
"""

import re
import secrets
from datetime import datetime

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from schemas.topics import ID_PATTERN
from stations import shifts
from stations.console import sessions, tries
from stations.console.actions import note_of
from stations.console.context import Console, console
from stations.console.guard import form_of, signed_in
from stations.deed import Actor
from store import console_audit, console_sessions

FORM_COOKIE = "vigil_login"


async def login_page(request: Request) -> Response:
    """GET /login."""
    if await signed_in(request):
        return RedirectResponse("/", 303)
    return _form(request, console(request), status=200)


async def login(request: Request) -> Response:
    """POST /login with `staff` and `password`."""
    app = console(request)
    form = await form_of(request)
    if not _same(str(form.get("csrf", "")), request.cookies.get(FORM_COOKIE)):
        return _form(request, app, status=403, problem="login.expired")
    staff = str(form.get("staff", "")).strip()
    now = await app.clock()
    async with app.connection() as conn:
        free_at = await tries.take(conn, request, staff, now=now, settings=app.settings)
    if free_at is not None:
        wait = max(1, round((free_at - now).total_seconds()))
        return _form(request, app, status=429, staff=staff, problem="login.wait", seconds=wait)
    if not await _verified(app, staff, form):
        return _form(request, app, status=403, staff=staff, problem="login.wrong")
    return await _welcome(request, app, staff=staff, now=now)


async def logout(request: Request) -> Response:
    """POST /logout with `note` for whoever comes next: the worker goes, and what they hold passes
    on."""
    app = console(request)
    if session := await signed_in(request):
        form = await form_of(request)
        if not _same(str(form.get("csrf", "")), session.csrf):
            return app.pages.page(request, "error.html", status=403, code=403)
        now = await app.clock()
        async with app.connection() as conn:
            await console_sessions.delete(conn, session.token_hash)
            await console_audit.record(conn, at=now, staff=session.staff, action="logout")
            actor = Actor(session.staff, session.station)
            await shifts.sign_out(conn, actor, now, app.policy, note=note_of(form))
    response = RedirectResponse("/login", 303)
    sessions.forget_cookie(response, app.settings)
    return response


async def _verified(app: Console, staff: str, form: FormData) -> bool:
    password = str(form.get("password", ""))
    stored = None
    if re.fullmatch(ID_PATTERN, staff):
        async with app.connection() as conn:
            stored = await console_sessions.password_hash(conn, staff)
    if not await app.passwords.matches(stored, password):
        return False
    if stored is not None and app.passwords.outdated(stored):
        new = await app.passwords.hash_later(password)
        async with app.connection() as conn:
            await console_sessions.replace_password_hash(conn, staff, old=stored, new=new)
    return True


async def _welcome(request: Request, app: Console, *, staff: str, now: datetime) -> Response:
    old = request.cookies.get(sessions.cookie_name(app.settings))
    response = RedirectResponse("/", 303)
    async with app.connection() as conn:
        await tries.succeeded(conn, request, response, staff, now=now, settings=app.settings)
        await console_audit.record(conn, at=now, staff=staff, action="login")
        token = await sessions.create(conn, staff=staff, old=old, now=now, settings=app.settings)
    sessions.set_cookie(response, token, app.settings)
    response.delete_cookie(FORM_COOKIE, path="/login")
    return response


def _form(
    request: Request, app: Console, *, status: int, problem: str = "", staff: str = "",
    seconds: int = 0,
) -> Response:  # fmt: skip
    token = request.cookies.get(FORM_COOKIE) or secrets.token_urlsafe(32)
    response = app.pages.page(
        request, "login.html", status=status, csrf=token, problem=problem, staff=staff,
        seconds=seconds,
    )  # fmt: skip
    response.set_cookie(
        FORM_COOKIE, token, path="/login", secure=app.settings.secure, httponly=True,
        samesite="strict",
    )  # fmt: skip
    if seconds:
        response.headers["Retry-After"] = str(seconds)
    return response


def _same(given: str, expected: str | None) -> bool:
    return bool(expected) and secrets.compare_digest(given.encode(), str(expected).encode())
