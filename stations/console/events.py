"""The live stream of a page: server-sent events.

`reset` (forget all cards), `remove` (an id), `card` (an id, its order and its HTML), `tasks` (the
list's HTML), `synced` (the page is current; its id is `<hub>.<step>`), `ping` (the server's time,
and what is wrong), `signed_out`. A page that comes back names the last id it saw and gets what is
newer; one that was cut off before `synced` gets the same again.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from typing import Any
from uuid import UUID

import msgspec
from psycopg import Error
from psycopg_pool import PoolTimeout
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from stations.console import sessions
from stations.console.boards import Board, Delta
from stations.console.context import Console, console
from stations.console.guard import worker
from stations.console.words import Words
from store import console_audit, stations_duty
from store.console_sessions import Session

_CHECK_EVERY = 5  # pings between two looks at whether the session is still good


def event_id(console: Console, step: int) -> str:
    """What a page names when it comes back."""
    return f"{console.hub.name}.{step}"


async def events(request: Request) -> Response:
    """GET /events, with `Last-Event-ID` or `?after=`."""
    session = await worker(request)
    app = console(request)
    last = request.headers.get("last-event-id") or request.query_params.get("after", "")
    stream = Stream(app, session, app.pages.words(request))
    return StreamingResponse(
        stream.run(_step(last, app.hub.name)),
        media_type="text/event-stream",
        headers={"X-Accel-Buffering": "no"},
    )


class Stream:
    """One page's stream; it ends when the session or the server does."""

    def __init__(self, console: Console, session: Session, words: Words) -> None:
        self._console = console
        self._session = session
        self._words = words
        self._shown: set[UUID] = set()

    async def run(self, step: int | None) -> AsyncIterator[bytes]:
        hub, loop = self._console.hub, asyncio.get_running_loop()
        yield _event("ping", self._ping(), retry_ms=1000)
        next_ping, pings = loop.time() + self._console.settings.ping_s, 0
        while not hub.closing:
            changed = hub.changes()
            board = await self._board()
            if board is not None:
                delta = board.since(step)
                if await self._audited(delta):
                    step = board.step
                    for name, data in self._parts(board, delta):
                        yield _event(name, data)
                    if delta.anything:
                        yield _event("synced", {}, id_=event_id(self._console, step))
            with suppress(TimeoutError):
                async with asyncio.timeout_at(next_ping):
                    await changed.wait()
            if loop.time() >= next_ping:
                next_ping, pings = loop.time() + self._console.settings.ping_s, pings + 1
                if pings % _CHECK_EVERY == 0 and not await self._still_signed_in():
                    yield _event("signed_out", {})
                    return
                yield _event("ping", self._ping())

    async def _audited(self, delta: Delta) -> bool:
        """Cards that this page has not shown yet name people: that is on record before they go
        out. False where the store does not answer: they go out when it does."""
        fresh = [incident.id for incident in delta.changed if incident.id not in self._shown]
        if not fresh:
            return True
        with suppress(Error, PoolTimeout, TimeoutError, OSError):
            now = await self._console.clock()
            async with self._console.connection() as conn:
                await console_audit.record(
                    conn,
                    at=now,
                    staff=self._session.staff,
                    action="board.view",
                    subject=self._session.station,
                    detail={"incidents": [str(id_) for id_ in fresh]},
                )
            self._shown.update(fresh)
            return True
        return False

    async def _board(self) -> Board | None:
        """The station's board; None while the store does not answer."""
        with suppress(Error, PoolTimeout, TimeoutError, OSError):
            return await self._console.hub.board(self._session.station)
        return None

    async def _still_signed_in(self) -> bool:
        """A store that does not answer ends no session. A page that still listens can be reached:
        its worker's shift goes on counting."""
        with suppress(Error, PoolTimeout, TimeoutError, OSError):
            now = await self._console.clock()
            async with self._console.connection() as conn:
                good = await sessions.still(
                    conn, self._session, now=now, settings=self._console.settings
                )
                if good:
                    await stations_duty.seen(conn, [self._session.staff], now)
                return good
        return True

    def _ping(self) -> dict[str, Any]:
        now = self._console.hub.now()
        millis = round(now.timestamp() * 1000) if now else None
        return {"now": millis, "problems": self._console.problems()}

    def _parts(self, board: Board, delta: Delta) -> Iterator[tuple[str, dict[str, Any]]]:
        if delta.reset:
            yield "reset", {}
        for gone in delta.removed:
            yield "remove", {"id": str(gone)}
        for incident in delta.changed:
            card = self._console.card(incident, self._session, self._words)
            yield "card", {"id": str(incident.id), "html": card}
        if delta.tasks:
            tasks = self._console.cards.tasks(
                board.tasks, self._session, self._words, now=self._console.hub.now()
            )
            yield "tasks", {"html": tasks}


def _event(
    name: str, data: dict[str, Any], *, id_: str | None = None, retry_ms: int | None = None
) -> bytes:
    """One event. JSON has no line breaks of its own, so the data is one line."""
    lines = [b"event: " + name.encode(), b"data: " + msgspec.json.encode(data)]
    if id_ is not None:
        lines.append(b"id: " + id_.encode())
    if retry_ms is not None:
        lines.append(b"retry: %d" % retry_ms)
    return b"\n".join(lines) + b"\n\n"


def _step(last: str, hub: str) -> int | None:
    """The step in an event id of this hub; None for any other."""
    name, _, step = last.rpartition(".")
    return int(step) if name == hub and step.isascii() and step.isdigit() else None
