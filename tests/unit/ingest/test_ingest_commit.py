"""A batch is in once, and in the rules once, whatever became of the answer to its COMMIT."""

import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import numpy as np
import psycopg
import pytest
from prometheus_client import CollectorRegistry

from devices.catalogue import Catalogue
from ingest import transaction
from ingest.batch import Outcome, Work, prepare
from ingest.commit import Committer
from ingest.decode import Decoder
from ingest.lookup import Lookup
from ingest.metrics import Metrics
from ingest.reject import RejectBudget
from ingest.settings import IngestSettings
from ingest.source import Mark, Messages
from rules.engine import Engine
from rules.load import load_catalogue
from schemas import topics
from schemas.registry import Registry
from store import partition
from store.connect import connect
from store.directory import import_directory, load_registry
from store.migrate import migrate
from store.partition import Lease
from tests.support.registry import EAST, town
from vigil.clock import SystemClock

NOW = 1_780_000_000_000_000
HOMES = 3
READINGS = 1_200  # enough to be copied beside


class Bench:
    """A committer on a store of its own, and another engine that is told the same rows."""

    def __init__(self, dsn: str) -> None:
        migrate(dsn)
        self.dsn, self.refusals = dsn, 0
        with connect(dsn, application="test") as connection:
            import_directory(connection, town(homes=HOMES), now=NOW)
            _, registry = load_registry(connection)
            lease = partition.take(connection, "p", owner="test", now=NOW)
        self.engine, self.twin = self.judge(registry), self.judge(registry)
        self.decoder = Decoder(
            Catalogue.load(extra=None), Lookup(registry), budget=RejectBudget(100)
        )
        self.committer = self.make(lease)

    def judge(self, registry: Registry) -> Engine:
        return Engine(load_catalogue(), registry)

    def make(self, lease: Lease) -> Committer:
        return Committer(
            self.connect,
            lease,
            self.engine,
            clock=SystemClock(),
            metrics=Metrics(CollectorRegistry()),
            settings=IngestSettings(),
        )

    def connect(self) -> psycopg.Connection:
        if self.refusals:
            self.refusals -= 1
            raise psycopg.OperationalError("not now")
        return connect(self.dsn, application="vigil ingest test")

    def work(self, first: int, *, mark: Mark = Mark.QOS1) -> Work:
        """Readings of m1 from a serial on, and a press of its home."""
        times = range(first, first + READINGS)
        said = [b'{"ts":%d,"seq":%d,"heart_rate":70}' % (NOW // 1_000 + n, n) for n in times]
        messages = Messages(
            [topics.up(EAST, "g1", "m1").encode()] * READINGS
            + [topics.up(EAST, "g1", "b1").encode()],
            [*said, b'{"sos":"pressed"}'],
            NOW + 1_000 * np.arange(first, first + READINGS + 1),
            np.arange(READINGS + 1) + 1,
            np.full(READINGS + 1, mark, np.uint8),
            1,
        )
        after = NOW + 1_000 * first - 1
        return prepare(self.decoder, messages, after=after, resumed=None, advanced=None)

    def commit(self, work: Work, meanwhile: Callable[[], object] = lambda: None) -> Outcome:
        return self.committer.commit(work, session="s", stopping=lambda: False, meanwhile=meanwhile)

    def count(self, table: str) -> int:
        with connect(self.dsn, application="test") as connection:
            row = connection.execute(f"SELECT count(*) FROM {table}".encode()).fetchone()
        return row[0] if row else 0

    def tell_twin(self, outcome: Outcome) -> None:
        """The rules' state must be as if nothing had happened."""
        self.twin.apply(outcome.fresh)
        self.twin.commit()
        assert self.engine.snapshot() == self.twin.snapshot()


@pytest.fixture
def bench(database: str) -> Iterator[Bench]:
    it = Bench(database)
    yield it
    it.committer.close()


def test_rows_that_are_there_already_are_found_out(bench: Bench) -> None:
    """Copied straight, the second batch loses its transaction; then only its new half is new."""
    bench.tell_twin(bench.commit(bench.work(0)))
    outcome = bench.commit(bench.work(READINGS // 2))
    assert outcome.duplicates == READINGS // 2
    bench.tell_twin(outcome)
    assert bench.count("reading") == READINGS + READINGS // 2 + 2
    assert bench.count("batch_log") == 2
    again = bench.commit(bench.work(0, mark=Mark.QOS1 | Mark.DUP))
    assert again.new == 0
    bench.tell_twin(again)


def test_the_next_batch_is_looked_at_while_many_rows_are_copied(bench: Bench) -> None:
    looks: list[str] = []
    bench.commit(bench.work(0), lambda: looks.append(threading.current_thread().name))
    assert looks == [threading.current_thread().name]


@pytest.mark.parametrize("refusals", [0, 2])
def test_an_answer_that_is_lost_loses_nothing(
    bench: Bench, refusals: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The COMMIT is in, its answer never comes, and the store may be away for a while after it."""
    bench.tell_twin(bench.commit(bench.work(0)))
    straight = transaction.straight

    def lost(desk: transaction.Desk, work: Work, **more: Any) -> Outcome:
        straight(desk, work, **more)
        monkeypatch.setattr(transaction, "straight", straight)
        bench.refusals = refusals
        desk.connection.close()
        raise psycopg.OperationalError("the answer was lost")

    monkeypatch.setattr(transaction, "straight", lost)
    outcome = bench.commit(bench.work(READINGS))
    assert outcome.new == READINGS + 1
    bench.tell_twin(outcome)
    bench.tell_twin(bench.commit(bench.work(2 * READINGS)))
    assert bench.count("reading") == 3 * (READINGS + 1)
    assert bench.count("batch_log") == 3


def test_a_transaction_that_fails_on_the_way_leaves_no_trace(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While rows are copied beside, something else fails: they are rolled back with it."""

    def fails() -> None:
        raise KeyError("a mistake of ours")

    with suppress(KeyError):
        bench.commit(bench.work(0), fails)
    assert (bench.count("reading"), bench.count("batch_log")) == (0, 0)
    bench.engine.rollback()
    bench.tell_twin(bench.commit(bench.work(0)))
