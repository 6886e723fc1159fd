"""The long-running processes, put together: one straight function each, left to right."""

import asyncio
import signal
from collections.abc import Callable, Collection
from contextlib import suppress
from datetime import datetime
from random import SystemRandom

import prometheus_client
import structlog
from prometheus_client import CollectorRegistry
from psycopg import AsyncConnection
from psycopg_pool import AsyncConnectionPool

from devices.catalogue import Catalogue
from ingest.mqtt import MqttSource, SessionOptions
from ingest.queue import BatchQueue, Limits
from schemas import topics
from schemas.times import from_micros, to_micros
from stations import run as stations
from stations.console.app import create_app
from stations.console.serve import serve
from store import stations_clock
from store.connect import connect
from store.metrics import StoreMetrics
from store.migrate import check
from vigil.clock import ScaledClock, SystemClock
from vigil.settings import MetricsSettings, Settings, Time
from vigil.upkeep import keep_up

logger = structlog.get_logger(__name__)


class NotReadyError(RuntimeError):
    """Something outside has to be done first; the message says what."""


def make_clock(time: Time) -> SystemClock:
    if time.started == 0:
        return SystemClock()
    return ScaledClock(origin=time.origin, started=time.started, speed=time.speed)


def subscriptions(settings: Settings, catalogue: Catalogue) -> list[str]:
    """What ingest has to hear: our own topics, and the profiles' where a site has no prefix."""
    own = catalogue.own_topics() if settings.ingest.default_area else []
    return [*topics.SUBSCRIPTIONS, *own]


def make_source(
    settings: Settings,
    clock: SystemClock,
    catalogue: Catalogue,
    *,
    may_connect: Callable[[], bool] = lambda: True,
) -> MqttSource:
    ingest = settings.ingest
    queue = BatchQueue(
        held=Limits(ingest.queue_count, ingest.queue_bytes),
        batch=Limits(ingest.batch_count, ingest.batch_bytes),
        age=ingest.batch_age_ms / 1_000,
        monotonic=clock.monotonic,
    )
    options = SessionOptions(
        client_id=ingest.client_id,
        subscriptions=subscriptions(settings, catalogue),
        keepalive=ingest.keepalive_s,
        redelivery_wait=ingest.redelivery_wait_s,
    )
    return MqttSource(
        settings.broker.address,
        options,
        queue=queue,
        now=clock.now,
        rng=SystemRandom(),
        may_connect=may_connect,
    )


def require_migrated(settings: Settings) -> None:
    with connect(settings.store.dsn, application="vigil") as connection:
        pending = check(connection)
    if pending:
        raise NotReadyError("the store is not up to date: run vigil migrate\n" + "\n".join(pending))


def expose(registry: CollectorRegistry, settings: MetricsSettings, *, port: int) -> None:
    """Serve a process's metrics for Prometheus, on a thread of its own; port 0: not at all."""
    if port:
        prometheus_client.start_http_server(port, addr=settings.host, registry=registry)


def store_clock(time: Time) -> stations_clock.Clock:
    """The store's clock; in a demo whose time runs faster, scaled like every other clock."""
    clock = make_clock(time)
    if not isinstance(clock, ScaledClock):
        return stations_clock.now

    async def scaled(connection: AsyncConnection) -> datetime:
        return from_micros(clock.at(to_micros(await stations_clock.now(connection))))

    return scaled


def run_stations(settings: Settings) -> None:
    """Until SIGTERM or SIGINT; what is in hand is finished, and the rows hold the rest."""
    require_migrated(settings)
    asyncio.run(_run_stations(settings))


async def _run_stations(settings: Settings) -> None:
    clock = store_clock(settings.time)
    registry = prometheus_client.CollectorRegistry()
    kept = StoreMetrics(registry)
    expose(registry, settings.metrics, port=settings.metrics.stations_port)
    running = asyncio.create_task(
        stations.run(
            settings.stations,
            dsn=settings.store.dsn,
            broker=settings.broker.url,
            rng=SystemRandom(),
            clock=clock,
            registry=registry,
            serve=_console(settings, clock, kept),
        )
    )
    upkeep = asyncio.create_task(keep_up(settings.store, make_clock(settings.time), kept))
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, running.cancel)
    with suppress(asyncio.CancelledError):
        await running
    upkeep.cancel()
    logger.info("stations stopped in order")


def _console(
    settings: Settings, clock: stations_clock.Clock, metrics: StoreMetrics
) -> stations.Serve:
    async def console(pool: AsyncConnectionPool, stopped: Callable[[], Collection[str]]) -> None:
        metrics.watch(pool)

        async def now() -> datetime:
            async with pool.connection() as connection:
                return await clock(connection)

        app = create_app(
            pool,
            clock=now,
            settings=settings.console,
            policy=settings.stations.policy(),
            stopped=stopped,
        )
        await serve(app, settings.stations.console_host, settings.stations.console_port)

    return console
