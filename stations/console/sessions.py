"""Who is signed in: a random token in a cookie, of which the store keeps only the hash.

A login makes a new token and forgets the old one. A session ends after a shift's length, after an
idle hour, at logout, or when its worker retires.
"""

import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta
from hashlib import sha256

from starlette.requests import HTTPConnection
from starlette.responses import Response

from stations.console.settings import ConsoleSettings
from store import console_sessions
from store.console_sessions import Connection, Session

_TOUCH_EVERY = timedelta(minutes=1)


def cookie_name(settings: ConsoleSettings) -> str:
    """With `__Host-` a browser takes the cookie only over https and from this host alone."""
    return "__Host-vigil" if settings.secure else "vigil"


async def create(
    conn: Connection, *, staff: str, old: str | None, now: datetime, settings: ConsoleSettings
) -> str:
    """A new session's token; the session of the old token, if any, ends."""
    if old:
        await console_sessions.delete(conn, _hashed(old))
    await console_sessions.purge(conn, now=now, idle=_idle(settings))
    token = secrets.token_urlsafe(32)
    await console_sessions.insert(
        conn,
        _hashed(token),
        staff=staff,
        csrf=secrets.token_urlsafe(32),
        now=now,
        expires=now + timedelta(hours=settings.session_hours),
    )
    return token


async def current(
    conn: Connection, request: HTTPConnection, *, now: datetime, settings: ConsoleSettings
) -> Session | None:
    """The live session of a request, marked as seen; None where there is none."""
    token = request.cookies.get(cookie_name(settings))
    if not token:
        return None
    return await _seen(conn, _hashed(token), now=now, settings=settings)


async def still(
    conn: Connection, asked: Sequence[Session], *, now: datetime, settings: ConsoleSettings
) -> set[bytes]:
    """The token hashes of those sessions that are still good, marked as seen."""
    tokens = [session.token_hash for session in asked]
    good = await console_sessions.live(conn, tokens, now=now, idle=_idle(settings))
    await console_sessions.touch(conn, sorted(good), now=now, unless_since=now - _TOUCH_EVERY)
    return good


def set_cookie(response: Response, token: str, settings: ConsoleSettings) -> None:
    response.set_cookie(
        cookie_name(settings),
        token,
        max_age=int(settings.session_hours * 3600),
        path="/",
        secure=settings.secure,
        httponly=True,
        samesite="strict",
    )


def forget_cookie(response: Response, settings: ConsoleSettings) -> None:
    response.delete_cookie(
        cookie_name(settings), path="/", secure=settings.secure, httponly=True, samesite="strict"
    )


async def _seen(
    conn: Connection, token_hash: bytes, *, now: datetime, settings: ConsoleSettings
) -> Session | None:
    session = await console_sessions.find(conn, token_hash, now=now, idle=_idle(settings))
    if session and now - session.seen_at >= _TOUCH_EVERY:
        await console_sessions.touch(conn, [token_hash], now=now, unless_since=now - _TOUCH_EVERY)
    return session


def _idle(settings: ConsoleSettings) -> timedelta:
    return timedelta(minutes=settings.idle_minutes)


def _hashed(token: str) -> bytes:
    """The token has 256 random bits: a plain hash cannot be searched."""
    return sha256(token.encode()).digest()
