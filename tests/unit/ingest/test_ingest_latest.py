"""The latest state reaches the store beside the hot path, and survives the store being away."""

import time
from collections.abc import Callable, Iterator
from itertools import count
from threading import Event

import numpy as np
import psycopg
import pytest

from ingest.latest import Latest
from schemas.readings import Readings
from store.connect import connect
from store.device_state import read
from store.migrate import migrate
from tests.support.columns import random_readings
from tests.support.services import fresh_database
from tests.support.system import until
from vigil.embedded.postgres import Postgres


@pytest.fixture
def dsn(postgres: Postgres) -> Iterator[str]:
    with fresh_database(postgres.dsn) as dsn:
        migrate(dsn)
        yield dsn


def _readings(device: int) -> Readings:
    rows = random_readings(np.random.default_rng(device), 3)
    rows.device[:] = device
    return rows


def make_latest(
    reach: Callable[[], psycopg.Connection], monotonic: Callable[[], float] = time.monotonic
) -> Latest:
    return Latest(reach, monotonic=monotonic, every_s=0.01)


def test_what_is_observed_arrives(dsn: str) -> None:
    with connect(dsn, application="vigil test") as looking:
        latest = make_latest(lambda: connect(dsn, application="vigil test"))
        latest.start()
        latest.observe(_readings(1))
        until(lambda: 1 in read(looking, [1]))
        latest.observe(_readings(2))
        latest.close()  # with the last of it written
        assert read(looking, [1, 2]).keys() == {1, 2}


def test_a_store_that_is_away_costs_nothing(dsn: str) -> None:
    """Neither time nor memory; what was observed meanwhile is there afterwards."""
    back = Event()
    tried = Event()

    def reach() -> psycopg.Connection:
        tried.set()
        if not back.is_set():
            raise psycopg.OperationalError("not there")
        return connect(dsn, application="vigil test")

    latest = make_latest(reach)
    latest.start()
    for device in range(5):
        latest.observe(_readings(device))
    assert tried.wait(30)
    back.set()
    latest.close()
    with connect(dsn, application="vigil test") as looking:
        assert read(looking, range(5)).keys() == set(range(5))


def test_what_takes_long_is_done_seldom(dsn: str) -> None:
    hours = count(0, 3_600)  # each look at the clock finds it an hour later
    with connect(dsn, application="vigil test") as looking:
        latest = make_latest(lambda: connect(dsn, application="vigil test"), hours.__next__)
        latest.start()
        latest.observe(_readings(1))
        until(lambda: 1 in read(looking, [1]))
        latest.observe(_readings(2))
        Event().wait(0.2)  # many times its usual rest
        assert read(looking, [2]) == {}
        latest.close()
        assert read(looking, [2]).keys() == {2}
