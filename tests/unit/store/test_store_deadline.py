"""Work on a store that never answers comes to an end."""

import threading
from collections.abc import Iterator

import psycopg
import pytest

from store.connect import connect
from store.deadline import Deadline
from store.errors import Kind, kind


@pytest.fixture
def deadline() -> Iterator[Deadline]:
    it = Deadline(0.4)
    yield it
    it.close()


def test_a_statement_that_does_not_end_is_given_up(database: str, deadline: Deadline) -> None:
    with connect(database, application="test") as connection:
        with pytest.raises(psycopg.OperationalError) as caught, deadline.on(connection):
            connection.execute("SELECT pg_sleep(60)")
        assert kind(caught.value) is Kind.TRANSIENT
        assert connection.broken


def test_work_in_time_is_left_alone(database: str, deadline: Deadline) -> None:
    """However much of it there is, and however long the pauses between."""
    with connect(database, application="test") as connection:
        for _ in range(4):
            with deadline.on(connection):
                connection.execute("SELECT pg_sleep(0.2)")
        threading.Event().wait(0.8)
        with deadline.on(connection):
            assert connection.execute("SELECT 1").fetchone() == (1,)


def test_what_only_takes_long_gets_its_time(database: str, deadline: Deadline) -> None:
    """Cut short, it may take twice as long the next time."""
    attempts = 0
    while True:
        attempts += 1
        with connect(database, application="test") as connection:
            try:
                with deadline.on(connection):
                    connection.execute("SELECT pg_sleep(1.3)")
            except psycopg.OperationalError:
                continue
            break
    assert 1 < attempts <= 3
