"""`vigil ingest`, put together: a standby until the partition is ours, then its owner.

An owner that another copy has replaced leaves the broker before anything else, and becomes a
standby again.
"""

import gc
import os
import secrets
import signal
import socket
from contextlib import ExitStack
from functools import partial
from types import FrameType

import prometheus_client
import psycopg
import structlog

from devices.catalogue import Catalogue
from ingest.emergency.sentry import Sentry
from ingest.keeper import Keeper
from ingest.latest import Latest
from ingest.metrics import Metrics
from ingest.recorder import NoRecorder, Recorder
from ingest.run import Ingest, Parts
from ingest.standby import Owned, Standby
from ingest.state import State
from rules.engine import Engine
from rules.load import load_catalogue
from schemas.directory import Directory
from schemas.registry import Registry
from schemas.times import HOUR
from store.connect import connect
from store.partition import Fenced
from vigil import ingest_watch
from vigil.ingest_watch import Post
from vigil.settings import Settings
from vigil.wiring import expose, make_clock, make_source, require_migrated

logger = structlog.get_logger(__name__)

_AGAIN_S = 2.0  # between attempts to reach the store


def run(settings: Settings) -> None:
    """Until SIGTERM or SIGINT; then the batch at work is finished and a snapshot is left."""
    process = IngestProcess(settings)

    def stop(_number: int, _frame: FrameType | None) -> None:
        process.stop()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    process.run()
    logger.info("ingest stopped in order")


def recorder(settings: Settings) -> Recorder:
    """Of what is committed, where a folder is set for it."""
    if (folder := settings.ingest.record_folder) is None:
        return NoRecorder()
    from vigil.recording import IngestRecorder, Rotation  # noqa: PLC0415 (few record: a quick start)

    return IngestRecorder(folder.expanduser(), Rotation(size=1 << 30, span=HOUR))


class IngestProcess:
    """What one process keeps, whether it is standby or owner."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._clock = make_clock(settings.time)
        self._catalogue = Catalogue.load(extra=settings.devices.folder)
        self._rules = load_catalogue()
        self._registry = prometheus_client.CollectorRegistry()
        self._metrics = Metrics(self._registry)
        self._stopping = False
        self._ingest: Ingest | None = None

    def stop(self) -> None:
        """Safe to call from a signal handler."""
        self._stopping = True
        if self._ingest is not None:
            self._ingest.stop()

    def run(self) -> None:
        metrics, ingest = self._settings.metrics, self._settings.ingest
        expose(self._registry, metrics, port=metrics.ingest_port)
        state = State(ingest.state_folder.expanduser(), token=secrets.token_hex(8))
        post = Post(self._settings, self._catalogue, self._clock, self._metrics, state)
        sentry = Sentry(partial(ingest_watch.stand_in, post))
        standby = Standby(
            self._connect,
            owner=f"{socket.gethostname()}:{os.getpid()}",
            state=state,
            clock=self._clock,
            settings=ingest,
            metrics=self._metrics,
            sentry=sentry,
        )
        try:
            self._await_store(sentry)
            while (owned := standby.wait(lambda: self._stopping)) is not None:
                try:
                    self._own(owned, post)
                except Fenced as error:
                    logger.warning("becoming a standby", why=str(error))
                except psycopg.OperationalError as error:
                    if self._stopping:
                        raise
                    logger.warning("the store went before the start was done", error=str(error))
        finally:
            sentry.end()
            state.close()

    def _await_store(self, sentry: Sentry) -> None:
        """Until the store answers; NotReadyError where it needs a migration."""
        while not self._stopping:
            try:
                require_migrated(self._settings)
            except psycopg.OperationalError as error:
                logger.warning("waiting for the store", error=str(error).strip())
                sentry.begin()
                self._clock.sleep(_AGAIN_S)
            else:
                sentry.end()
                return

    def _own(self, owned: Owned, post: Post) -> None:
        """Until stopped, or replaced by another copy."""
        with ExitStack() as ending:  # ends from the last to the first: the broker's session first
            keeper = Keeper(
                owned.lease,
                connect=lambda: connect(self._settings.store.dsn, application="vigil keeper"),
                lease_s=self._settings.ingest.lease_s,
                monotonic=self._clock.monotonic,
            )
            ending.callback(keeper.close)
            source = make_source(
                self._settings, self._clock, self._catalogue, may_connect=keeper.trusted
            )
            self._metrics.watch(source)
            guard = ingest_watch.guard(post, source, lambda: keeper.lost)
            ending.callback(guard.close)
            latest = Latest(
                lambda: connect(self._settings.store.dsn, application="vigil latest"),
                monotonic=self._clock.monotonic,
            )
            latest.start()
            ending.callback(latest.close)
            parts = Parts(
                source=source,
                catalogue=self._catalogue,
                judge=Engine(self._rules, Registry.build(Directory())),
                connect=self._connect,
                clock=self._clock,
                metrics=self._metrics,
                guard=guard,
                latest=latest,
                lost=lambda: keeper.lost,
                recorder=recorder(self._settings),
            )
            ending.callback(parts.recorder.close)
            ingest = self._ingest = Ingest(parts, owned.lease, settings=self._settings.ingest)
            ending.callback(ingest.close)
            ending.callback(source.close)
            if self._stopping:
                return
            keeper.start(asked=owned.asked, beside=guard.unattended.look)
            ingest.start()
            # What is loaded now stays: no collection need look at it again (56 ms at 22,000 elders,
            # in the middle of a batch).
            gc.collect()
            gc.freeze()
            guard.start()
            source.open()
            ingest.run()

    def _connect(self) -> psycopg.Connection:
        return connect(self._settings.store.dsn, application=f"vigil ingest {os.getpid()}")
