"""What every handler needs, made once by `create_app` and passed along by the application."""

from collections.abc import AsyncIterator, Awaitable, Callable, Collection
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

from psycopg import AsyncConnection
from psycopg_pool import AsyncConnectionPool
from starlette.requests import Request

from stations.console.cards import Cards
from stations.console.live import Hub
from stations.console.pages import Pages
from stations.console.passwords import Passwords
from stations.console.settings import ConsoleSettings
from stations.console.words import Words
from stations.policy import Policy
from store.console_sessions import Session
from store.stations_board import BoardIncident

Pool = AsyncConnectionPool[AsyncConnection[Any]]
_ANSWER_WITHIN = 3.0  # seconds

Clock = Callable[[], Awaitable[datetime]]
"""The store's clock; tests move theirs."""


@dataclass(frozen=True, slots=True)
class Console:
    pool: Pool
    clock: Clock
    settings: ConsoleSettings
    hub: Hub
    pages: Pages
    cards: Cards
    passwords: Passwords
    policy: Policy
    stopped: Callable[[], Collection[str]]

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[AsyncConnection[Any]]:
        """A transaction; PoolTimeout after 3 s, so that nobody waits for a store that is away."""
        async with self.pool.connection(timeout=_ANSWER_WITHIN) as conn, conn.transaction():
            yield conn

    def card(self, incident: BoardIncident, session: Session, words: Words) -> str:
        return self.cards.card(
            incident, session, words, stations=self.hub.station_names, now=self.hub.now()
        )

    def problems(self) -> list[str]:
        """What keeps the pages from being trusted: `store`, or a part that stopped."""
        found = sorted(self.stopped())
        return found if self.hub.answering else [*found, "store"]


def console(request: Request) -> Console:
    return cast("Console", request.app.state.console)
