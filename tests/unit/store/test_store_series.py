"""What is drawn is what was said: series, nights and devices against the readings themselves."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import date, timedelta
from typing import Any, TypeVar

import numpy as np
import psycopg
import pytest

from schemas.readings import Flag, Readings
from schemas.times import DAY, HOUR, MINUTE, SECOND, from_micros
from store import device_state, devices_now, directory, stations_pool
from store.readings import write
from store.series import nights, series
from tests.support.columns import START
from tests.support.directories import directory as small_town
from tests.unit.store.test_store_summaries import night, settle

T = TypeVar("T")


def ask(dsn: str, what: Callable[[Any], Awaitable[T]]) -> T:
    async def asking() -> T:
        conn = await stations_pool.connect(dsn, application="vigil test")
        async with conn:
            return await what(conn)

    return asyncio.run(asking())


def two_days(device: int, *, start: int = START) -> Readings:
    """A mattress that speaks every 30 s."""
    rng = np.random.default_rng(device)
    rows = Readings.blank(2 * 2880)
    rows.ts[:] = start + np.arange(len(rows)) * 30 * SECOND
    rows.received[:] = rows.ts + SECOND
    rows.device[:] = rows.gateway[:] = rows.elder[:] = device
    rows.key[:] = np.arange(len(rows))
    rows.in_bed[:] = rng.random(len(rows)) < 0.5
    asleep = rows.in_bed == 1
    rows.heart_rate[asleep] = rng.integers(500, 900, int(asleep.sum())).astype(np.float32) / 10
    rows.fall[7] = 2
    rows.flags[8] = Flag.TEST
    rows.sos[8] = 1
    return rows


@pytest.fixture
def rows(connection: psycopg.Connection) -> Readings:
    rows = two_days(3)
    write(connection, rows)
    write(connection, two_days(4))
    settle(connection, START + DAY)  # half of it is kept, half is not
    return rows


@pytest.mark.parametrize(("level", "width"), [("minute", MINUTE), ("hour", HOUR)])
def test_a_series_is_what_was_said(database: str, rows: Readings, level: Any, width: int) -> None:
    since, until = START // HOUR * HOUR + HOUR, START // HOUR * HOUR + 40 * HOUR
    found = ask(database, lambda conn: series(conn, [3, 99], since=since, until=until, level=level))
    assert list(found) == [3]
    got = found[3]
    assert got.times.tolist() == list(range(since, until, width))
    for place in (0, len(got.times) // 2, len(got.times) - 1):
        begin = got.times[place]
        part = rows.take((rows.ts >= begin) & (rows.ts < begin + width))
        known = part.heart_rate[~np.isnan(part.heart_rate)]
        expected = (known.mean(), known.min(), known.max()) if len(known) else (np.nan,) * 3
        said = [column[place] for column in got.heart_rate]
        np.testing.assert_allclose(said, expected, rtol=1e-5)
        if level == "minute":
            assert got.in_bed[place] == pytest.approx(part.in_bed.mean())
    assert np.isnan(got.respiratory_rate.mean).all()
    assert not got.sos_pressed.any()  # a test


def test_an_event_is_in_its_minute(database: str, rows: Readings) -> None:
    at = int(rows.ts[7]) // MINUTE * MINUTE
    found = ask(
        database, lambda conn: series(conn, [3], since=at, until=at + MINUTE, level="minute")
    )
    assert found[3].fall_confirmed.tolist() == [1]


@pytest.mark.parametrize("zone", ["Asia/Shanghai", "Europe/Berlin"])
def test_nights_of_any_zone(database: str, rows: Readings, zone: str) -> None:
    first = from_micros(START).date() - timedelta(days=1)
    got = ask(
        database,
        lambda conn: nights(conn, [3], first=first, last=first + timedelta(days=9), zone=zone),
    )
    labels = [night(int(ts), zone) for ts in rows.ts]
    assert [n.night for n in got] == sorted({label for label in labels if label is not None})
    for said in got:
        part = rows.take(np.array([label == said.night for label in labels]))
        assert said.heart_rate == pytest.approx(np.nanmean(part.heart_rate), rel=1e-5)
        taken = np.unique(part.ts[part.in_bed == 1] // MINUTE)
        assert said.in_bed_minutes == len(taken)
        assert said.in_bed_first == from_micros(int(taken[0]) * MINUTE)


def test_a_device_that_was_another_elders_tells_nothing_of_them(
    database: str, rows: Readings
) -> None:
    def told(elder: int) -> tuple[list[int], int]:
        async def asking(conn: Any) -> tuple[list[int], int]:
            first = from_micros(START).date() - timedelta(days=1)
            last = first + timedelta(days=5)
            found: list[int] = []
            for level in ("minute", "hour"):
                span: Any = {"since": START, "until": START + DAY, "level": level, "elder": elder}
                found += await series(conn, [3], **span)
            kept = await nights(conn, [3], first=first, last=last, elder=elder)
            return found, len(kept)

        return ask(database, asking)

    assert told(3)[0] == [3, 3]
    assert told(3)[1] > 1
    assert told(4) == ([], 0)


def test_nothing_unbounded_is_answered(database: str, connection: psycopg.Connection) -> None:
    many: Any = {"since": 0, "until": 3 * DAY, "level": "minute"}
    with pytest.raises(ValueError, match="2 days"):
        ask(database, lambda conn: series(conn, [1], **many))
    with pytest.raises(ValueError, match="32 devices"):
        ask(database, lambda conn: series(conn, range(33), **{**many, "until": DAY}))
    with pytest.raises(ValueError, match="400 nights"):
        ask(
            database,
            lambda conn: nights(conn, [1], first=date(2020, 1, 1), last=date(2022, 1, 1)),
        )


def test_devices_as_they_are_now(database: str, connection: psycopg.Connection) -> None:
    directory.import_directory(connection, small_town(4), now=START)
    found = connection.execute("SELECT id, row FROM device").fetchall()
    ids = {str(id_): int(row) for id_, row in found}
    rows = Readings.blank(2)
    rows.received[:] = rows.ts[:] = [START, START + HOUR]
    rows.device[:] = [ids["M0"], ids["B1"]]
    rows.gateway[:] = 0
    rows.battery[:] = [80, 9]
    device_state.write(connection, rows)
    of_elder = ask(database, lambda conn: devices_now.of_elder(conn, "E0"))
    assert [(d.id, d.battery, d.heard) for d in of_elder] == [
        ("M0", 80, from_micros(START)),
        ("B0", None, None),
    ]
    everywhere = ask(database, lambda conn: devices_now.under(conn, "9001"))
    assert [d.id for d in everywhere] == ["B0", "B1", "B2", "B3", "M0", "M1", "M2", "M3"]
    lane = ask(database, lambda conn: devices_now.under(conn, "90010101", after="B0"))
    assert [d.id for d in lane] == ["B2", "M0", "M2"]
    weak = ask(database, lambda conn: devices_now.under(conn, "9001", battery_below=15))
    assert [d.id for d in weak] == ["B1"]
    quiet = ask(
        database,
        lambda conn: devices_now.under(conn, "9001", unheard_since=from_micros(START + 1)),
    )
    assert "B1" not in [d.id for d in quiet]
    assert len(quiet) == 7
