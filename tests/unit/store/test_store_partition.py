"""The fence, the batch log, snapshots and standstills."""

from collections.abc import Callable
from threading import Event, Thread

import psycopg
import pytest

from schemas.times import NEVER, SECOND
from store.connect import connect
from store.partition import (
    Fenced,
    Lease,
    fence,
    load_snapshot,
    log_batch,
    owner_seen,
    read_log,
    record_standstill,
    save_snapshot,
    settle,
    standstills,
    take,
)

NOW = 1_780_000_000_000_000


@pytest.fixture
def lease(connection: psycopg.Connection) -> Lease:
    return take(connection, "p", owner="one", now=NOW)


def _commit(connection: psycopg.Connection, lease: Lease, content: bytes = b"x") -> None:
    with connection.transaction():
        batch = fence(connection, lease)
        log_batch(connection, lease, content)
    lease.batch = batch


def test_taking_raises_the_epoch_and_keeps_the_batch(connection: psycopg.Connection) -> None:
    assert owner_seen(connection, "p") is None
    first = take(connection, "p", owner="one", now=NOW)
    assert first == Lease("p", 1, 0)
    _commit(connection, first)
    assert take(connection, "p", owner="two", now=NOW + SECOND) == Lease("p", 2, 1)
    assert owner_seen(connection, "p") == ("two", 2, 1, NOW + SECOND)


def test_partitions_do_not_meddle(connection: psycopg.Connection, lease: Lease) -> None:
    other = take(connection, "q", owner="one", now=NOW)
    _commit(connection, lease)
    assert (lease.batch, other.batch) == (1, 0)
    _commit(connection, other)


def test_whoever_lost_the_partition_commits_nothing(
    connection: psycopg.Connection, lease: Lease
) -> None:
    take(connection, "p", owner="two", now=NOW)
    with pytest.raises(Fenced):
        _commit(connection, lease)
    assert list(read_log(connection, "p", 0)) == []
    assert settle(connection, lease) is False


def test_a_batch_counts_once(connection: psycopg.Connection, lease: Lease) -> None:
    """The same batch again, after a commit that we did not hear of."""
    _commit(connection, Lease("p", lease.epoch, lease.batch))
    with pytest.raises(Fenced):
        _commit(connection, lease)
    assert settle(connection, lease) is True


def test_settle_after_nothing_happened(connection: psycopg.Connection, lease: Lease) -> None:
    with connection.transaction(force_rollback=True):
        fence(connection, lease)
    assert settle(connection, lease) is False
    _commit(connection, lease)
    assert lease.batch == 1


@pytest.mark.parametrize("commits", [True, False])
def test_settle_waits_for_the_lost_transaction(
    connection: psycopg.Connection, database: str, lease: Lease, commits: bool
) -> None:
    """Its COMMIT may still be on the way to the server."""
    answer: list[bool] = []
    asked = Event()

    def ask() -> None:
        with connect(database, application="settling") as own:
            asked.set()
            answer.append(settle(own, lease))

    asking = Thread(target=ask)
    with connection.transaction(force_rollback=not commits):
        fence(connection, lease)
        asking.start()
        assert asked.wait(30)
        _await(database, "SELECT wait_event_type = 'Lock' FROM pg_stat_activity"
               " WHERE application_name = 'settling'")  # fmt: skip
        assert answer == []
    asking.join(30)
    assert answer == [commits]


def _await(dsn: str, query: str) -> None:
    """Until a query on another connection says true; the server is what we wait for."""
    with connect(dsn, application="watching") as own:
        for _ in range(100_000):
            if own.execute(query.encode()).fetchone() == (True,):
                return
    raise AssertionError(f"never came true: {query}")


def test_a_vanished_owner_is_put_out(connection: psycopg.Connection, lease: Lease) -> None:
    """Its open transaction must not hold the row for ever."""
    with connection.transaction(force_rollback=True):
        fence(connection, lease)
        row = connection.execute("SHOW idle_in_transaction_session_timeout").fetchone()
    assert row == ("30s",)
    assert connection.execute("SHOW idle_in_transaction_session_timeout").fetchone() == ("0",)


def test_the_log_comes_back_in_order(connection: psycopg.Connection, lease: Lease) -> None:
    contents = [bytes([n]) * n for n in range(150)]  # more than is read at a time
    for content in contents:
        _commit(connection, lease, content)
    assert list(read_log(connection, "p", 0)) == list(enumerate(contents, 1))
    assert [batch for batch, _ in read_log(connection, "p", 148)] == [149, 150]
    assert list(read_log(connection, "q", 0)) == []


def test_a_snapshot_prunes_the_log_but_for_the_window(
    connection: psycopg.Connection, lease: Lease
) -> None:
    assert load_snapshot(connection, "p") is None
    for _ in range(10):
        _commit(connection, lease)
    save_snapshot(connection, lease, b"\0state", keep=3)
    assert load_snapshot(connection, "p") == (10, b"\0state")
    assert [batch for batch, _ in read_log(connection, "p", 0)] == [8, 9, 10]
    _commit(connection, lease)
    save_snapshot(connection, lease, b"", keep=0)
    assert load_snapshot(connection, "p") == (11, b"")
    assert list(read_log(connection, "p", 0)) == []


def test_a_snapshot_inside_a_batch_covers_what_came_before(
    connection: psycopg.Connection, lease: Lease
) -> None:
    _commit(connection, lease)
    with connection.transaction():
        batch = fence(connection, lease)
        save_snapshot(connection, lease, b"state", keep=0)
        log_batch(connection, lease, b"after")
    lease.batch = batch
    assert load_snapshot(connection, "p") == (1, b"state")
    assert list(read_log(connection, "p", 1)) == [(2, b"after")]


def _snapshot(connection: psycopg.Connection, lease: Lease) -> None:
    save_snapshot(connection, lease, b"stale")


@pytest.mark.parametrize("act", [_snapshot, _commit])
def test_a_fenced_copy_cannot_overwrite(
    connection: psycopg.Connection, lease: Lease, act: Callable[[psycopg.Connection, Lease], None]
) -> None:
    newer = take(connection, "p", owner="two", now=NOW)
    save_snapshot(connection, newer, b"fresh")
    with pytest.raises(Fenced):
        act(connection, lease)
    assert load_snapshot(connection, "p") == (0, b"fresh")


def test_standstills(connection: psycopg.Connection) -> None:
    stood = [(NEVER, NOW), (NOW + 50, NOW + 60), (NOW + 100, NOW + 200)]
    for clock, resumed in [*stood, stood[1]]:
        record_standstill(connection, "p", clock=clock, resumed=resumed)
    assert standstills(connection, "p", 0, NOW + 1000) == stood
    assert standstills(connection, "p", NOW + 1, NOW + 70) == stood[1:2]
    assert standstills(connection, "p", NOW + 60, NOW + 100) == stood[1:2]
    assert standstills(connection, "p", NOW + 150, NOW + 160) == stood[2:]
    assert standstills(connection, "q", 0, NOW + 1000) == []
