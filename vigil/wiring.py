"""What the long-running processes are put together from, and share.

Imports no more than ingest needs: each process has its own module, `ingest_process` and
`stations_process`.
"""

from collections.abc import Callable
from random import SystemRandom

import prometheus_client
from prometheus_client import CollectorRegistry

from devices.catalogue import Catalogue
from ingest.mqtt import MqttSource, SessionOptions
from ingest.queue import BatchQueue, Limits
from ingest.urgent import urgent
from schemas import topics
from store.connect import connect
from store.migrate import check
from vigil.clock import ScaledClock, SystemClock
from vigil.settings import MetricsSettings, Settings, Time


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
        urgent=urgent,
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
