"""What live pages ask of the store again and again, for all pages at once: that somebody looks at
names is put on record before the names go out, and that they are still signed in.
"""

from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime

from stations.console import sessions
from stations.console.settings import ConsoleSettings
from stations.console.together import Together
from store import console_audit, stations_duty
from store.console_audit import Look
from store.console_sessions import Connection, Session

Connect = Callable[[], AbstractAsyncContextManager[Connection]]
"""A transaction."""


class Looks:
    """Reads and writes with `connect`, at the time that `clock` gives. Both raise what the store
    raises, to everybody whose turn it was."""

    def __init__(
        self,
        connect: Connect,
        clock: Callable[[], Awaitable[datetime]],
        settings: ConsoleSettings,
    ) -> None:
        self._connect = connect
        self._clock = clock
        self._settings = settings
        self._looks = Together(self._write)
        self._present = Together(self._check)

    async def record(self, look: Look) -> None:
        """Returns once it is on record."""
        await self._looks.ask(look)

    async def still(self, session: Session) -> bool:
        """Whether a live page's session is still good. A page that listens can be reached: its
        worker's shift goes on counting."""
        return await self._present.ask(session)

    async def _write(self, looks: Sequence[Look]) -> Sequence[None]:
        now = await self._clock()
        async with self._connect() as conn:
            await console_audit.record_looks(conn, looks, at=now)
        return [None] * len(looks)

    async def _check(self, asked: Sequence[Session]) -> Sequence[bool]:
        now = await self._clock()
        async with self._connect() as conn:
            good = await sessions.still(conn, asked, now=now, settings=self._settings)
            there = {one.staff for one in asked if one.token_hash in good}
            await stations_duty.seen(conn, sorted(there), now)
        return [one.token_hash in good for one in asked]
