"""The long-running processes, put together: one straight function each, left to right."""

import os
import signal
import socket
from types import FrameType

import prometheus_client
import structlog
from rules.engine import Engine

from devices.catalogue import Catalogue
from ingest.metrics import Metrics
from ingest.mqtt import MqttSource
from ingest.queue import BatchQueue, Limits
from ingest.run import Ingest, Parts
from rules.load import load_catalogue
from schemas import topics
from schemas.directory import Directory
from schemas.registry import Registry
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
    catalogue = Catalogue.load()
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
