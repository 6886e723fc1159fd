"""The ingest loop: take a batch, judge it, commit it, acknowledge it; over and over.

One transaction holds what a batch said: readings, rejects, quarantine, alert changes, the batch
log and now and then a snapshot. It is fenced by the partition row, so that a copy that lost its
partition can commit nothing. Only after it has committed is the new state adopted and the batch
acknowledged (I1, I2).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import psycopg
import structlog

from devices.births import Births
from devices.catalogue import Catalogue
from ingest import batch as batches
from ingest import log as batch_log
from ingest.ahead import Ahead
from ingest.batch import Outcome, Work
from ingest.clock import Clock
from ingest.commit import Committer, RefusedError
from ingest.decode import Decoder
from ingest.emergency import place
from ingest.emergency.guard import Guard
from ingest.emergency.keepsake import Keepsake
from ingest.emergency.place import Part
from ingest.known import Known
from ingest.latest import Latest
from ingest.lookup import Lookup
from ingest.metrics import Metrics
from ingest.recorder import NoRecorder, Recorder
from ingest.reject import RejectBudget, refused
from ingest.settings import IngestSettings
from ingest.source import Batch, Messages, Source
from schemas.judge import Judge
from schemas.times import SECOND
from store import directory, ladders, partition, quarantine, unattended
from store.partition import Fenced, Lease

logger = structlog.get_logger(__name__)

_CHECK_S = 1.0  # how often the directory's version is looked at


class Parts(NamedTuple):
    """What an ingest is put together from. `connect` opens a connection to the store."""

    source: Source
    catalogue: Catalogue
    judge: Judge
    connect: Callable[[], psycopg.Connection]
    clock: Clock
    metrics: Metrics
    guard: Guard
    latest: Latest
    lost: Callable[[], bool]
    """Whether another copy is known to have taken the partition over."""
    recorder: Recorder = NoRecorder()


class Ingest:
    """One partition's ingest: `start`, open the source, `run`."""

    def __init__(self, parts: Parts, lease: Lease, *, settings: IngestSettings) -> None:
        self._parts, self._settings, self._lease = parts, settings, lease
        self._guard = parts.guard
        self._judge, self._clock, self._metrics = parts.judge, parts.clock, parts.metrics
        self._committer = Committer(
            parts.connect,
            lease,
            parts.judge,
            clock=parts.clock,
            metrics=parts.metrics,
            settings=settings,
        )
        self._decoded: Ahead | None = None  # the batch at work
        self._ahead: Ahead | None = None  # the one behind it
        self._budget, self._births = RejectBudget(settings.reject_rate), Births()
        self._known = Known()
        self._check_due = self._tick_due = 0.0
        self._stopping = False

    def stop(self) -> None:
        """End after the batch at work; safe to call from a signal handler."""
        self._stopping = True

    def start(self) -> None:
        """Load the registry, and bring the rules to where they were.

        To be done before the source connects.
        """
        self._load_registry(self._committer.connection)
        self._restore(self._committer.connection)

    def run(self) -> None:
        """Work until stopped; then leave a snapshot. Fenced when another copy took over."""
        while not self._stopping:
            if self._parts.lost():
                raise Fenced(f"another copy owns partition {self._lease.partition!r}")
            self._handle(self._next())
        self._committer.leave_snapshot()
        self._settle(self._prepare(_NOTHING, resumed=None, advanced=None))

    def close(self) -> None:
        """Its connection and what watches over it."""
        self._committer.close()

    # Starting

    def _make_decoder(self, lookup: Lookup, budget: RejectBudget, births: Births) -> Decoder:
        return Decoder(
            self._parts.catalogue,
            lookup,
            budget=budget,
            default_area=self._settings.default_area,
            births=births,
        )

    def _restore(self, connection: psycopg.Connection) -> None:
        """Snapshot and log: ends where an uninterrupted run would be."""
        name = self._settings.partition
        covered = 0
        if (found := partition.load_snapshot(connection, name)) is not None:
            covered, content = found
            self._judge.restore(content)
            self._guard.restore(content)
        entries = 0
        for batch, content in partition.read_log(connection, name, after=0):
            entry = batch_log.decode(content)
            rows = entry.rows()
            self._parts.latest.observe(rows)
            if batch > covered:
                batches.judge_all(self._judge, rows, resumed=entry.resumed, advanced=entry.advanced)
                self._judge.commit()
                self._guard.learn(rows)
                entries += 1
            self._known.remember(entry)
            self._guard.stored(entry.known(), until=entry.last_received)
        if ahead := self._guard.went_ahead():
            self._guard.known(unattended.known(connection, ahead))
        logger.info("rules restored", snapshot=covered, batches_after=entries)

    # One batch

    def _next(self) -> Batch:
        self._decoded, self._ahead = self._ahead, None
        if self._decoded is not None:
            return self._decoded.batch
        return self._parts.source.take(self._settings.tick_s)

    def _handle(self, batch: Batch) -> None:
        with self._guard.at_work(batch.messages):
            self._follow_registry()
            self._metrics.received.inc(len(batch.messages))
            messages = self._unseen(batch.messages)
            advanced = self._tick(batch)
            if len(messages) or advanced is not None or batch.caught_up is not None:
                with self._metrics.batch_seconds.time():
                    self._settle_all(messages, resumed=batch.caught_up, advanced=advanced)
        self._parts.source.ack(batch.messages)
        self._metrics.acknowledged.inc(len(batch.messages))

    def _settle_all(self, messages: Messages, *, resumed: int | None, advanced: int | None) -> None:
        *before, last = self._guard.parts(messages)
        for part in before:
            self._settle_part(part, resumed=None, advanced=None)
        self._settle_part(last, resumed=resumed, advanced=advanced)

    def _settle_part(self, part: Part, *, resumed: int | None, advanced: int | None) -> None:
        self._settle(self._prepare(part, resumed=resumed, advanced=advanced))
        self._parts.recorder.committed(
            part.messages, heard=part.heard, resumed=resumed, advanced=advanced
        )

    def _follow_registry(self) -> None:
        """A changed registry takes effect between batches; state stays with its rows."""
        if (now := self._clock.monotonic()) < self._check_due:
            return
        self._check_due = now + _CHECK_S
        try:
            with self._committer.reading() as connection:
                if directory.directory_version(connection) == self._version:
                    return
                self._load_registry(connection)
        except psycopg.Error as error:
            logger.warning("could not look at the directory", error=str(error))
            return  # the next batch meets the same trouble and deals with it
        logger.info("registry changed", version=self._version)

    def _load_registry(self, connection: psycopg.Connection) -> None:
        """What the device models say of silence reaches the rules from here."""
        version, registry = directory.load_registry(connection)
        ignored = quarantine.ignored(connection)
        rungs = ladders.load(connection)
        fitted = registry.fitted(self._parts.catalogue.models())
        self._judge.set_registry(fitted)
        lookup = Lookup(registry, ignored=ignored)
        self._decoder = self._make_decoder(lookup, self._budget, self._births)
        aside = RejectBudget(self._settings.reject_rate)
        decoder = self._make_decoder(lookup, aside, self._births.seen_by_others())
        self._guard.follow(Keepsake(fitted, ignored, rungs), decoder)
        self._version = version

    def _unseen(self, messages: Messages) -> Messages:
        """Without redeliveries of what is committed; those only need their acknowledgement."""
        repeated = self._known.repeated(messages)
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

    def _prepare(self, part: Part, *, resumed: int | None, advanced: int | None) -> Work:
        decoded = self._decoded
        if decoded is not None and decoded.holds(part, self._decoder, self._known.last_received):
            work = decoded.work
        else:
            work = self._decode(part, after=self._known.last_received)
        return work._replace(resumed=resumed, advanced=advanced)

    def _decode(self, part: Part, *, after: int) -> Work:
        with self._metrics.decode_seconds.time():
            return place.prepare(self._decoder, part, after=after, resumed=None, advanced=None)

    # Committing

    def _settle(self, work: Work) -> None:
        """Commit the work, whatever the store does meanwhile."""
        try:
            outcome = self._committer.commit(
                work,
                session=self._known.session_name,
                stopping=lambda: self._stopping,
                meanwhile=lambda: self._look_ahead(work),
            )
        except RefusedError as refusal:
            self._isolate(work, refusal.error)
        else:
            self._adopt(work, outcome)

    def _look_ahead(self, work: Work) -> None:
        """Decode the next batch while this work is copied, where a full one waits."""
        if self._ahead is None and (batch := self._parts.source.take_full()) is not None:
            self._guard.ahead(batch.messages)
            after = work.draft.last_received
            part = Part(batch.messages, None)
            self._ahead = Ahead(batch, self._decoder, after, self._decode(part, after=after))

    def _adopt(self, work: Work, outcome: Outcome) -> None:
        self._known.add(work)
        self._parts.latest.observe(outcome.fresh)
        self._guard.committed(work.messages, outcome.fresh, work.draft.strangers)
        self._metrics.committed(work, outcome)
        if len(work.messages):
            age = self._clock.now() - int(work.messages.received[-1])
            self._metrics.lag.set(age / SECOND)

    def _isolate(self, work: Work, error: psycopg.Error) -> None:
        """The store refuses something in here: find it by halves, and let the rest through."""
        messages = work.messages
        if not len(messages):
            raise error
        if len(messages) > 1:
            half = len(messages) // 2
            first, rest = messages.take(slice(half)), messages.take(slice(half, None))
            self._settle(self._prepare(Part(first, None), resumed=None, advanced=None))
            last = Part(rest, None)
            self._settle(self._prepare(last, resumed=work.resumed, advanced=work.advanced))
            return
        logger.error("the store refuses a message; kept as a reject", error=str(error))
        packets = batch_log.packets(messages, np.ones(1, np.bool_))
        if work.stored:
            # It is judged all the same: an emergency must not depend on a row.
            self._metrics.refused.inc()
            work.draft.rejects.append(refused(messages[0], error))
            self._settle(work._replace(stored=False, packets=packets))
            return
        if not len(work.columns):
            raise error  # not even the bare reject
        bare = self._prepare(_NOTHING, resumed=work.resumed, advanced=work.advanced)
        bare.draft.rejects.append(refused(messages[0], error))
        self._settle(bare._replace(messages=messages, packets=packets, stored=False))


_NOTHING = Part(Messages.none(), None)
