"""The outbox over the real store, with channels that fail, stall and die."""

import asyncio
from datetime import datetime, timedelta
from functools import partial
from random import Random
from typing import Any

import pytest
from prometheus_client import CollectorRegistry
from psycopg import AsyncConnection

from stations.backoff import backoff
from stations.channels.base import Message, SendError
from stations.deliver import send_due
from stations.metrics import Metrics
from stations.policy import Policy
from store import stations_outbox
from tests.support.night import Night, night, raised

pytestmark = pytest.mark.anyio


class Receiver:
    """A channel that does as it is told: fails so often, then takes everything."""

    name = "station_topic"
    per_minute: int | None = None
    gives_up: timedelta | None = None

    def __init__(self, *, failures: int = 0) -> None:
        self.failures = failures
        self.taken: list[tuple[str, str]] = []

    async def ready(self) -> None:
        return

    async def send(self, message: Message) -> None:
        if self.failures > 0:
            self.failures -= 1
            raise SendError("no")
        self.taken.append((message.target, message.key))


class Delivering:
    """Rounds of one channel with the night's clock."""

    def __init__(self, on: Night) -> None:
        self.on = on
        self.registry = CollectorRegistry()
        self.metrics = Metrics(self.registry)

    async def round(self, channel: Receiver) -> int:
        async def clock(conn: AsyncConnection) -> datetime:
            return self.on.now

        return await send_due(
            self.on.conn, channel, clock=clock, rng=Random(1), metrics=self.metrics
        )

    async def unsent(self) -> list[tuple[Any, ...]]:
        return await self.on.rows(
            "SELECT attempts, error FROM delivery WHERE sent_at IS NULL ORDER BY id"
        )


async def test_what_is_sent_is_sent_once_and_marked(night_shift: Night) -> None:
    await night_shift.comes(raised(), raised(home="h2", gateway="g2"))
    receiver, out = Receiver(), Delivering(night_shift)
    assert await out.round(receiver) == 2
    assert await out.round(receiver) == 0
    assert sorted(target for target, _ in receiver.taken) == ["east", "west"]
    assert await out.unsent() == []
    assert (
        out.registry.get_sample_value(
            "vigil_stations_deliveries_sent_total", {"channel": "station_topic"}
        )
        == 2
    )


async def test_a_failure_is_retried_later_and_later_until_it_is_taken(night_shift: Night) -> None:
    await night_shift.comes(raised())
    receiver, out = Receiver(failures=5), Delivering(night_shift)
    waits = []
    for attempt in range(1, 6):
        assert await out.round(receiver) == 1
        assert await out.unsent() == [(attempt, "no")]
        assert await out.round(receiver) == 0
        ((due,),) = await night_shift.rows("SELECT due_at FROM delivery")
        waits.append((due - night_shift.now).total_seconds())
        night_shift.now = due
    assert await out.round(receiver) == 1
    assert len(receiver.taken) == 1
    for n, wait in enumerate(waits):
        assert 0.25 * 2**n <= wait <= 0.75 * 2**n


async def test_a_sender_that_dies_leaves_it_to_another_when_its_lease_ends(
    night_shift: Night, town_dsn: str
) -> None:
    await night_shift.comes(raised())
    stuck = asyncio.Event()

    class Stuck(Receiver):
        async def send(self, message: Message) -> None:
            self.taken.append((message.target, message.key))
            stuck.set()
            await asyncio.Event().wait()

    first, out = Stuck(), Delivering(night_shift)
    dying = asyncio.create_task(out.round(first))
    await stuck.wait()
    dying.cancel()
    with pytest.raises(asyncio.CancelledError):
        await dying

    async with night(town_dsn, Policy()) as other:
        second = Receiver()
        assert await Delivering(other).round(second) == 0
        other.now += timedelta(seconds=30)
        assert await Delivering(other).round(second) == 1
    assert second.taken == first.taken  # the same key: the receiver can tell


async def test_a_newer_card_makes_the_retry_of_an_older_one_needless(night_shift: Night) -> None:
    await night_shift.comes(raised())
    receiver, out = Receiver(failures=1), Delivering(night_shift)
    await out.round(receiver)
    await night_shift.to(30)
    receiver.failures = 3
    await out.round(receiver)
    settled = await night_shift.rows(
        "SELECT target, error FROM delivery WHERE sent_at IS NOT NULL ORDER BY id"
    )
    assert settled == [("east", "superseded")]
    night_shift.now += timedelta(seconds=5)
    await out.round(receiver)
    assert sorted(target for target, _ in receiver.taken) == ["east", "street"]


async def test_one_channel_takes_nothing_of_another(night_shift: Night) -> None:
    await night_shift.comes(raised())
    receiver = Receiver()
    receiver.name = "webhook"
    assert await Delivering(night_shift).round(receiver) == 0


async def test_what_one_sender_is_claiming_another_neither_takes_nor_waits_for(
    night_shift: Night, town_dsn: str
) -> None:
    await night_shift.comes(raised())
    async with night(town_dsn, Policy()) as other, other.conn.transaction():
        claim = partial(
            stations_outbox.claim,
            channel="station_topic",
            now=night_shift.now,
            lease=timedelta(seconds=30),
            limit=10,
        )
        assert len(await claim(other.conn)) == 1
        await night_shift.conn.execute("SET lock_timeout = '1s'")
        assert await claim(night_shift.conn) == []


async def test_two_senders_share_and_double_nothing(night_shift: Night, town_dsn: str) -> None:
    for n in range(60):
        await night_shift.comes(raised(f"rule-{n}", at=n))
    receiver = Receiver()
    async with night(town_dsn, Policy()) as other:
        other.now = night_shift.now
        senders = [Delivering(night_shift), Delivering(other)]
        await asyncio.gather(*(sender.round(receiver) for sender in senders))
        for sender in senders:
            await sender.round(receiver)
    assert len(receiver.taken) == len(set(receiver.taken)) == 60


def test_waits_double_up_to_a_limit_and_differ() -> None:
    rng = Random(7)
    waits = [backoff(n, rng, first=0.5, most=30) for n in range(1, 2000)]
    assert all(0.25 <= wait <= 45 for wait in waits)
    assert len(set(waits)) > 1900
