"""A real Chromium for tests, and a duty desk to look at with it.

Chromium comes from the system (Debian: `apt install chromium`); without it browser tests skip and
say so. Every page fails its test when a script error or a refused resource turns up.
"""

import asyncio
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from datetime import datetime
from typing import Any

import pytest
from playwright.async_api import Browser, Page, async_playwright
from psycopg import AsyncConnection, Error
from psycopg_pool import AsyncConnectionPool, PoolTimeout

from stations import climb, intake
from stations.console.app import create_app
from stations.console.reference import NOTHING, Reference
from stations.console.serve import serve
from stations.console.settings import ConsoleSettings
from stations.policy import Policy
from store import stations_clock, stations_pool
from tests.support.desk import PASSWORD, Desk

PATIENCE = 20.0  # seconds; only a failing test waits so long
DESK, PHONE = (1280, 800), (360, 740)

_ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]


def chromium_path() -> str:
    """Where Chromium is; skips the test where there is none."""
    path = shutil.which("chromium") or shutil.which("chromium-browser")
    if path is None:
        pytest.skip("no chromium on the PATH: install it (Debian: apt install chromium)")
    return path


@asynccontextmanager
async def chromium() -> AsyncIterator[Browser]:
    path = chromium_path()
    async with async_playwright() as play:
        browser = await play.chromium.launch(executable_path=path, args=_ARGUMENTS)
        try:
            yield browser
        finally:
            await browser.close()


@asynccontextmanager
async def page_of(
    browser: Browser, *, size: tuple[int, int] = DESK, quiet: bool = False, **options: Any
) -> AsyncIterator[Page]:
    """A page of its own session. `quiet`: errors are expected (the test cuts the connection)."""
    width, height = size
    context = await browser.new_context(viewport={"width": width, "height": height}, **options)
    context.set_default_timeout(PATIENCE * 1000)
    page = await context.new_page()
    wrong: list[str] = []
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("console", lambda said: wrong.append(said.text) if said.type == "error" else None)
    try:
        yield page
    finally:
        await context.close()
    assert quiet or not wrong, wrong


async def sign_in(page: Page, url: str, staff: str, *, password: str = PASSWORD) -> None:
    """Through the login page to a board that is live."""
    await page.goto(f"{url}/login")
    await page.fill("[name=staff]", staff)
    await page.fill("[name=password]", password)
    await page.press("[name=password]", "Enter")
    await page.wait_for_selector("body[data-link=live]")


class Served:
    """The console and the stations' loops over a prepared store, by the store's own clock."""

    def __init__(self, dsn: str, reference: Reference = NOTHING) -> None:
        self.dsn = dsn
        self.reference = reference
        self.url = ""
        self.port = 0
        self.stopped: list[str] = []
        """Parts of the stations that the console is to believe have stopped."""
        self._pool: AsyncConnectionPool[AsyncConnection[Any]] | None = None
        self._tasks: list[asyncio.Task[None]] = []

    async def now(self) -> datetime:
        async with self.pool.connection() as conn:
            return await stations_clock.now(conn)

    @property
    def pool(self) -> AsyncConnectionPool[AsyncConnection[Any]]:
        assert self._pool is not None
        return self._pool

    async def desk(self) -> Desk:
        """To raise alerts with, at the store's time."""
        return Desk(self.dsn, self.pool, create_app(
            self.pool, clock=self.now, settings=ConsoleSettings()
        ), [], await self.now())  # fmt: skip

    async def start(self) -> None:
        """On the port it had before, if it had one."""
        ready: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        app = create_app(
            self.pool,
            clock=self.now,
            settings=ConsoleSettings(),
            reference=self.reference,
            stopped=lambda: self.stopped,
        )
        self._tasks = [
            asyncio.create_task(serve(app, "127.0.0.1", self.port, ready=ready.set_result)),
            asyncio.create_task(self._work()),
        ]
        self.port = await asyncio.wait_for(ready, PATIENCE)
        self.url = f"http://127.0.0.1:{self.port}"

    async def stop(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks = []

    async def _work(self) -> None:
        """What the stations process does beside the console, ten times a second."""
        policy = Policy()
        while True:
            with suppress(Error, PoolTimeout):
                async with self.pool.connection() as conn:
                    now = await stations_clock.now(conn)
                    await intake.take(conn, now, policy)
                    await climb.climb_due(conn, now, policy)
            await asyncio.sleep(0.1)

    @asynccontextmanager
    async def running(self) -> AsyncIterator["Served"]:
        async with stations_pool.pool(self.dsn, application="test console", size=8) as pool:
            self._pool = pool
            await self.start()
            try:
                yield self
            finally:
                await self.stop()


def served(dsn: str, reference: Reference = NOTHING) -> AbstractAsyncContextManager[Served]:
    return Served(dsn, reference).running()


def in_browser(dsn: str, run: Callable[[Served, Desk, Browser], Awaitable[None]]) -> None:
    """What a test does with a served console, a desk and a browser, whole."""

    async def go() -> None:
        async with served(dsn) as console, chromium() as browser:
            await asyncio.wait_for(run(console, await console.desk(), browser), 150)

    asyncio.run(go())
