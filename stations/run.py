"""The stations process: its loops, put together once, left to right, and taken down in reverse.

    alert_change ─▶ intake ─▶ incident + delivery ─▶ deliver ─▶ station topics, channels
                    ladder ─▶ (timers due)              acks ─▶ work

Any number of copies may run on one store. Each outlives the loss of store and broker by itself.
"""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass, field
from functools import partial
from random import Random

from prometheus_client import CollectorRegistry
from psycopg_pool import AsyncConnectionPool

from schemas import topics
from stations import heartbeat
from stations.channels.base import Channel
from stations.channels.open import opened
from stations.channels.station_topic import StationTopic
from stations.heartbeat import Heartbeat
from stations.loops import Wake, Watch, forever, listen
from stations.metrics import Metrics
from stations.mqtt import Link
from stations.rounds import Rounds
from stations.settings import StationsSettings
from store import stations_clock, stations_pool
from store.stations_clock import Clock

_LADDER_BEHIND_S = 0.05  # what an incident sets off is sent before its next timer is looked at

Serve = Callable[[AsyncConnectionPool, Callable[[], Collection[str]]], Awaitable[None]]
"""The console: given the open pool, and what names the parts that do not work at present."""


async def run(
    settings: StationsSettings,
    *,
    dsn: str,
    broker: str,
    rng: Random,
    clock: Clock = stations_clock.now,
    registry: CollectorRegistry | None = None,
    serve: Serve | None = None,
) -> None:
    """Until cancelled. The store must be migrated and answer at the start; the broker need not.

    `dsn`: libpq connection string; `broker`: mqtt:// or mqtts:// URL. `serve` runs beside the
    loops on the same pool. An error of ours, or of `serve`, ends everything and is raised.
    """
    watch = Watch(Metrics(registry or CollectorRegistry()), rng)
    pool = stations_pool.pool(dsn, application=f"vigil {settings.name}", size=settings.connections)
    async with pool, opened(settings.channels, pool, clock) as more:
        await pool.wait()
        async with pool.connection() as conn:
            started = await clock(conn)
        will = heartbeat.will(started)
        link = Link(broker, client_id=f"vigil-{settings.name}", will=will, rng=rng)
        beat = Heartbeat(link, pool, clock=clock, every=settings.heartbeat_s, started=started)
        work = Rounds(settings, pool, clock, watch)
        wakes = _Wakes()
        async with asyncio.TaskGroup() as outer:
            linking = outer.create_task(_connected(link, beat, work, wakes))
            try:
                async with asyncio.TaskGroup() as inner:
                    inner.create_task(_listening(dsn, settings, wakes, watch))
                    inner.create_task(beat.run())
                    _start_rounds(inner, work, [StationTopic(link), *more], wakes, watch)
                    if serve is not None:
                        inner.create_task(_served(serve, pool, link, watch))
            finally:
                await beat.stop()
                linking.cancel()


@dataclass(frozen=True, slots=True)
class _Wakes:
    """Woken by the store: a change has come in, a timer has moved, something is to be sent."""

    changed: Wake = field(default_factory=Wake)
    decided: Wake = field(default_factory=Wake)
    queued: Wake = field(default_factory=Wake)


async def _connected(link: Link, beat: Heartbeat, work: Rounds, wakes: _Wakes) -> None:
    """The broker's side: answers in, and a sign of life each time the session is back."""

    async def heard(topic: str, payload: bytes) -> None:
        if topic == topics.HEARTBEAT:
            beat.heard(payload)
        else:
            await work.answer(topic, payload)

    def arrived() -> None:
        beat.now()
        wakes.queued.set()

    await link.run((topics.ACKS, topics.HEARTBEAT), heard, arrived)


async def _listening(dsn: str, settings: StationsSettings, wakes: _Wakes, watch: Watch) -> None:
    await listen(
        lambda: stations_pool.connect(dsn, application=f"vigil {settings.name} listen"),
        {
            "vigil_alert_change": wakes.changed,
            "vigil_incident": wakes.decided,
            "vigil_delivery": wakes.queued,
        },
        watch=watch,
    )


def _start_rounds(
    group: asyncio.TaskGroup,
    work: Rounds,
    channels: Sequence[Channel],
    wakes: _Wakes,
    watch: Watch,
) -> None:
    """One task a loop, and one a channel, so that none waits for another."""
    intake, ladder = partial(work.intake, wakes.queued), partial(work.ladder, wakes.queued)
    group.create_task(forever("intake", intake, wake=wakes.changed, watch=watch))
    group.create_task(
        forever("ladder", ladder, wake=wakes.decided, watch=watch, behind=_LADDER_BEHIND_S)
    )
    group.create_task(forever("figures", work.figures, wake=Wake(), watch=watch))
    shifts = partial(work.shifts, wakes.queued)
    group.create_task(forever("shifts", shifts, wake=Wake(), watch=watch))
    group.create_task(forever("quiet", work.quiet, wake=Wake(), watch=watch))
    group.create_task(forever("care", work.care, wake=Wake(), watch=watch))
    group.create_task(forever("early", work.early, wake=Wake(), watch=watch))
    group.create_task(forever("names", work.names, wake=Wake(), watch=watch))
    for channel in channels:
        deliver = partial(work.deliver, channel)
        group.create_task(forever(channel.name, deliver, wake=wakes.queued, watch=watch))


async def _served(serve: Serve, pool: AsyncConnectionPool, link: Link, watch: Watch) -> None:
    def stopped() -> Collection[str]:
        return watch.troubled if link.connected else {*watch.troubled, "broker"}

    await serve(pool, stopped)
