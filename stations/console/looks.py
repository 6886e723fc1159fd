"""Looks at names, on record before the names go out.

Everybody who looks while the store is busy with the last looks is written in one go: a new card
goes to two hundred desks with a commit or two, not with two hundred.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from datetime import datetime

from store import console_audit
from store.console_audit import Look
from store.console_sessions import Connection

Connect = Callable[[], AbstractAsyncContextManager[Connection]]
"""A transaction."""


class Looks:
    """Writes with `connect`, at the time that `clock` gives."""

    def __init__(self, connect: Connect, clock: Callable[[], Awaitable[datetime]]) -> None:
        self._connect = connect
        self._clock = clock
        self._writing = asyncio.Lock()
        self._waiting: list[Look] = []
        self._next: asyncio.Task[None] | None = None

    async def record(self, look: Look) -> None:
        """Returns once it is on record; what the store raises comes to everybody it concerns."""
        self._waiting.append(look)
        if self._next is None:
            self._next = asyncio.create_task(self._write(), name="looks at names")
            self._next.add_done_callback(_heard)
        await asyncio.shield(self._next)  # one page that leaves does not take the others' along

    async def _write(self) -> None:
        async with self._writing:
            looks, self._waiting, self._next = self._waiting, [], None
            now = await self._clock()
            async with self._connect() as conn:
                await console_audit.record_looks(conn, looks, at=now)


def _heard(task: asyncio.Task[None]) -> None:
    """Every page that waited may have left: then nobody else hears of a failure."""
    if not task.cancelled():
        task.exception()
