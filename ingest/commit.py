"""Commits batch after batch, whatever the store does meanwhile.

A failure that passes by itself is waited out, with a new connection where the old one is gone, and
a COMMIT whose answer was lost is found out about. What the store refuses for good is the caller's.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress

import psycopg
import structlog

from ingest import log as batch_log
from ingest import transaction
from ingest.batch import Outcome, Work, judge_all
from ingest.clock import Clock
from ingest.metrics import Metrics
from ingest.settings import IngestSettings
from ingest.source import Mark
from ingest.transaction import Desk
from schemas.judge import Judge
from store import errors, partition
from store.deadline import Deadline
from store.errors import Kind
from store.partition import Lease

logger = structlog.get_logger(__name__)

_PAUSE_S = (0.05, 5.0)  # between attempts while the store fails: first, and at most


class RefusedError(Exception):
    """The store refuses a batch for good."""

    def __init__(self, error: psycopg.Error) -> None:
        super().__init__(str(error))
        self.error = error


class Committer:
    """Of one ownership of the partition; for one thread."""

    def __init__(
        self,
        connect: Callable[[], psycopg.Connection],
        lease: Lease,
        judge: Judge,
        *,
        clock: Clock,
        metrics: Metrics,
        settings: IngestSettings,
    ) -> None:
        self._connect, self._lease, self._judge = connect, lease, judge
        self._clock, self._metrics, self._settings = clock, metrics, settings
        self._connection = connect()
        self._deadline = Deadline(settings.store_timeout_s)
        self._beside = ThreadPoolExecutor(1, thread_name_prefix="copy")
        self._snapshot_due = 0.0

    @property
    def connection(self) -> psycopg.Connection:
        """For what is read before the first batch."""
        return self._connection

    @contextmanager
    def reading(self) -> Iterator[psycopg.Connection]:
        """Its connection, between two batches."""
        with self._deadline.on(self._connection):
            yield self._connection

    def commit(
        self,
        work: Work,
        *,
        session: str,
        stopping: Callable[[], bool],
        meanwhile: Callable[[], object],
    ) -> Outcome:
        """Until it is in, and the rules' new state adopted.

        Raises `RefusedError` where the store does not want it, psycopg.Error for any failure once
        `stopping`, `store.partition.Fenced` where another copy owns the partition: then nothing of
        it is in, and nothing acknowledged. `session` and `meanwhile` as in `transaction`.
        """
        pause, most = _PAUSE_S
        in_doubt = False
        while True:
            try:
                if not in_doubt:
                    with self._metrics.commit_seconds.time():
                        outcome = self._write(work, session, meanwhile)
                    return self._adopted(outcome)
                if self._landed():
                    return self._adopted(self._made_again(work))
                in_doubt = False
            except psycopg.Error as error:
                self._judge.rollback()
                kind = errors.kind(error)
                self._metrics.store_failures.labels(kind.value).inc()
                if kind is Kind.PERMANENT and not in_doubt:
                    raise RefusedError(error) from error
                if stopping():
                    raise
                say = logger.warning if kind is Kind.TRANSIENT else logger.error
                say("the store failed; trying again", error=str(error), pause_s=pause)
                self._clock.sleep(pause)
                pause, in_doubt = min(2 * pause, most), True

    def leave_snapshot(self) -> None:
        """With the next batch, whenever it was due."""
        self._snapshot_due = 0.0

    def close(self) -> None:
        self._deadline.close()
        self._beside.shutdown()
        self._connection.close()

    def _write(self, work: Work, session: str, meanwhile: Callable[[], object]) -> Outcome:
        due = self._clock.monotonic() >= self._snapshot_due
        snapshot = self._judge.snapshot() if due else None
        desk = Desk(
            self._connection, self._lease, self._judge, self._clock.now(), session, snapshot
        )
        with self._deadline.on(self._connection):
            outcome = self._written(desk, work, meanwhile)
        if snapshot is not None:
            self._snapshot_due = self._clock.monotonic() + self._settings.snapshot_s
            self._metrics.snapshot_bytes.set(len(snapshot))
        return outcome

    def _written(self, desk: Desk, work: Work, meanwhile: Callable[[], object]) -> Outcome:
        if not work.messages.has(Mark.DUP).any():
            with suppress(psycopg.IntegrityError), _undone(desk.connection):
                return transaction.straight(desk, work, beside=self._beside, meanwhile=meanwhile)
            self._judge.rollback()
        with _undone(desk.connection):
            return transaction.carefully(desk, work)

    def _landed(self) -> bool:
        """After a failure: a new connection, and whether the commit had happened all the same."""
        if self._connection.broken or self._connection.closed:
            self._connection.close()
            self._connection = self._connect()
            partition.evict(self._connection)
        with self._deadline.on(self._connection):
            return partition.settle(self._connection, self._lease)

    def _made_again(self, work: Work) -> Outcome:
        """It is in: what it made of the rules, from the log."""
        name, batch = self._lease.partition, self._lease.batch
        with self._deadline.on(self._connection):
            _, content = next(partition.read_log(self._connection, name, after=batch))
        entry = batch_log.decode(content)
        fresh = entry.rows()
        changes = judge_all(self._judge, fresh, resumed=entry.resumed, advanced=entry.advanced)
        return Outcome(fresh, len(work.columns) - len(fresh), changes)

    def _adopted(self, outcome: Outcome) -> Outcome:
        self._judge.commit()
        self._deadline.done()
        self._lease.batch += 1
        return outcome


@contextmanager
def _undone(connection: psycopg.Connection) -> Iterator[None]:
    """Whatever fails, no transaction stays open."""
    try:
        yield
    except BaseException:
        with suppress(psycopg.Error):
            connection.rollback()
        raise
