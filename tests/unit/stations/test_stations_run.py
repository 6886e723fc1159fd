"""The real process: store, broker, terminals; what is lost comes back by itself.

Each test has a broker session name of its own, as the broker keeps sessions. Time is the store's
real clock here, so nothing asserts how long things take beyond generous limits.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from random import Random
from typing import Any

import aiomqtt
import psycopg
import pytest
from prometheus_client import CollectorRegistry
from psycopg import sql

from schemas.alerts import Change
from schemas.times import to_micros
from schemas.wire import Card, Heartbeat
from stations.ladder import Ladder
from stations.policy import Coverage
from stations.run import Serve, run
from stations.settings import StationsSettings
from store import alerts
from store.connect import connect
from tests.support import services
from tests.support.night import START, raised
from vigil.embedded.broker import Broker
from vigil.embedded.postgres import Postgres

pytestmark = pytest.mark.anyio

WITHIN = 20.0  # seconds; far more than needed, less than the suite's limit


@pytest.fixture
def own_broker(tmp_path: Path) -> Any:
    """A broker that a test may stop."""
    with Broker(tmp_path / "broker") as server:
        yield server


@asynccontextmanager
async def copy(
    dsn: str,
    broker: Broker,
    *,
    name: str = "one",
    registry: CollectorRegistry | None = None,
    serve: Serve | None = None,
    ladder: Ladder | None = None,
) -> AsyncIterator[asyncio.Task[None]]:
    """A stations process, ended the way it is ended in life."""
    settings = StationsSettings(
        name=name, poll_s=0.2, heartbeat_s=1, ladder=ladder or Ladder(), coverage=Coverage.CALENDAR
    )
    running = asyncio.create_task(
        run(settings, dsn=dsn, broker=broker.url, rng=Random(1), registry=registry, serve=serve)
    )
    try:
        yield running
    finally:
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running


class Terminal:
    """A foreign client at a station: keeps what it has seen, and answers."""

    def __init__(self, client: aiomqtt.Client) -> None:
        self._client = client
        self.cards: list[Card] = []
        self.beats: list[Heartbeat] = []
        self._news = asyncio.Event()

    async def watch(self) -> None:
        async for message in self._client.messages:
            payload = message.payload
            assert isinstance(payload, bytes)
            if message.topic.value.endswith("/heartbeat"):
                self.beats.append(Heartbeat.model_validate_json(payload))
            else:
                self.cards.append(Card.model_validate_json(payload))
            self._news.set()

    async def until(self, holds: Callable[[], bool]) -> None:
        async with asyncio.timeout(WITHIN):
            while not holds():
                self._news.clear()
                await self._news.wait()

    async def answer(self, station: str, **said: str) -> None:
        topic = f"vigil/v1/station/{station}/acks"
        await self._client.publish(topic, json.dumps(said), qos=1)


@asynccontextmanager
async def terminal(broker: Broker) -> AsyncIterator[Terminal]:
    async with aiomqtt.Client("127.0.0.1", broker.port) as client:
        await client.subscribe("vigil/v1/station/+/alerts", qos=1)
        await client.subscribe("vigil/v1/stations/heartbeat", qos=1)
        made = Terminal(client)
        watching = asyncio.create_task(made.watch())
        try:
            yield made
        finally:
            watching.cancel()
            await asyncio.gather(watching, return_exceptions=True)


def ingest(dsn: str, *changes: Change) -> None:
    with connect(dsn, application="test ingest") as connection:
        alerts.write_changes(connection, changes, raised=to_micros(START))


async def test_an_alert_is_a_card_and_an_answer_is_in_the_store(
    town_dsn: str, own_broker: Broker
) -> None:
    registry = CollectorRegistry()
    async with terminal(own_broker) as east, copy(town_dsn, own_broker, registry=registry):
        await east.until(lambda: any(beat.alive for beat in east.beats))
        ingest(town_dsn, raised())
        await east.until(lambda: bool(east.cards))
        card = east.cards[0]
        assert (card.home, card.station, card.state, card.paged) == ("h1", "east", "open", True)
        await east.answer("east", alert=card.alerts[0], staff="east-1", action="acknowledge")
        await east.until(lambda: east.cards[-1].state == "acknowledged")
        assert east.cards[-1].holder == "east-1"
    with connect(town_dsn, application="test") as connection:
        rows = connection.execute(
            "SELECT staff, station FROM alert_event WHERE kind = 'acknowledge'"
        ).fetchall()
    assert rows == [("east-1", "east")]
    for name, labels in (
        ("vigil_stations_changes_total", {}),
        ("vigil_stations_climbs_total", {}),
        ("vigil_stations_acks_total", {"result": "done"}),
        ("vigil_stations_deliveries_sent_total", {"channel": "station_topic"}),
    ):
        assert registry.get_sample_value(name, labels) is not None, name


async def test_nobody_answers_and_the_next_level_joins_by_itself(
    town_dsn: str, own_broker: Broker
) -> None:
    steps = {
        "rungs": [{"level": "community", "after_s": 0}, {"level": "street", "after_s": 1}],
        "repeat_s": 60,
        "step_s": 60,
    }
    ladder = Ladder.model_validate({"red": steps})
    async with terminal(own_broker) as desks, copy(town_dsn, own_broker, ladder=ladder):
        ingest(town_dsn, raised())
        await desks.until(lambda: any(card.station == "street" for card in desks.cards))
    with connect(town_dsn, application="test") as connection:
        found = connection.execute(
            "SELECT (SELECT joined_at FROM incident_station WHERE station = 'street')"
            " >= opened_at + interval '1 second' FROM incident"
        ).fetchone()
    assert found == (True,)


async def test_bad_answers_stop_nothing(town_dsn: str, own_broker: Broker) -> None:
    async with terminal(own_broker) as east, copy(town_dsn, own_broker):
        await east.until(lambda: any(beat.alive for beat in east.beats))
        ingest(town_dsn, raised())
        await east.until(lambda: bool(east.cards))
        alert = east.cards[0].alerts[0]
        await east.answer("east", nonsense="x")
        await east.answer("east", alert=alert, staff="a\0b", action="acknowledge")
        await east.answer("east", alert=alert, staff="west-1", action="acknowledge")
        await east.answer("east", alert=alert, staff="east-1", action="acknowledge")
        await east.until(lambda: east.cards[-1].state == "acknowledged")


async def test_what_was_decided_while_the_broker_was_away_is_sent_when_it_is_back(
    town_dsn: str, tmp_path: Path
) -> None:
    broker = Broker(tmp_path / "broker")
    broker.start()
    try:
        async with copy(town_dsn, broker):
            async with terminal(broker) as desk:
                await desk.until(lambda: any(beat.alive for beat in desk.beats))
            broker.stop()
            ingest(town_dsn, raised())
            await _until_row(town_dsn, "SELECT EXISTS (SELECT FROM delivery)")
            broker.start()
            async with terminal(broker) as desk:
                await desk.until(lambda: any(beat.alive for beat in desk.beats))
                await _until_row(
                    town_dsn, "SELECT EXISTS (SELECT FROM delivery WHERE sent_at IS NOT NULL)"
                )
                ingest(town_dsn, raised("fall"))
                await desk.until(lambda: any(len(card.alerts) == 2 for card in desk.cards))
    finally:
        broker.stop()


async def test_it_outlives_the_loss_of_every_connection_to_the_store(
    town_dsn: str, own_broker: Broker, postgres: Postgres
) -> None:
    async with terminal(own_broker) as desk, copy(town_dsn, own_broker) as running:
        ingest(town_dsn, raised())
        await desk.until(lambda: bool(desk.cards))
        _cut(postgres, town_dsn)
        ingest(town_dsn, raised("fall"))
        await desk.until(lambda: any(len(card.alerts) == 2 for card in desk.cards))
        assert not running.done()


async def test_a_copy_that_ends_says_so_and_another_contradicts(
    town_dsn: str, own_broker: Broker
) -> None:
    async with terminal(own_broker) as desk:
        async with copy(town_dsn, own_broker, name="one"):
            async with copy(town_dsn, own_broker, name="two"):
                await desk.until(lambda: len(desk.beats) >= 2)
            await desk.until(lambda: _ended_and_contradicted(desk.beats))
        await desk.until(lambda: not desk.beats[-1].alive)


async def test_two_copies_give_each_card_and_take_each_answer_once(
    town_dsn: str, own_broker: Broker
) -> None:
    async with (
        terminal(own_broker) as desk,
        copy(town_dsn, own_broker, name="one"),
        copy(town_dsn, own_broker, name="two"),
    ):
        await desk.until(lambda: len(desk.beats) >= 2)
        changes = [raised(f"rule-{n}", home=f"h{1 + n % 4}", at=n) for n in range(40)]
        ingest(town_dsn, *changes)
        await desk.until(
            lambda: {a for c in desk.cards for a in c.alerts} == {c.id for c in changes}
        )
        for n in range(1, 5):
            station = "east" if n % 2 else "west"
            alert = changes[n - 1].id
            await desk.answer(station, alert=alert, staff=f"{station}-1", action="called")
        await desk.until(lambda: sum(card.state == "called" for card in desk.cards) >= 4)
    with connect(town_dsn, application="test") as connection:
        rows = connection.execute(
            "SELECT kind, count(*) FROM alert_event WHERE kind IN ('opened', 'joined', 'called') "
            "AND incident IS NOT NULL GROUP BY 1"
        ).fetchall()
    assert dict(rows) == {"opened": 4, "joined": 36, "called": 4}


async def test_the_console_is_served_beside_and_told_what_does_not_work(
    town_dsn: str, tmp_path: Path
) -> None:
    broker = Broker(tmp_path / "broker")
    said: asyncio.Queue[list[str]] = asyncio.Queue()

    async def serve(pool: Any, stopped: Callable[[], Any]) -> None:
        async with pool.connection() as conn:
            await conn.execute("SELECT 1")
        said.put_nowait(sorted(stopped()))
        await asyncio.Event().wait()

    async with copy(town_dsn, broker, serve=serve), asyncio.timeout(WITHIN):
        assert await said.get() == ["broker"]


async def test_an_error_of_the_console_ends_the_process(town_dsn: str, own_broker: Broker) -> None:
    async def serve(pool: Any, stopped: Any) -> None:
        raise LookupError("ours")

    with pytest.raises(ExceptionGroup) as ended:
        await run(
            StationsSettings(name="failing"),
            dsn=town_dsn,
            broker=own_broker.url,
            rng=Random(1),
            serve=serve,
        )
    assert ended.value.subgroup(LookupError) is not None


def _ended_and_contradicted(beats: list[Heartbeat]) -> bool:
    ends = [n for n, beat in enumerate(beats) if not beat.alive]
    return bool(ends) and any(beat.alive for beat in beats[ends[0] :])


def _cut(postgres: Postgres, dsn: str) -> None:
    with psycopg.connect(postgres.dsn, autocommit=True) as admin:
        admin.execute(
            sql.SQL(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = {}"
            ).format(services.name_of(dsn))
        )


async def _until_row(dsn: str, query: str) -> None:
    """Until a query says true."""
    async with (
        asyncio.timeout(WITHIN),
        await psycopg.AsyncConnection.connect(dsn, autocommit=True) as connection,
    ):
        while True:
            cursor = await connection.execute(query.encode())
            if await cursor.fetchone() == (True,):
                return
            await connection.execute("SELECT pg_sleep(0.02)")
