"""Keeps the boards of all watched stations current, once for everybody who looks at them.

The store's notification wakes it and it looks every second besides, so a lost notification costs
a second. While the store does not answer it keeps trying and says so; it never shows an old board
as a fresh one.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

import structlog
from psycopg import AsyncConnection, Error
from psycopg_pool import AsyncConnectionPool, PoolTimeout

from stations.console.boards import Board
from store import console_live, stations_board

_ANSWER_WITHIN = 3.0  # seconds; a store that is slower counts as not answering
_FORGET_AFTER = 120.0  # seconds without a look
_BEHIND_S = 0.02  # after a notice: the same commit has cards to send, and they go first

_log = structlog.get_logger(__name__)

Connection = AsyncConnection[Any]


class Hub:
    """`name` tells this hub's steps from those of another process or an earlier life."""

    def __init__(
        self,
        pool: AsyncConnectionPool[Connection],
        clock: Callable[[], Awaitable[datetime]],
        *,
        name: str,
        poll_s: float,
    ) -> None:
        self.name = name
        self.station_names: dict[str, str] = {}
        self.colleagues: dict[str, list[console_live.Colleague]] = {}
        self._directory = -1
        self._pool = pool
        self._clock = clock
        self._poll_s = poll_s
        self._boards: dict[str, Board] = {}
        self._step = 0
        self._lock = asyncio.Lock()
        self._changed = asyncio.Event()
        self._closing = False
        self._read_at: tuple[datetime, float] | None = None

    @property
    def closing(self) -> bool:
        return self._closing

    @property
    def answering(self) -> bool:
        """Whether the boards are current: the store was read a moment ago."""
        return (
            self._read_at is not None
            and asyncio.get_running_loop().time() - self._read_at[1] < _ANSWER_WITHIN
        )

    def now(self) -> datetime | None:
        """The store's clock, carried on since it was last read; None before that."""
        if self._read_at is None:
            return None
        read, at = self._read_at
        return read + timedelta(seconds=asyncio.get_running_loop().time() - at)

    async def board(self, station: str) -> Board:
        """The station's board, current as of now if nobody watched it before."""
        board = self._boards.get(station)
        if board is None or not board.read:
            await self.refresh(station)
            board = self._boards[station]
        board.viewed_at = asyncio.get_running_loop().time()
        return board

    async def refresh(self, station: str | None = None) -> None:
        """Read what changed, so that whoever just acted sees it; also watch `station`."""
        async with self._lock, asyncio.timeout(_ANSWER_WITHIN):
            # The lock and the clock first: nobody waits for either with a connection in hand.
            now = await self._clock()
            async with self._pool.connection(timeout=_ANSWER_WITHIN) as conn:
                await self._refresh(conn, now, station)

    def changes(self) -> asyncio.Event:
        """Set at the next change. Take it before looking at a board, and wait for it after."""
        return self._changed

    def close(self) -> None:
        """Ends all live pages; they come back to whoever serves next."""
        self._closing = True
        self._announce()

    async def run(self) -> None:
        """Follow the store until closed or cancelled.

        Both are asked for at the end: before Python 3.12 a wait that ends as it is cancelled can
        swallow the cancellation.
        """
        while not self._closing:
            try:
                async with self._pool.connection(timeout=_ANSWER_WITHIN) as conn:
                    await self._follow(conn)
            except (Error, PoolTimeout, TimeoutError, OSError) as error:
                _log.warning("console_store_unreachable", error=type(error).__name__)
            await asyncio.sleep(self._poll_s)

    async def _follow(self, conn: Connection) -> None:
        before = conn.autocommit
        await conn.set_autocommit(True)
        try:
            await conn.execute("LISTEN vigil_incident; LISTEN vigil_task")
            while not self._closing:
                async with self._lock, asyncio.timeout(_ANSWER_WITHIN):
                    await self._refresh(conn, await self._clock())
                async for _ in conn.notifies(timeout=self._poll_s, stop_after=1):
                    await asyncio.sleep(_BEHIND_S)
        finally:
            with suppress(Error):
                await conn.execute("UNLISTEN *")
                await conn.set_autocommit(before)

    async def _refresh(self, conn: Connection, now: datetime, station: str | None = None) -> None:
        """Compare with the store. The caller holds the lock."""
        at = asyncio.get_running_loop().time()
        if station is not None and station not in self._boards:
            self._boards[station] = Board(station, self._step, viewed_at=at)
        self._forget(at)
        before = self._step
        try:
            versions = await console_live.versions(conn, self._boards)
            if versions.directory != self._directory:
                self.station_names = await console_live.station_names(conn)
                self.colleagues = await console_live.colleagues(conn)
                self._directory = versions.directory
            for board in self._boards.values():
                await self._update(conn, board, versions)
            self._read_at = now, at
        finally:
            if self._step != before:
                self._announce()

    async def _update(
        self, conn: Connection, board: Board, versions: console_live.Versions
    ) -> None:
        anew = board.directory != versions.directory  # names or addresses may be other ones
        known = {id_: shown.incident.revision for id_, shown in board.cards.items()}
        if anew or known != versions.incidents[board.station]:
            changed, gone = await stations_board.changed_since(
                conn, board.station, {} if anew else known
            )
            if anew:
                gone = list(known.keys() - {incident.id for incident in changed})
            for id_ in gone:
                board.remove(id_, self._next())
            for incident in changed:
                board.put(incident, self._next())
        tasks_version = versions.tasks.get(board.station, (0, 0))
        if anew or tasks_version != board.tasks_version:
            tasks = await stations_board.open_tasks(conn, board.station)
            board.put_tasks(tasks, tasks_version, self._next())
        board.directory = versions.directory

    def _next(self) -> int:
        self._step += 1
        return self._step

    def _forget(self, at: float) -> None:
        old = [b.station for b in self._boards.values() if at - b.viewed_at > _FORGET_AFTER]
        for station in old:
            del self._boards[station]

    def _announce(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()
