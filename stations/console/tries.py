"""How often somebody may try to sign in, and who has to wait.

A browser in which the account has signed in before counts by itself: nobody elsewhere can make its
worker wait, and one strange machine at a desk keeps nobody else of the desk out. All other tries
count twice: for the account, and for the address they come from, whatever the account.
"""

import re
import secrets
from datetime import datetime, timedelta
from hashlib import blake2b, sha256
from ipaddress import ip_address, ip_network

from starlette.requests import Request
from starlette.responses import Response

from schemas.topics import ID_PATTERN
from stations.console.settings import ConsoleSettings
from store import console_attempts, console_browsers
from store.console_attempts import Limit
from store.console_sessions import Connection

BROWSER_COOKIE = "vigil_known"
_KEPT_S = 90 * 86_400


async def take(
    conn: Connection, request: Request, staff: str, *, now: datetime, settings: ConsoleSettings
) -> datetime | None:
    """Count one try; or the time from which the next one is looked at. The address comes first, so
    that one that has to wait adds nothing to an account's failures."""
    limit = _limit(settings, settings.free_tries)
    if await _known(conn, request, staff, now=now):
        return await console_attempts.take(conn, _at(request, staff), now=now, limit=limit)
    wide, address = _limit(settings, settings.address_tries), _address(request)
    if (waits := await console_attempts.take(conn, address, now=now, limit=wide)) is not None:
        return waits
    waits = await console_attempts.take(conn, _account(staff), now=now, limit=limit)
    if waits is not None:  # nobody looks at the password
        await console_attempts.give_back(conn, address)
    return waits


async def succeeded(
    conn: Connection, request: Request, response: Response, staff: str, *, now: datetime,
    settings: ConsoleSettings,
) -> None:  # fmt: skip
    """The try was good: it does not count, and from now on the browser is known for the account."""
    if await _known(conn, request, staff, now=now):
        await console_attempts.clear(conn, _at(request, staff))
    else:
        await console_attempts.clear(conn, _account(staff))
        await console_attempts.give_back(conn, _address(request))
    await console_attempts.purge(conn, now=now)
    token = request.cookies.get(BROWSER_COOKIE, "")
    if not await console_browsers.ours(conn, _hashed(token)):
        token = secrets.token_urlsafe(32)
    await console_browsers.remember(conn, _hashed(token), staff, now=now)
    response.set_cookie(
        BROWSER_COOKIE, token, max_age=_KEPT_S, path="/login", secure=settings.secure,
        httponly=True, samesite="strict",
    )  # fmt: skip


async def take_own(
    conn: Connection, staff: str, *, now: datetime, settings: ConsoleSettings
) -> datetime | None:
    """As `take`, for somebody signed in who says their password again."""
    limit = _limit(settings, settings.free_tries)
    return await console_attempts.take(conn, _key("own", staff), now=now, limit=limit)


async def own_succeeded(conn: Connection, staff: str) -> None:
    await console_attempts.clear(conn, _key("own", staff))


async def _known(conn: Connection, request: Request, staff: str, *, now: datetime) -> bool:
    token = request.cookies.get(BROWSER_COOKIE)
    if not token or not re.fullmatch(ID_PATTERN, staff):  # anything may have been typed
        return False
    return await console_browsers.known(conn, _hashed(token), staff, now=now)


def _account(staff: str) -> bytes:
    """An id as it was typed may be long, and need not exist."""
    return _key("account", staff)


def _at(request: Request, staff: str) -> bytes:
    return _key("browser", request.cookies.get(BROWSER_COOKIE, ""), staff)


def _address(request: Request) -> bytes:
    """The client's, which a trusted proxy may have said. A home's or an office's IPv6 network
    counts as one."""
    host = request.client.host if request.client else ""
    try:
        address = ip_address(host)
    except ValueError:
        return _key("address", host)
    if address.version == 6 and address.ipv4_mapped is None:
        return _key("address", str(ip_network((address, 64), strict=False)))
    mapped = getattr(address, "ipv4_mapped", None)
    return _key("address", str(mapped or address))


def _key(*parts: str) -> bytes:
    return blake2b("\n".join(parts).encode(errors="replace"), digest_size=16).digest()


def _hashed(token: str) -> bytes:
    return sha256(token.encode(errors="replace")).digest()


def _limit(settings: ConsoleSettings, free: int) -> Limit:
    wait, longest = timedelta(seconds=settings.wait_s), timedelta(seconds=settings.longest_wait_s)
    return Limit(free, wait, longest)
