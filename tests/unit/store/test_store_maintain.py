"""Looking after the store: what is made, what goes, and that several copies do no harm."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import psycopg
import pytest

from schemas.readings import Flag
from schemas.times import DAY, from_micros
from store import days, partition
from store.connect import connect
from store.maintain import maintain
from store.prune import prune
from store.readings import write
from store.rejects import Quarantined, Reject, count_overflow, write_quarantine, write_rejects
from store.settings import StoreSettings
from tests.support.columns import START, random_readings

SETTINGS = StoreSettings()
_MESSAGE: dict[str, Any] = {
    "topic": "t",
    "payload": b"?",
    "code": "json",
    "reason": "cut off",
    "flags": 0,
}


def _count(connection: psycopg.Connection, table: str) -> int:
    row = connection.execute(f"SELECT count(*) FROM {table}".encode()).fetchone()
    return int(row[0]) if row else 0


@pytest.fixture
def plain(connection: psycopg.Connection) -> psycopg.Connection:
    if not days.partitioned(connection, "reading"):
        pytest.skip("TimescaleDB looks after its chunks itself")
    return connection


def _write_on(connection: psycopg.Connection, day: int) -> None:
    rows = random_readings(np.random.default_rng(day), 20)
    rows.received[:] = day * DAY + np.arange(20)
    rows.ts[:] = rows.received
    write(connection, rows)


def test_days_are_made_in_advance_once(plain: psycopg.Connection) -> None:
    today = START // DAY
    assert maintain(plain, SETTINGS, now=START).made == [today, today + 1, today + 2]
    assert not maintain(plain, SETTINGS, now=START)
    assert maintain(plain, SETTINGS, now=START + DAY).made == [today + 3]


def test_old_days_go_and_no_others(plain: psycopg.Connection) -> None:
    today = START // DAY
    for age in (31, 30, 29, 0):
        _write_on(plain, today - age)
    while (done := maintain(plain, SETTINGS, now=START)).added or done.renewed:
        pass
    assert days.there(plain, "reading") == [today - 30, today - 29, today, today + 1, today + 2]
    assert _count(plain, "reading") == 60
    kept = days.there(plain, "minute_kept")
    assert kept
    assert kept[0] >= today - SETTINGS.minute_days
    hours = plain.execute("SELECT count(DISTINCT bucket) FROM hour_kept").fetchone()
    assert hours == (3,)  # of all days: hours are kept longer; today's is not over


def test_a_day_that_is_read_is_left_for_another_time(
    plain: psycopg.Connection, database: str
) -> None:
    """Dropping would wait for the reader, and every writer for the drop."""
    today = START // DAY
    _write_on(plain, today - 40)
    with connect(database, application="vigil test") as reader, reader.transaction():
        assert _count(reader, "reading") == 20
        maintain(plain, SETTINGS, now=START)
        assert days.there(plain, "reading")[0] == today - 40
    maintain(plain, SETTINGS, now=START)
    assert days.there(plain, "reading")[0] == today


def test_a_writer_goes_on_after_its_day_was_dropped(plain: psycopg.Connection) -> None:
    """Whatever a connection believes to be there."""
    day = START // DAY
    for _ in range(2):
        _write_on(plain, day)
        days.drop(plain, "reading", before=day + 1)
    _write_on(plain, day)
    assert _count(plain, "reading") == 20


def test_what_was_kept_long_enough_goes(connection: psycopg.Connection) -> None:
    """Of every table that holds such, on either kind of store."""
    plain = days.partitioned(connection, "reading")
    lease = partition.take(connection, "p", owner="test", now=START)
    for age in (31, 29):
        at = START - age * DAY
        write_rejects(
            connection,
            [Reject(received=at, size=1, gateway_id="g", device=-1, gateway=-1, **_MESSAGE)],
        )
        write_quarantine(
            connection,
            [Quarantined(received=at, area="a", gateway_id="g", device_id="d", **_MESSAGE)],
        )
        count_overflow(connection, {"g": 5}, received=at)
        partition.record_standstill(connection, lease.partition, clock=at, resumed=at + 1)
        rows = random_readings(np.random.default_rng(age), 10)
        rows.received[:] = at + np.arange(10)
        rows.ts[:] = at - 100 * DAY
        rows.flags[:] = Flag.HISTORY
        write(connection, rows)
    gone = prune(connection, SETTINGS, now=START, plain=plain)
    expected = {"reject": 1, "quarantine": 1, "reject_overflow": 1, "standstill": 1}
    assert gone == {**expected, "reading_other": 10}
    assert {table: _count(connection, table) for table in gone} == gone
    assert prune(connection, SETTINGS, now=START, plain=plain) == {}


def test_a_run_is_bounded(connection: psycopg.Connection) -> None:
    rows = random_readings(np.random.default_rng(1), 50)
    rows.ts[:] -= 100 * DAY
    write(connection, rows)
    now = START + 40 * DAY
    plain = days.partitioned(connection, "reading")
    left = []
    while prune(connection, SETTINGS, now=now, plain=plain, rows=20):
        left.append(_count(connection, "reading_other"))
    assert left == [30, 10, 0]


def test_copies_at_once(database: str, connection: psycopg.Connection) -> None:
    for age in range(20, 40):
        _write_on(connection, START // DAY - age)

    def run(_: int) -> None:
        with connect(database, application="vigil test") as own:
            for _ in range(3):
                maintain(own, SETTINGS, now=START)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(run, range(4)))
    if days.partitioned(connection, "reading"):
        oldest = connection.execute("SELECT min(ts) FROM reading").fetchone()
        assert oldest == (from_micros((START // DAY - 30) * DAY),)
