"""An owner says that it lives, and trusts itself no longer than the store trusts it."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
import pytest

from ingest.keeper import Keeper
from store import lease
from store.connect import connect
from store.migrate import migrate
from store.partition import Lease
from tests.support.system import until

NOW = 1_760_000_000_000_000
LEASE = 2.0


@pytest.fixture
def store(database: str) -> str:
    migrate(database)
    return database


def acquire(dsn: str, token: str, **how: Any) -> Lease:
    with connect(dsn, application="test") as connection:
        limits = {"lease_s": 3600.0, **how}
        got = lease.acquire(connection, "p", owner=token, token=token, now=NOW, **limits)
    assert isinstance(got, Lease)
    return got


class Time:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@contextmanager
def kept(dsn: str, mine: Lease, time: Time, heard: list[int]) -> Iterator[Keeper]:
    it = Keeper(
        mine, connect=lambda: connect(dsn, application="keeper"), lease_s=LEASE, monotonic=time
    )
    it.start(asked=0, beside=lambda _: heard.append(1))
    try:
        yield it
    finally:
        it.close()


def silent(dsn: str) -> float:
    with connect(dsn, application="test") as connection:
        found = lease.holder(connection, "p")
    assert found is not None
    return found.silent_s


def test_trust_ends_before_the_lease_does(store: str) -> None:
    time, heard = Time(), list[int]()
    with kept(store, acquire(store, "one"), time, heard) as it:
        assert it.trusted()
        time.now = 0.79 * LEASE
        until(lambda: len(heard) >= 2)  # the second word was sent at that time
        time.now += 0.79 * LEASE
        assert it.trusted()
        time.now += LEASE  # stood still, or no store
        assert not it.trusted()
        seen = len(heard)
        until(lambda: len(heard) >= seen + 2)
        assert it.trusted()  # and it turned out that nobody had taken over


def test_it_learns_that_another_copy_took_over(store: str) -> None:
    with kept(store, acquire(store, "one"), Time(), []) as it:
        acquire(store, "two", dead="one")
        until(lambda: it.lost)
        assert not it.trusted()
    assert silent(store) < 3600  # it did not let go of what is another's


def test_it_lets_go_in_order(store: str) -> None:
    heard: list[int] = []
    with kept(store, acquire(store, "one"), Time(), heard):
        until(lambda: heard)
        assert silent(store) < 60
    assert silent(store) == float("inf")


def test_trouble_with_the_store_is_outlived(store: str) -> None:
    heard: list[int] = []
    with kept(store, acquire(store, "one"), Time(), heard) as it:
        until(lambda: heard)
        with psycopg.connect(store, autocommit=True) as other:
            other.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE application_name = 'keeper' AND datname = current_database()"
            )
        seen = len(heard)
        until(lambda: len(heard) > seen + 1)
        assert it.trusted()
