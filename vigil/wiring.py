"""The long-running processes, put together: one straight function each, left to right."""

import asyncio
import os
import signal
import socket
from collections.abc import Callable, Collection
from contextlib import suppress
from datetime import datetime
from random import SystemRandom
from types import FrameType

import prometheus_client
import structlog
from psycopg import AsyncConnection
from psycopg_pool import AsyncConnectionPool

from devices.catalogue import Catalogue
from ingest.metrics import Metrics
from ingest.mqtt import MqttSource
from ingest.queue import BatchQueue, Limits
from ingest.run import Ingest, Parts
from rules.engine import Engine
from rules.load import load_catalogue
from schemas import topics
from schemas.directory import Directory
from schemas.registry import Registry
from schemas.times import from_micros, to_micros
from stations import run as stations
from stations.console.app import create_app
from stations.console.serve import serve
from store import stations_clock
from store.connect import connect
from store.migrate import check
from vigil.clock import ScaledClock, SystemClock
from vigil.settings import Settings, Time

logger = structlog.get_logger(__name__)


class NotReadyError(RuntimeError):
    """Something outside has to be done first; the message says what."""


def make_clock(time: Time) -> SystemClock:
    if time.started == 0:
        return SystemClock()
    return ScaledClock(origin=time.origin, started=time.started, speed=time.speed)


def make_source(settings: Settings, clock: SystemClock, catalogue: Catalogue) -> MqttSource:
    ingest = settings.ingest
    queue = BatchQueue(
        held=Limits(ingest.queue_count, ingest.queue_bytes),
        batch=Limits(ingest.batch_count, ingest.batch_bytes),
        age=ingest.batch_age_ms / 1_000,
        monotonic=clock.monotonic,
    )
    own = catalogue.own_topics() if ingest.default_area else []
    return MqttSource(
        settings.broker.address,
        client_id=ingest.client_id,
        subscriptions=[*topics.SUBSCRIPTIONS, *own],
        queue=queue,
        now=clock.now,
        redelivery_wait=ingest.redelivery_wait_s,
    )


def require_migrated(settings: Settings) -> None:
    with connect(settings.store.dsn, application="vigil") as connection:
        pending = check(connection)
    if pending:
        raise NotReadyError("the store is not up to date: run vigil migrate\n" + "\n".join(pending))


def run_ingest(settings: Settings) -> None:
    """Until SIGTERM or SIGINT; then the batch at work is finished and a snapshot is left."""
    require_migrated(settings)
    clock = make_clock(settings.time)
    catalogue = Catalogue.load(extra=settings.devices.folder)
    metrics = prometheus_client.CollectorRegistry()
    source = make_source(settings, clock, catalogue)
    parts = Parts(
        source=source,
        catalogue=catalogue,
        judge=Engine(load_catalogue(), Registry.build(Directory())),
        connect=lambda: connect(settings.store.dsn, application="vigil ingest"),
        clock=clock,
        metrics=Metrics(metrics),
    )
    owner = f"{socket.gethostname()}:{os.getpid()}"
    ingest = Ingest(parts, owner=owner, settings=settings.ingest)

    def stop(_number: int, _frame: FrameType | None) -> None:
        ingest.stop()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    if settings.metrics.ingest_port:
        prometheus_client.start_http_server(
            settings.metrics.ingest_port, addr=settings.metrics.host, registry=metrics
        )
    ingest.start()
    source.open()
    try:
        ingest.run()
    finally:
        source.close()
    logger.info("ingest stopped in order")


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
    running = asyncio.create_task(
        stations.run(
            settings.stations,
            dsn=settings.store.dsn,
            broker=settings.broker.url,
            rng=SystemRandom(),
            clock=clock,
            serve=_console(settings, clock),
        )
    )
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, running.cancel)
    with suppress(asyncio.CancelledError):
        await running
    logger.info("stations stopped in order")


def _console(settings: Settings, clock: stations_clock.Clock) -> stations.Serve:
    async def console(pool: AsyncConnectionPool, stopped: Callable[[], Collection[str]]) -> None:
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
