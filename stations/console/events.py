"""The live stream of a page: server-sent events.

The board's: `reset` (forget all cards), `remove` (an id), `card` (an id, its order and its HTML),
`tasks` (the list's HTML), `synced` (the page is current; its id is `<hub>.<step>`). A page that
comes back names the last id it saw and gets what is newer; one that was cut off before `synced`
gets the same again.

Other pages' (`?watch=1`): `calls` (what asks this worker for an answer, without names), and with
`&incident=<id>` `incident` (its id and revision, null once it is closed).

Every page's: `ping` (the server's time, and what is wrong), `signed_out`.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import suppress
from typing import Any, Protocol
from uuid import UUID

import msgspec
from psycopg import Error
from psycopg_pool import PoolTimeout
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from stations.console.boards import Board, Delta
from stations.console.cards import page_key
from stations.console.context import Console, console
from stations.console.guard import worker
from stations.console.pages import Reader
from store.console_audit import Look
from store.console_sessions import Session

_CHECK_EVERY = 5  # pings between two looks at whether the session is still good
_AWAY = (Error, PoolTimeout, TimeoutError, OSError)
"""What a store that does not answer looks like."""


class View(Protocol):
    """What one kind of page hears."""

    async def news(self, board: Board) -> Sequence[bytes]:
        """The events that bring the page up to the board; none where it cannot be done now."""


def event_id(console: Console, step: int) -> str:
    """What a page names when it comes back."""
    return f"{console.hub.name}.{step}"


async def events(request: Request) -> Response:
    """GET /events, with `Last-Event-ID` or `?after=`; or with `?watch=1`."""
    session = await worker(request)
    app = console(request)
    stream = Stream(app, session, _view(request, app, session))
    return StreamingResponse(
        stream.run(), media_type="text/event-stream", headers={"X-Accel-Buffering": "no"}
    )


def _view(request: Request, app: Console, session: Session) -> View:
    if request.query_params.get("watch"):
        return CallsView(session, _uuid(request.query_params.get("incident", "")))
    last = request.headers.get("last-event-id") or request.query_params.get("after", "")
    return BoardView(app, session, app.pages.reader(request), _step(last, app.hub.name))


class Stream:
    """One page's stream; it ends when the session or the server does."""

    def __init__(self, console: Console, session: Session, view: View) -> None:
        self._console = console
        self._session = session
        self._view = view

    async def run(self) -> AsyncIterator[bytes]:
        hub, loop = self._console.hub, asyncio.get_running_loop()
        yield b"retry: 1000\n" + self._ping()
        next_ping, pings = loop.time() + self._console.settings.ping_s, 0
        while not hub.closing:
            changed = hub.changes()
            if news := await self._news():
                yield b"".join(news)
            with suppress(TimeoutError):
                async with asyncio.timeout_at(next_ping):
                    await changed.wait()
            if loop.time() >= next_ping:
                next_ping, pings = loop.time() + self._console.settings.ping_s, pings + 1
                if pings % _CHECK_EVERY == 0 and not await self._still_signed_in():
                    yield _event("signed_out", {})
                    return
                yield self._ping()

    async def _news(self) -> Sequence[bytes]:
        """Nothing while the store does not answer; it comes when it does."""
        with suppress(*_AWAY):
            return await self._view.news(await self._console.hub.board(self._session.station))
        return ()

    async def _still_signed_in(self) -> bool:
        """A store that does not answer ends no session."""
        with suppress(*_AWAY):
            return await self._console.looks.still(self._session)
        return True

    def _ping(self) -> bytes:
        now = self._console.hub.now()
        millis = round(now.timestamp() * 1000) if now else None
        return _event("ping", {"now": millis, "problems": self._console.problems()})


class BoardView:
    """The board itself: cards and tasks."""

    def __init__(
        self, console: Console, session: Session, reader: Reader, step: int | None
    ) -> None:
        self._console = console
        self._session = session
        self._reader = reader
        self._step = step
        self._seen: set[UUID] = set()

    async def news(self, board: Board) -> Sequence[bytes]:
        """Cards that this page has not shown yet name people: that is on record before they go
        out."""
        delta, step = board.since(self._step), board.step
        if not delta.anything:
            return ()
        fresh = [shown.incident.id for shown in delta.changed]
        fresh = [incident for incident in fresh if incident not in self._seen]
        if fresh:
            who = self._session
            look = Look(who.staff, who.station, [str(incident) for incident in fresh])
            await self._console.looks.record(look)
            self._seen.update(fresh)
        self._step = step
        return [
            *self._parts(board, delta),
            _event("synced", {}, id_=event_id(self._console, step)),
        ]

    def _parts(self, board: Board, delta: Delta) -> list[bytes]:
        app, session, reader = self._console, self._session, self._reader
        parts = [_event("reset", {})] if delta.reset else []
        parts += [_event("remove", {"id": str(gone)}) for gone in delta.removed]
        for shown in delta.changed:
            html = app.card(shown, session, reader)
            parts.append(_event("card", {"id": str(shown.incident.id), "html": html}))
        if delta.tasks:
            parts.append(_event("tasks", {"html": app.tasks(board, session, reader)}))
        return parts


class CallsView:
    """What asks a worker who is looking at something else; and one incident's revision."""

    def __init__(self, session: Session, incident: UUID | None) -> None:
        self._session = session
        self._incident = incident
        self._told: list[bytes] = []

    async def news(self, board: Board) -> Sequence[bytes]:
        now = [_event("calls", {"calls": self._calls(board)})]
        if self._incident is not None:
            shown = board.cards.get(self._incident)
            revision = shown.incident.revision if shown else None
            now.append(_event("incident", {"id": str(self._incident), "revision": revision}))
        news = [event for event in now if event not in self._told]
        self._told = now
        return news

    def _calls(self, board: Board) -> list[dict[str, str]]:
        who = self._session
        asking = [(page_key(one, who.staff, who.station), one) for one in board.asking]
        return [
            {"page": page, "id": str(incident.id), "severity": incident.severity}
            for page, incident in asking
            if page
        ]


def _event(name: str, data: dict[str, Any], *, id_: str | None = None) -> bytes:
    """One event. JSON has no line breaks of its own, so the data is one line."""
    lines = [b"event: " + name.encode(), b"data: " + msgspec.json.encode(data)]
    if id_ is not None:
        lines.append(b"id: " + id_.encode())
    return b"\n".join(lines) + b"\n\n"


def _step(last: str, hub: str) -> int | None:
    """The step in an event id of this hub; None for any other."""
    name, _, step = last.rpartition(".")
    return int(step) if name == hub and step.isascii() and step.isdigit() else None


def _uuid(text: str) -> UUID | None:
    with suppress(ValueError):
        return UUID(text)
    return None
