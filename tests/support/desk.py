"""A station's desk for tests: a migrated store with the test town, a console over it, and people.

Time is the test's: `desk.now` moves when the test says so. Alerts come in the way ingest and the
stations bring them: through `write_changes` and the stations' intake.
"""

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, nullcontext
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

import httpx
import psycopg
from psycopg import AsyncConnection, sql
from psycopg.conninfo import make_conninfo
from psycopg_pool import AsyncConnectionPool
from starlette.applications import Starlette

from schemas.alerts import Category, Change, ChangeKind, Sentence, Severity, alert_id
from schemas.times import to_micros
from stations import intake, work
from stations.console.app import create_app
from stations.console.passwords import Passwords
from stations.console.reference import NOTHING, Reference
from stations.console.settings import ConsoleSettings
from stations.deed import Action, Actor
from stations.policy import Policy
from store import alerts, directory, stations_pool
from store.connect import connect
from store.migrate import migrate
from tests.support.registry import town
from tests.support.services import fresh_database

START = datetime(2026, 3, 2, 19, 30, tzinfo=UTC)
PASSWORD = "correct horse 42"
POLICY = Policy()


def change(
    home: str,
    *,
    at: datetime,
    rule: str = "sos",
    severity: Severity = Severity.RED,
    category: Category = Category.EMERGENCY,
    zh: str = "床头按钮被按下。",
    en: str = "The bedside button was pressed.",
    test: bool = False,
    late: bool = False,
) -> Change:
    """A raised alert of home hN, told by its button."""
    number, onset = home.removeprefix("h"), to_micros(at)
    return Change(
        kind=ChangeKind.RAISED,
        id=alert_id(rule, f"device:b{number}", onset),
        rule=rule,
        category=category,
        severity=severity,
        at=onset,
        onset=onset,
        reason=Sentence(zh=zh, en=en),
        home=home,
        elder=f"e{number}",
        device=f"b{number}",
        gateway=f"g{number}",
        test=test,
        late=late,
    )


_templates: dict[str, str] = {}


@contextmanager
def fresh_store(server_dsn: str) -> Iterator[str]:
    """A prepared database of its own; the preparing is done once a server."""
    if server_dsn not in _templates:
        name = f"vigil_desk_{len(_templates)}"
        with psycopg.connect(server_dsn, autocommit=True) as admin:
            admin.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        prepare(make_conninfo(server_dsn, dbname=name))
        _templates[server_dsn] = name
    with fresh_database(server_dsn, template=_templates[server_dsn]) as dsn:
        yield dsn


def prepare(dsn: str, *, homes: int = 8, passwords: bool = True) -> None:
    """Migrate an empty database and bring the town in; everybody's password is PASSWORD."""
    migrate(dsn)
    with connect(dsn, application="test") as connection:
        directory.import_directory(connection, town(homes=homes), now=to_micros(START))
        if passwords:
            connection.execute("UPDATE staff SET password_hash = %s", (_hashed(),))


@cache
def _hashed() -> str:
    return Passwords().hash(PASSWORD)


@dataclass
class Desk:
    """The console of a test, its store and its clock."""

    dsn: str
    pool: AsyncConnectionPool[AsyncConnection[Any]]
    app: Starlette
    stopped: list[str]
    """What the console is to believe has stopped."""
    now: datetime = START
    clients: list[httpx.AsyncClient] = field(default_factory=list)

    async def raised(self, *changes: Change) -> None:
        """Ingest wrote them, and the stations took them in."""
        with connect(self.dsn, application="test") as connection:
            alerts.write_changes(connection, changes, raised=to_micros(self.now))
        async with self.pool.connection() as conn:
            while await intake.take(conn, self.now, POLICY):
                pass

    async def act(self, staff: str, action: str) -> None:
        """What a worker does with the incident that opened last, by the test's clock."""
        async with self.pool.connection() as conn:
            cursor = await conn.execute(
                "SELECT i.id, s.station FROM incident i, staff s WHERE s.id = %s"
                " ORDER BY i.opened_at DESC LIMIT 1",
                (staff,),
            )
            ((incident, station),) = await cursor.fetchall()
            actor = Actor(staff, station)
            await work.act(conn, incident, Action(action), actor, self.now, policy=POLICY)

    async def rows(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        async with self.pool.connection() as conn:
            cursor = await conn.execute(query.encode(), values)
            return await cursor.fetchall()

    def client(self, address: str = "127.0.0.1") -> httpx.AsyncClient:
        """A browser without scripts."""
        transport = httpx.ASGITransport(app=self.app, client=(address, 1))
        client = httpx.AsyncClient(transport=transport, base_url="http://desk.test")
        self.clients.append(client)
        return client

    async def signed_in(self, staff: str) -> httpx.AsyncClient:
        client = self.client()
        answer = await sign_in(client, staff)
        assert answer.status_code == 303, answer.text
        return client

    def passes(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


@asynccontextmanager
async def desk(
    dsn: str, *, following: bool = True, reference: Reference = NOTHING, **settings: Any
) -> AsyncIterator[Desk]:
    """A desk over a prepared store. `following`: its boards are; a server does it otherwise."""
    async with stations_pool.pool(dsn, application="test console", size=6) as pool:

        async def clock() -> datetime:
            return made.now

        stopped: list[str] = []
        settings_ = ConsoleSettings(**settings)
        app = create_app(
            pool, clock=clock, settings=settings_, reference=reference, stopped=lambda: stopped
        )
        made = Desk(dsn, pool, app, stopped)
        async with app.router.lifespan_context(app) if following else nullcontext():
            try:
                yield made
            finally:
                for client in made.clients:
                    await client.aclose()


def at_desk(dsn: str, run: Callable[[Desk], Awaitable[None]], **settings: Any) -> None:
    """What a test does at a desk, whole."""

    async def go() -> None:
        async with desk(dsn, **settings) as d:
            await run(d)

    asyncio.run(go())


async def sign_in(
    client: httpx.AsyncClient, staff: str, password: str = PASSWORD
) -> httpx.Response:
    page = await client.get("/login")
    token = csrf_of(page.text)
    fields = {"csrf": token, "staff": staff, "password": password}
    return await client.post("/login", data=fields)


def cookie_of(client: httpx.AsyncClient) -> dict[str, str]:
    """The session, for another client."""
    return {"vigil": client.cookies["vigil"]}


def csrf_of(page: str) -> str:
    found = re.search(r'name="csrf" value="([^"]+)"', page)
    assert found, page
    return found[1]


def cards_of(page: str) -> list[str]:
    """The incidents on a page, in order."""
    return re.findall(r'<article class="card[^"]*" id="incident-([0-9a-f-]+)"', page)
