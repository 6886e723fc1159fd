"""Two hundred consoles that all show the same five hundred open incidents.

Live: from an alert's commit to the card at every console, through the stations' own processes.
First paint: from asking for the board to its first card on the screen, in a real Chromium, while
the two hundred listen.
"""

from __future__ import annotations

import asyncio
import re
import shutil
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from math import inf
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import numpy as np
from playwright.async_api import async_playwright
from psycopg import AsyncConnection

from bench.proc import Meter
from bench.result import Result
from bench.stations_load import raised, seat
from schemas import topics
from schemas.alerts import Severity
from stations.console import sessions
from stations.console.settings import ConsoleSettings
from store import alerts, stations_clock
from tests.support.registry import town
from tests.support.services import fresh_database
from tests.support.system import Client, System, running_system, until
from vigil.embedded.broker import Broker
from vigil.embedded.postgres import Postgres

OPEN = 500
CONSOLES = 200
EVERY_S = 0.5
ALERTS, FEW = 60, 15
LOADS = 5
STAFF = "street-1"  # the street has them all on its board
PAINT_MS = 1000.0
LIVE_MS = 300.0
_CARD = re.compile(rb'event: card\ndata: {"id":"([0-9a-f-]{36})"')
_PAINTED = """
const look = () => document.querySelector('article.card .where')
    ? requestAnimationFrame(() => setTimeout(() => { window.painted ??= performance.now(); }))
    : requestAnimationFrame(look);
requestAnimationFrame(look);
"""


def measure(folder: Path) -> list[Result]:
    with (
        Broker(folder / "broker") as broker,
        Postgres(folder / "store") as store,
        fresh_database(store.dsn) as dsn,
        running_system(dsn, broker, town(homes=OPEN), folder) as system,
    ):
        with system.sql() as connection:
            seat(connection, OPEN)
        client = Client(broker, topics.HEARTBEAT)
        system.start("stations")
        until(lambda: client.heard)
        client.close()
        return asyncio.run(_measure(system, dsn, store.pid))


async def _measure(system: System, dsn: str, store: int) -> list[Result]:
    url = f"http://127.0.0.1:{system.console_port}"
    cookies = await _signed_in(dsn, CONSOLES + 1)
    after, size = await _board(url, cookies[-1])
    consoles = [Listener(url, cookie, after) for cookie in cookies[:-1]]
    async with _listening(consoles[:1]):
        alone = await _updates(system, consoles[:1], homes=range(1, FEW + 1))
    async with _listening(consoles):
        paints = await _paints(url, cookies[-1])
        meter = Meter({"stations": system.pid("stations"), "store": store})
        taken = await _updates(system, consoles, homes=range(FEW + 1, FEW + ALERTS + 1))
        cores = meter.cores()
    about = f"{OPEN} open, {CONSOLES} consoles"
    return [
        _budgeted(f"first paint, {about}, median of {LOADS}", float(np.median(paints)), PAINT_MS),
        *(
            _budgeted(f"alert to every console, {about}, p{p}", float(np.percentile(taken, p)), ms)
            for p, ms in ((50, LIVE_MS), (99, LIVE_MS))
        ),
        Result(
            f"alert to every console, {about}, p50",
            float(np.median(taken)),
            "ms",
            "one console in the same run",
            float(np.median(taken) / np.median(alone)),
        ),
        Result(f"the board, {OPEN} open", size / 1e6, "MB"),
        *(Result(f"alert to every console, {who}", busy, "cores") for who, busy in cores.items()),
    ]


@asynccontextmanager
async def _listening(consoles: list[Listener]) -> AsyncIterator[None]:
    """With all of them live."""
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(console.run()) for console in consoles]
        await asyncio.gather(*(console.live.wait() for console in consoles))
        yield
        for task in tasks:
            task.cancel()


class Listener:
    """One console's stream: when each incident's card came."""

    def __init__(self, url: str, cookie: str, after: str) -> None:
        self._where = urlsplit(url)
        self._ask = (
            f"GET /events?after={after} HTTP/1.1\r\nHost: {self._where.netloc}\r\n"
            f"Cookie: {sessions.cookie_name(ConsoleSettings())}={cookie}\r\n\r\n"
        ).encode()
        self.live = asyncio.Event()
        self.cards: dict[str, list[float]] = defaultdict(list)

    async def run(self) -> None:
        reader, writer = await asyncio.open_connection(
            self._where.hostname, self._where.port, limit=1 << 24
        )
        try:
            writer.write(self._ask)
            while True:
                event = await reader.readuntil(b"\n\n")
                if b"event: ping" in event:
                    self.live.set()
                if found := _CARD.search(event):
                    self.cards[found[1].decode()].append(time.perf_counter())
        finally:
            writer.close()


async def _updates(system: System, consoles: list[Listener], *, homes: range) -> list[float]:
    """An alert in each home, one after the other: milliseconds from each to each console."""
    with system.sql() as connection:
        rows = connection.execute("SELECT home, id::text FROM incident").fetchall()
    incidents: dict[str, str] = dict(rows)
    for console in consoles:
        console.cards.clear()
    written = {}
    for number in homes:
        incident = incidents[f"h{number}"]
        written[incident] = await asyncio.to_thread(_write, system, number)
        await asyncio.sleep(EVERY_S)
    for _ in range(200):
        if all(console.cards.keys() >= written.keys() for console in consoles):
            break
        await asyncio.sleep(0.05)
    return [_took(console, written, incident) for console in consoles for incident in written]


def _took(console: Listener, written: Mapping[str, float], incident: str) -> float:
    """Infinite for a card that never came."""
    began = written[incident]
    return 1_000 * (min((at for at in console.cards[incident] if at > began), default=inf) - began)


def _write(system: System, home: int) -> float:
    """A breathing rate joins what is open there; `time.perf_counter()` as its writing began."""
    with system.sql() as connection:
        one = raised("respiratory-rate", home, Severity.ORANGE, home)
        began = time.perf_counter()
        alerts.write_changes(connection, [one], raised=time.time_ns() // 1_000)
        return began


async def _signed_in(dsn: str, count: int) -> list[str]:
    async with await AsyncConnection.connect(dsn, autocommit=True) as conn:
        now = await stations_clock.now(conn)
        return [
            await sessions.create(conn, staff=STAFF, old=None, now=now, settings=ConsoleSettings())
            for _ in range(count)
        ]


async def _board(url: str, cookie: str) -> tuple[str, int]:
    """Which event a page that is loaded now goes on from; and how large it is."""
    cookies = {sessions.cookie_name(ConsoleSettings()): cookie}
    async with httpx.AsyncClient(base_url=url, cookies=cookies, timeout=60) as client:
        page = (await client.get("/")).text
    found = re.search(r'data-after="([^"]+)"', page)
    assert found, page[:500]
    return found[1], len(page.encode())


async def _paints(url: str, cookie: str) -> list[float]:
    """Milliseconds from asking for the board to its first card on the screen."""
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    taken = []
    async with async_playwright() as play:
        browser = await play.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        name = sessions.cookie_name(ConsoleSettings())
        context = await browser.new_context(viewport={"width": 1280, "height": 800})
        await context.add_cookies([{"name": name, "value": cookie, "url": url}])
        await context.add_init_script(_PAINTED)
        page = await context.new_page()
        for _ in range(LOADS):
            await page.goto(url)
            await page.wait_for_function("window.painted")
            taken.append(float(await page.evaluate("window.painted")))
        await browser.close()
    return taken


def _budgeted(name: str, value: float, budget: float) -> Result:
    return Result(name, value, "ms", "budget", value / budget, f"≤ {budget:g} ms", value <= budget)
