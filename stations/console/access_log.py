"""One line in the log for every request: what was asked for, how it ended, how long it took.

Names neither people nor what they typed: of the address only the route stands there, with its ids
left out, and nothing of the query, the form or the cookie. Who looked at whom is in the audit
trail.
"""

import asyncio

import structlog
from starlette.routing import Mount, Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_log = structlog.get_logger(__name__)

_OFTEN = ("/session", "/healthz", "/static")


class AccessLog:
    """ASGI middleware inside the guard; `/session`, `/healthz` and our own files at debug level."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        status, began = 500, asyncio.get_running_loop().time()

        async def heard(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, heard)
        finally:
            took = asyncio.get_running_loop().time() - began
            route = _route(scope)
            say = _log.debug if route in _OFTEN else _log.info
            say(
                "console_request",
                method=scope["method"],
                route=route,
                status=status,
                ms=round(1000 * took),
            )


def _route(scope: Scope) -> str:
    """The pattern that matched, "" where none did: what was typed instead could be anything."""
    matched = scope.get("route")
    return matched.path if isinstance(matched, Route | Mount) else ""
