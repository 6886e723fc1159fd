"""Looks at names: on record before anybody goes on, and together when they come together."""

import asyncio
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import Any

from psycopg import AsyncConnection, OperationalError

from stations.console.looks import Looks
from stations.console.settings import ConsoleSettings
from store import console_sessions
from store.console_audit import Look
from store.console_sessions import Session
from tests.support.desk import START


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
        looks = Looks(writing.connect, _clock, ConsoleSettings())

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
        looks = Looks(writing.connect, _clock, ConsoleSettings())
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
        looks = Looks(writing.connect, _clock, ConsoleSettings())
        leaves = asyncio.create_task(looks.record(Look("leaves", "east", [])))
        stays = asyncio.create_task(looks.record(Look("stays", "east", [])))
        await asyncio.sleep(0)
        leaves.cancel()
        await stays
        assert [staff for staff, _, _ in await writing.rows()] == ["leaves", "stays"]

    asyncio.run(run())


def test_sessions_are_looked_at_together_and_each_gets_its_own_answer(store: str) -> None:
    async def run() -> None:
        writing, later = Writing(store), START + timedelta(minutes=5)

        async def clock() -> datetime:
            return later

        looks = Looks(writing.connect, clock, ConsoleSettings())
        async with await AsyncConnection.connect(store) as conn:
            made = [await _session(conn, staff) for staff in ("east-1", "west-1", "street-1")]
            await conn.execute("DELETE FROM console_session WHERE staff = 'west-1'")
        answers = await asyncio.gather(*(looks.still(session) for session in made))
        assert answers == [True, False, True]
        assert writing.count == 1
        async with await AsyncConnection.connect(store) as conn:
            cursor = await conn.execute("SELECT DISTINCT seen_at FROM console_session")
            assert await cursor.fetchall() == [(later,)]

    asyncio.run(run())


async def _session(conn: AsyncConnection[Any], staff: str) -> Session:
    token = secrets.token_bytes(32)
    expires = START + timedelta(hours=12)
    await console_sessions.insert(conn, token, staff=staff, csrf="x", now=START, expires=expires)
    found = await console_sessions.find(conn, token, now=START, idle=timedelta(hours=1))
    assert found
    return found
