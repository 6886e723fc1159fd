"""Looks at names: on record before anybody goes on, and together when they come together."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any

import pytest
from psycopg import AsyncConnection, OperationalError

from stations.console.looks import Looks
from store.console_audit import Look
from tests.support.desk import START, fresh_store
from vigil.embedded.postgres import Postgres


@pytest.fixture
def store(postgres: Postgres) -> Iterator[str]:
    with fresh_store(postgres.dsn) as dsn:
        yield dsn


class Writing:
    """Transactions on a store that can be away, counted."""

    def __init__(self, dsn: str) -> None:
        self.dsn = dsn
        self.count = 0
        self.away = False

    @asynccontextmanager
    async def connect(self) -> AsyncIterator[AsyncConnection[Any]]:
        self.count += 1
        if self.away:
            raise OperationalError("away")
        async with await AsyncConnection.connect(self.dsn) as conn:
            yield conn

    async def rows(self) -> list[tuple[Any, ...]]:
        async with await AsyncConnection.connect(self.dsn) as conn:
            cursor = await conn.execute("SELECT staff, subject, detail FROM audit ORDER BY id")
            return await cursor.fetchall()


async def _clock() -> datetime:
    return START


def test_two_hundred_desks_are_on_record_with_few_commits(store: str) -> None:
    async def run() -> None:
        writing = Writing(store)
        looks = Looks(writing.connect, _clock)

        async def look(n: int) -> None:
            await looks.record(Look(f"worker-{n}", "east", [str(n)]))
            assert (f"worker-{n}", "east", {"incidents": [str(n)]}) in await writing.rows()

        await asyncio.gather(*(look(n) for n in range(20)))
        await asyncio.gather(*(looks.record(Look(f"later-{n}", "east", [])) for n in range(200)))
        assert len(await writing.rows()) == 220
        assert writing.count <= 4

    asyncio.run(run())


def test_a_store_that_is_away_is_told_to_all_and_forgotten_by_none(store: str) -> None:
    async def run() -> None:
        writing = Writing(store)
        looks = Looks(writing.connect, _clock)
        writing.away = True
        tried = await asyncio.gather(
            *(looks.record(Look(f"w{n}", "east", [])) for n in range(3)), return_exceptions=True
        )
        assert [type(outcome) for outcome in tried] == [OperationalError] * 3
        writing.away = False
        await looks.record(Look("w0", "east", ["again"]))
        assert await writing.rows() == [("w0", "east", {"incidents": ["again"]})]

    asyncio.run(run())


def test_a_page_that_leaves_takes_no_other_along(store: str) -> None:
    async def run() -> None:
        writing = Writing(store)
        looks = Looks(writing.connect, _clock)
        leaves = asyncio.create_task(looks.record(Look("leaves", "east", [])))
        stays = asyncio.create_task(looks.record(Look("stays", "east", [])))
        await asyncio.sleep(0)
        leaves.cancel()
        await stays
        assert [staff for staff, _, _ in await writing.rows()] == ["leaves", "stays"]

    asyncio.run(run())
