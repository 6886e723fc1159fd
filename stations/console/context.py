"""What every handler needs, made once by `create_app` and passed along by the application."""

from collections.abc import AsyncIterator, Awaitable, Callable, Collection
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

from psycopg import AsyncConnection
from psycopg_pool import AsyncConnectionPool
from starlette.requests import Request

from stations.console.boards import Board, Shown
from stations.console.cards import Cards
from stations.console.live import Hub
from stations.console.looks import Looks
from stations.console.pages import Pages, Reader
from stations.console.passwords import Passwords
from stations.console.reference import Reference
from stations.console.settings import ConsoleSettings
from stations.policy import Policy
from store.console_sessions import Session

Pool = AsyncConnectionPool[AsyncConnection[Any]]
_ANSWER_WITHIN = 3.0  # seconds

Clock = Callable[[], Awaitable[datetime]]
"""The store's clock; tests move theirs."""


@asynccontextmanager
async def transaction(pool: Pool) -> AsyncIterator[AsyncConnection[Any]]:
    """PoolTimeout after 3 s, so that nobody waits for a store that is away."""
    async with pool.connection(timeout=_ANSWER_WITHIN) as conn, conn.transaction():
        yield conn


@dataclass(frozen=True, slots=True)
class Console:
    pool: Pool
    clock: Clock
    settings: ConsoleSettings
    hub: Hub
    pages: Pages
    cards: Cards
    looks: Looks
    passwords: Passwords
    policy: Policy
    reference: Reference
    stopped: Callable[[], Collection[str]]

    def connection(self) -> AbstractAsyncContextManager[AsyncConnection[Any]]:
        """See `transaction`."""
        return transaction(self.pool)

    def card(self, shown: Shown, session: Session, reader: Reader, *, brief: bool = False) -> str:
        """A card of a board; `brief` without what the page around it shows itself."""
        return self.cards.card(
            shown.incident,
            session,
            reader,
            stations=self.hub.station_names,
            colleagues=self.hub.colleagues,
            now=self.hub.now(),
            brief=brief,
            rendered=shown.rendered,
        )

    def tasks(self, board: Board, session: Session, reader: Reader) -> str:
        """The list of a board's tasks."""
        now = self.hub.now()
        return self.cards.tasks(
            board.tasks, session, reader, now=now, rendered=board.tasks_rendered
        )

    def problems(self) -> list[str]:
        """What keeps the pages from being trusted: `store`, or a part that stopped."""
        found = sorted(self.stopped())
        return found if self.hub.answering else [*found, "store"]


def console(request: Request) -> Console:
    return cast("Console", request.app.state.console)
