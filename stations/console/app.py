"""The console as an ASGI application."""

import asyncio
import mimetypes
import secrets
from collections.abc import AsyncIterator, Callable, Collection
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

from psycopg import OperationalError
from psycopg_pool import PoolTimeout
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Scope

from stations.console import leaving, office, password, telephone
from stations.console.access_log import AccessLog
from stations.console.actions import act, finish, shift
from stations.console.board import alive, board_page
from stations.console.cards import Cards
from stations.console.case.routes import routes as case_routes
from stations.console.context import Clock, Console, Pool, console, transaction
from stations.console.events import events
from stations.console.guard import wants_json
from stations.console.health import healthz
from stations.console.live import Hub
from stations.console.login import login, login_page, logout
from stations.console.looks import Looks
from stations.console.pages import Pages
from stations.console.passwords import Passwords
from stations.console.reference import NOTHING, Reference
from stations.console.security import Guard
from stations.console.settings import ConsoleSettings
from stations.policy import DEFAULT as DEFAULT_POLICY
from stations.policy import Policy

_STATIC = Path(__file__).parent / "static"
_LARGEST_BODY = 65_536
_NO_PAGE = ("/events", "/session")


def create_app(
    pool: Pool,
    *,
    clock: Clock,
    settings: ConsoleSettings,
    policy: Policy = DEFAULT_POLICY,
    reference: Reference = NOTHING,
    stopped: Callable[[], Collection[str]] = tuple,
) -> Starlette:
    """The console over an open pool. `clock` gives the store's time.

    `policy` is the stations' own. `reference` describes rules and device models. `stopped` names
    parts of the stations process that no longer run, so that pages say so. Opens nothing by itself:
    boards are followed from the application's start to its end.
    """
    mimetypes.init()  # reads the system's tables, which no request is to wait for
    pages = Pages(settings)
    hub = Hub(pool, clock, name=secrets.token_hex(4), poll_s=settings.poll_s)
    app = _Guarded(
        routes=_ROUTES,
        exception_handlers={
            HTTPException: _refusal,
            OperationalError: _no_store,
            PoolTimeout: _no_store,
            TimeoutError: _no_store,
            Exception: _failure,
        },
        lifespan=_lifespan,
        max_body_size=_LARGEST_BODY,
    )
    app.state.console = Console(
        pool=pool,
        clock=clock,
        settings=settings,
        hub=hub,
        pages=pages,
        cards=Cards(pages),
        looks=Looks(partial(transaction, pool), clock, settings),
        passwords=Passwords(),
        policy=policy,
        reference=reference,
        stopped=stopped,
    )
    return app


class _Guarded(Starlette):
    """The guard stands around everything, so that error pages carry its headers too."""

    def build_middleware_stack(self) -> ASGIApp:
        secure = self.state.console.settings.secure
        return AccessLog(Guard(super().build_middleware_stack(), secure=secure))


class _Static(StaticFiles):
    """Our own files: a browser keeps them, and asks each time whether they are current."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        response = await super().get_response(path, scope)
        response.headers["Cache-Control"] = "no-cache"
        return response


@asynccontextmanager
async def _lifespan(app: Starlette) -> AsyncIterator[None]:
    hub: Hub = app.state.console.hub
    following = asyncio.create_task(hub.run(), name="console boards")
    try:
        yield
    finally:
        hub.close()
        while not following.done():  # a cancellation can get lost: see Hub.run
            following.cancel()
            await asyncio.wait([following], timeout=0.1)


async def _refusal(request: Request, error: Exception) -> Response:
    """Says what is wrong in the reader's language; without a login, leads to it."""
    code = error.status_code if isinstance(error, HTTPException) else 500
    if code == 401 and request.method == "GET" and request.url.path not in _NO_PAGE:
        if request.headers.get("sec-fetch-site") == "cross-site":
            return console(request).pages.page(request, "bounce.html")
        return RedirectResponse("/login", 303)
    return _said(request, code)


async def _no_store(request: Request, _error: Exception) -> Response:
    return _said(request, 503)


async def _failure(request: Request, _error: Exception) -> Response:
    """The answer to what nobody expected; the server logs the error itself."""
    return _said(request, 500)


def _said(request: Request, code: int) -> Response:
    pages = console(request).pages
    known = code if code in (401, 403, 404, 405, 413, 500, 503) else 400
    if wants_json(request):
        return JSONResponse({"said": pages.words(request)(f"error.{known}")}, code)
    return pages.page(request, "error.html", status=code, code=known)


_ROUTES = [
    Route("/", board_page),
    Route("/incidents/{incident:uuid}", act, methods=["POST"]),
    Route("/tasks/{task:uuid}", finish, methods=["POST"]),
    Route("/shift", shift, methods=["POST"]),
    Route("/session", alive),
    Route("/events", events),
    Route("/login", login_page),
    Route("/login", login, methods=["POST"]),
    Route("/logout", logout, methods=["POST"]),
    Route("/healthz", healthz),
    *case_routes,
    *leaving.routes,
    *password.routes,
    *telephone.routes,
    *office.routes,
    Mount("/static", _Static(directory=_STATIC)),
]
