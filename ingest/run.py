"""The ingest loop: take a batch, judge it, commit it, acknowledge it; over and over.

One transaction holds what a batch said: readings, rejects, quarantine, alert changes, the batch
log and now and then a snapshot. It is fenced by the partition row, so that a copy that lost its
partition can commit nothing. Only after it has committed is the new state adopted and the batch
acknowledged (I1, I2).
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from typing import NamedTuple, Protocol

import numpy as np
import psycopg
import structlog

from devices.catalogue import Catalogue
from ingest import batch as batches
from ingest import log as batch_log
from ingest.batch import Outcome, Work
from ingest.decode import Decoder
from ingest.lookup import Lookup
from ingest.metrics import Metrics
from ingest.reject import RejectBudget
from ingest.settings import IngestSettings
from ingest.source import Batch, Delivery, Mark, Messages, Source
from schemas.judge import Judge
from schemas.times import DAY
from store import directory, errors, partition, quarantine, rejects
from store.errors import Kind
from store.partition import Fenced
from store.rejects import Reject

logger = structlog.get_logger(__name__)

_CHECK_S = 1.0  # how often the directory's version is looked at
_FORGET_S = 3600.0  # how often old rejects are deleted
_PAUSE_S = (0.05, 5.0)  # between attempts while the store fails: first, and at most


class Clock(Protocol):
    def now(self) -> int:
        """µs UTC."""

    def monotonic(self) -> float:
        """Seconds, never back."""

    def sleep(self, seconds: float) -> None: ...


class Parts(NamedTuple):
    """What an ingest is put together from. `connect` opens a connection to the store."""

    source: Source
    catalogue: Catalogue
    judge: Judge
    connect: Callable[[], psycopg.Connection]
    clock: Clock
    metrics: Metrics


class Ingest:
    """One partition's ingest: `start`, open the source, `run`."""

    def __init__(self, parts: Parts, *, owner: str, settings: IngestSettings) -> None:
        self._parts, self._settings, self._owner = parts, settings, owner
        self._judge, self._clock, self._metrics = parts.judge, parts.clock, parts.metrics
        self._budget = RejectBudget(settings.reject_rate)
        self._committed = batch_log.CommittedPackets()
        self._session, self._session_name = 0, secrets.token_hex(8)
        self._last_received = 0
        self._snapshot_due = self._check_due = self._tick_due = self._forget_due = 0.0
        self._stopping = False

    def stop(self) -> None:
        """End after the batch at work; safe to call from a signal handler."""
        self._stopping = True

    def start(self) -> None:
        """Own the partition, load the registry, and bring the rules to where they were.

        To be done before the source connects: from here on no other copy can commit.
        """
        self._connection = self._parts.connect()
        self._lease = partition.take(
            self._connection, self._settings.partition, owner=self._owner, now=self._clock.now()
        )
        self._load_registry()
        self._restore()

    def run(self) -> None:
        """Work until stopped; then leave a snapshot. Fenced when another copy took over."""
        while not self._stopping:
            self._handle(self._parts.source.take(self._settings.tick_s))
        self._snapshot_due = 0.0
        self._settle(self._prepare(Messages.none(), resumed=None, advanced=None))

    # Starting

    def _make_decoder(self, lookup: Lookup) -> Decoder:
        return Decoder(
            self._parts.catalogue,
            lookup,
            budget=self._budget,
            default_area=self._settings.default_area,
        )

    def _restore(self) -> None:
        """Snapshot and log: ends where an uninterrupted run would be."""
        name = self._settings.partition
        covered = 0
        if (found := partition.load_snapshot(self._connection, name)) is not None:
            covered, content = found
            self._judge.restore(content)
        entries = 0
        for batch, content in partition.read_log(self._connection, name, after=0):
            entry = batch_log.decode(content)
            if batch > covered:
                batches.judge_all(
                    self._judge, entry.rows(), resumed=entry.resumed, advanced=entry.advanced
                )
                self._judge.commit()
                entries += 1
            self._remember(entry)
        logger.info("rules restored", snapshot=covered, batches_after=entries)

    def _remember(self, entry: batch_log.Entry) -> None:
        self._last_received = max(self._last_received, entry.last_received)
        if entry.session != self._session_name:
            self._committed.forget()
            self._session_name = entry.session
        self._committed.add(entry.known())

    # One batch

    def _handle(self, batch: Batch) -> None:
        self._follow_registry()
        self._metrics.received.inc(len(batch.messages))
        messages = self._unseen(batch.messages)
        advanced = self._tick(batch)
        if len(messages) or advanced is not None or batch.caught_up is not None:
            with self._metrics.batch_seconds.time():
                self._settle(self._prepare(messages, resumed=batch.caught_up, advanced=advanced))
        self._parts.source.ack(batch.messages)
        self._metrics.acknowledged.inc(len(batch.messages))

    def _follow_registry(self) -> None:
        """A changed registry takes effect between batches; state stays with its rows."""
        if (now := self._clock.monotonic()) < self._check_due:
            return
        self._check_due = now + _CHECK_S
        try:
            self._forget_rejects(now)
            if directory.directory_version(self._connection) == self._version:
                return
            self._load_registry()
        except psycopg.Error as error:
            logger.warning("could not look at the directory", error=str(error))
            return  # the next batch meets the same trouble and deals with it
        logger.info("registry changed", version=self._version)

    def _load_registry(self) -> None:
        """What the device models say of silence reaches the rules from here."""
        version, registry = directory.load_registry(self._connection)
        ignored = quarantine.ignored(self._connection)
        self._judge.set_registry(registry.fitted(self._parts.catalogue.models()))
        self._decoder = self._make_decoder(Lookup(registry, ignored=ignored))
        self._version = version

    def _forget_rejects(self, now: float) -> None:
        if now >= self._forget_due:
            self._forget_due = now + _FORGET_S
            keep = self._settings.reject_days * DAY
            rejects.forget(self._connection, before=self._clock.now() - keep)

    def _unseen(self, messages: Messages) -> Messages:
        """Without redeliveries of what is committed; those only need their acknowledgement."""
        if messages.session != self._session and messages.has(Mark.QOS1).any():
            self._session, self._session_name = messages.session, secrets.token_hex(8)
            self._committed.forget()
        repeated = self._committed.repeated(messages)
        self._metrics.redelivered.inc(int(repeated.sum()))
        return messages.take(~repeated)

    def _tick(self, batch: Batch) -> int | None:
        """The time to move on to where no reading has moved it for a tick and an alert is due."""
        catching_up = self._parts.source.catching_up
        self._metrics.catching_up.set(catching_up)
        now = self._clock.monotonic()
        if len(batch.messages) or catching_up or batch.caught_up is not None:
            self._tick_due = now + self._settings.tick_s
            return None
        if now < self._tick_due:
            return None
        self._tick_due = now + self._settings.tick_s
        at = self._clock.now()
        if not self._judge.advance(at):
            self._judge.commit()  # nothing to tell anybody: no transaction
            return None
        self._judge.rollback()
        return at

    def _prepare(
        self, messages: Messages, *, resumed: int | None, advanced: int | None
    ) -> Work:
        return batches.prepare(
            self._decoder,
            messages,
            after=self._last_received,
            resumed=resumed,
            advanced=advanced,
        )

    # Committing

    def _settle(self, work: Work) -> None:
        """Commit the work, whatever the store does meanwhile; then adopt what it changed."""
        pause, most = _PAUSE_S
        while True:
            try:
                outcome = self._write(work)
            except Fenced:
                if not partition.settle(self._connection, self._lease):
                    raise
                outcome = None  # it was our own commit, whose answer was lost
            except psycopg.Error as error:
                kind = errors.kind(error)
                if kind is Kind.PERMANENT:
                    self._judge.rollback()
                    self._isolate(work, error)
                    return
                if self._stopping:
                    raise  # nothing of it is acknowledged: the broker holds it
                self._metrics.store_failures.inc()
                say = logger.warning if kind is Kind.TRANSIENT else logger.error
                say("the store failed; trying again", error=str(error), pause_s=pause)
                self._clock.sleep(pause)
                pause = min(2 * pause, most)
                if not self._landed():
                    self._judge.rollback()
                    continue
                outcome = None
            self._adopt(work, outcome)
            return

    def _write(self, work: Work) -> Outcome:
        snapshot = None
        if self._clock.monotonic() >= self._snapshot_due:
            snapshot = self._judge.snapshot()
        with self._connection.transaction():
            outcome = batches.write(
                self._connection,
                self._lease,
                work,
                judge=self._judge,
                now=self._clock.now(),
                session=self._session_name,
                snapshot=snapshot,
            )
        if snapshot is not None:
            self._snapshot_due = self._clock.monotonic() + self._settings.snapshot_s
        return outcome

    def _landed(self) -> bool:
        """After a failure: a new connection, and whether the commit had happened all the same."""
        try:
            if self._connection.broken or self._connection.closed:
                self._connection.close()
                self._connection = self._parts.connect()
            return partition.settle(self._connection, self._lease)
        except psycopg.Error:
            return False  # the next attempt meets the same trouble and waits longer

    def _adopt(self, work: Work, outcome: Outcome | None) -> None:
        self._judge.commit()
        self._lease.batch += 1
        self._last_received = work.draft.last_received
        self._committed.add(work.packets)
        if outcome is not None:
            self._metrics.readings.inc(outcome.new)
            self._metrics.duplicates.inc(outcome.duplicates)
            self._metrics.alerts.inc(len(outcome.changes))
        self._metrics.rejects.inc(len(work.draft.rejects) + sum(work.draft.overflow.values()))
        self._metrics.quarantined.inc(len(work.draft.quarantined))

    def _isolate(self, work: Work, error: psycopg.Error) -> None:
        """The store refuses something in here: find it by halves, and let the rest through."""
        messages = work.messages
        if not len(messages):
            raise error
        if len(messages) > 1:
            half = len(messages) // 2
            first, rest = messages.take(slice(half)), messages.take(slice(half, None))
            self._settle(self._prepare(first, resumed=None, advanced=None))
            self._settle(self._prepare(rest, resumed=work.resumed, advanced=work.advanced))
            return
        logger.error("the store refuses a message; kept as a reject", error=str(error))
        refused = self._prepare(Messages.none(), resumed=work.resumed, advanced=work.advanced)
        refused.draft.rejects.append(_refused(messages[0], error))
        packets = batch_log.packets(messages, np.ones(1, np.bool_))
        self._settle(refused._replace(messages=messages, packets=packets))


def _refused(delivery: Delivery, error: psycopg.Error) -> Reject:
    return Reject(
        received=delivery.received,
        topic=delivery.topic,
        payload=delivery.payload,
        size=len(delivery.payload),
        code="store",
        reason=f"the store refused it: {error}",
        gateway_id="",
        device=-1,
        gateway=-1,
        flags=0,
    )
