"""One owner of a partition at a time, by the store's clock; a dead one is replaced."""

import threading

import psycopg
import pytest

from store import lease, partition
from store.connect import connect
from store.lease import Holder
from store.partition import Fenced, Lease

NOW = 1_760_000_000_000_000


def acquire(
    connection: psycopg.Connection, token: str, *, lease_s: float = 60, dead: str | None = None
) -> Lease | Holder:
    return lease.acquire(
        connection, "p", owner=f"host:{token}", token=token, lease_s=lease_s, now=NOW, dead=dead
    )


def own(connection: psycopg.Connection, token: str, *, lease_s: float = 60) -> Lease:
    got = acquire(connection, token, lease_s=lease_s)
    assert isinstance(got, Lease)
    return got


def silence(connection: psycopg.Connection, seconds: float) -> None:
    """As if the owner had not been heard for so long."""
    connection.execute(
        "UPDATE partition_lease SET seen_at = clock_timestamp() - make_interval(secs => %s)",
        [seconds],
    )


def test_a_new_partition_is_owned_and_a_second_copy_is_told_by_whom(
    connection: psycopg.Connection,
) -> None:
    assert lease.holder(connection, "p") is None
    first = own(connection, "one")
    assert (first.epoch, first.batch) == (1, 0)
    told = acquire(connection, "two")
    assert isinstance(told, Holder)
    assert (told.owner, told.token) == ("host:one", "one")
    assert 0 <= told.silent_s < 60
    assert partition.owner_seen(connection, "p") == ("host:one", 1, 0, NOW)


def test_a_silent_owner_is_replaced_and_learns_of_it(connection: psycopg.Connection) -> None:
    first = own(connection, "one")
    silence(connection, 11)
    assert isinstance(acquire(connection, "two", lease_s=12), Holder)
    second = own(connection, "two", lease_s=10)
    assert second.epoch == first.epoch + 1
    assert not lease.beat(connection, first)
    assert lease.beat(connection, second)
    with pytest.raises(Fenced), connection.transaction():
        partition.fence(connection, first)


def test_a_word_of_life_keeps_the_partition(connection: psycopg.Connection) -> None:
    first = own(connection, "one")
    silence(connection, 1000)
    assert lease.beat(connection, first)
    assert isinstance(acquire(connection, "two", lease_s=10), Holder)


def test_who_lets_go_need_not_be_waited_for(connection: psycopg.Connection) -> None:
    first = own(connection, "one")
    lease.release(connection, first)
    second = own(connection, "two")
    lease.release(connection, first)  # no longer its own to give
    assert isinstance(acquire(connection, "three"), Holder)
    assert second.epoch == 2


def test_an_owner_known_to_be_dead_is_replaced_at_once(connection: psycopg.Connection) -> None:
    own(connection, "one")
    assert isinstance(acquire(connection, "two", dead="other"), Holder)
    assert isinstance(acquire(connection, "two", dead="one"), Lease)
    assert isinstance(acquire(connection, "three", dead="one"), Holder)


def test_a_transaction_that_a_stalled_owner_left_open_is_ended(
    database: str, connection: psycopg.Connection
) -> None:
    first = own(connection, "one")
    with connect(database, application="stalled") as stalled:
        stalled.execute("BEGIN")
        partition.fence(stalled, first)
        silence(connection, 100)
        told = acquire(connection, "two")  # it waits a moment, then ends the other's session
        assert isinstance(told, Holder) or told.batch == 0
        second = own(connection, "two") if isinstance(told, Holder) else told
        assert (second.epoch, second.batch) == (2, 0)
        with pytest.raises(psycopg.OperationalError):
            stalled.execute("COMMIT")


def test_a_slow_commit_is_no_death(database: str, connection: psycopg.Connection) -> None:
    first = own(connection, "one")
    with connect(database, application="slow") as slow, slow.transaction():
        partition.fence(slow, first)
        assert lease.beat(connection, first)  # not held up by the owner's own transaction
        assert isinstance(acquire(connection, "two"), Holder)
    assert partition.settle(connection, first)


def test_of_many_that_ask_at_once_one_gets_it(
    database: str, connection: psycopg.Connection
) -> None:
    own(connection, "old")
    silence(connection, 100)
    got: list[Lease | Holder] = []

    def ask(name: str) -> None:
        with connect(database, application=name) as mine:
            got.append(acquire(mine, name))

    threads = [threading.Thread(target=ask, args=(f"copy{n}",)) for n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert sorted(type(one).__name__ for one in got) == ["Holder"] * 5 + ["Lease"]
