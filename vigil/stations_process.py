"""`vigil stations`, put together from left to right."""

import asyncio
import signal
from collections.abc import Callable, Collection
from contextlib import suppress
from datetime import datetime
from random import SystemRandom

import prometheus_client
import structlog
from psycopg import AsyncConnection
from psycopg_pool import AsyncConnectionPool

from schemas.times import from_micros, to_micros
from stations import run as stations
from stations.console.app import create_app
from stations.console.serve import serve
from store import stations_clock
from store.metrics import StoreMetrics
from vigil.clock import ScaledClock
from vigil.reference import describe
from vigil.settings import Settings, Time
from vigil.upkeep import keep_up
from vigil.wiring import expose, make_clock, require_migrated

logger = structlog.get_logger(__name__)


def store_clock(time: Time) -> stations_clock.Clock:
    """The store's clock; in a demo whose time runs faster, scaled like every other clock."""
    clock = make_clock(time)
    if not isinstance(clock, ScaledClock):
        return stations_clock.now

    async def scaled(connection: AsyncConnection) -> datetime:
        return from_micros(clock.at(to_micros(await stations_clock.now(connection))))

    return scaled


def run(settings: Settings) -> None:
    """Until SIGTERM or SIGINT; what is in hand is finished, and the rows hold the rest."""
    require_migrated(settings)
    asyncio.run(_run(settings))


async def _run(settings: Settings) -> None:
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
    reference = describe(settings)

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
            reference=reference,
            stopped=stopped,
        )
        await serve(app, settings.stations.console_host, settings.stations.console_port)

    return console
