"""Summaries say what a plain count over the readings says, on either kind of store, however late
the readings came and whatever the chunks they fell into look like."""

from collections import defaultdict
from collections.abc import Callable
from datetime import date, datetime, timedelta
from threading import Event, Thread
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import psycopg
import pytest
from psycopg.rows import dict_row

from schemas.readings import Flag, Readings
from schemas.times import DAY, HOUR, MINUTE, SECOND, from_micros
from store import days
from store.connect import connect
from store.maintain import maintain
from store.presets import apply
from store.readings import read_range, write
from store.settings import StoreSettings
from tests.support.columns import START

NOW = START + 4 * DAY
SETTINGS = StoreSettings(reading_days=3650, minute_days=3650, hour_days=3650, night_days=3650)
_VITALS = ("heart_rate", "respiratory_rate", "movement")


def settle(connection: psycopg.Connection, now: int = NOW) -> None:
    """What a store does to its summaries in the background, now."""
    if days.partitioned(connection, "reading"):
        while (done := maintain(connection, SETTINGS, now=now)).added or done.renewed:
            pass
        return
    for view, bound in (("minute", MINUTE), ("hour", HOUR), ("night_half", DAY)):
        connection.execute(
            "CALL refresh_continuous_aggregate(%s::regclass, NULL, %s)",
            [view, from_micros(now // bound * bound)],
        )


def some_readings(seed: int, *, at: int = START, n: int = 400, span: int = 3 * DAY) -> Readings:
    """n rows of six devices within `span` after `at`, in whole seconds; some retained or tests."""
    rng = np.random.default_rng(seed)
    out = Readings.blank(n)
    out.ts[:] = np.sort(at + rng.integers(0, span // SECOND, n) * SECOND)
    out.received[:] = NOW - DAY + np.arange(n)
    out.key[:] = rng.integers(0, 2**60, n)
    out.device[:] = rng.integers(0, 6, n)
    out.elder[:] = np.where(out.device == 5, -1, out.device // 2)
    out.gateway[:] = 1
    for name in _VITALS:
        known = rng.random(n) < 0.6
        getattr(out, name)[known] = rng.integers(200, 900, n)[known].astype(np.float32) / 10
    for name, top in (("in_bed", 2), ("presence", 2), ("fall", 4), ("sos", 3)):
        known = rng.random(n) < 0.5
        getattr(out, name)[known] = rng.integers(0, top, n)[known]
    out.flags[rng.random(n) < 0.1] |= Flag.RETAINED
    out.flags[rng.random(n) < 0.1] |= Flag.TEST
    return out


def counted(rows: Readings, key: Callable[[int], Any]) -> dict[Any, dict[str, Any]]:
    """The summary by hand, from the rows themselves: (bucket, device, elder) → columns."""
    groups: dict[Any, list[int]] = defaultdict(list)
    for i in np.flatnonzero(~rows.has(Flag.RETAINED)).tolist():
        if (bucket := key(int(rows.ts[i]))) is not None:
            elder = int(rows.elder[i])
            groups[bucket, int(rows.device[i]), elder if elder >= 0 else None].append(i)
    return {group: _columns(rows, places) for group, places in groups.items()}


def _columns(rows: Readings, places: list[int]) -> dict[str, Any]:
    part = rows.take(np.array(places))
    said: dict[str, Any] = {"readings": len(part)}
    for name in _VITALS:
        steps = np.rint(getattr(part, name)[~np.isnan(getattr(part, name))] * 10).astype(int)
        said[f"{name}_n"] = len(steps)
        said[f"{name}_sum"] = int(steps.sum()) if len(steps) else None
        said[f"{name}_min"] = int(steps.min()) if len(steps) else None
        said[f"{name}_max"] = int(steps.max()) if len(steps) else None
    real = ~part.has(Flag.TEST)
    said["sos_pressed"] = int(((part.sos == 1) & real).sum())
    said["fall_suspected"] = int(((part.fall == 1) & real).sum())
    said["fall_confirmed"] = int(((part.fall == 2) & real).sum())
    for name in ("in_bed", "presence"):
        minutes = part.ts // MINUTE * MINUTE
        said[f"{name}_known"] = len(np.unique(minutes[getattr(part, name) >= 0]))
        taken = np.unique(minutes[getattr(part, name) == 1])
        said[f"{name}_minutes"] = len(taken)
        if name == "in_bed":
            said["in_bed_first"] = from_micros(taken[0]) if len(taken) else None
            said["in_bed_last"] = from_micros(taken[-1]) if len(taken) else None
    return said


def minute(ts: int) -> datetime:
    return from_micros(ts // MINUTE * MINUTE)


def hour(ts: int) -> datetime:
    return from_micros(ts // HOUR * HOUR)


def night(ts: int, zone: str = "Asia/Shanghai") -> date | None:
    local = from_micros(ts // HOUR * HOUR).astimezone(ZoneInfo(zone)).replace(tzinfo=None)
    return None if 12 <= local.hour <= 17 else (local - timedelta(hours=12)).date()


def stored(connection: psycopg.Connection, view: str) -> dict[Any, dict[str, Any]]:
    with connection.cursor(row_factory=dict_row) as cursor:
        rows = cursor.execute(f"SELECT * FROM {view}".encode()).fetchall()
    first = "bucket" if rows and "bucket" in rows[0] else "night"
    found = {(r.pop(first), r.pop("device"), r.pop("elder")): r for r in rows}
    assert len(found) == len(rows)
    return found


def assert_all(connection: psycopg.Connection, rows: Readings) -> None:
    by_minute = stored(connection, "minute")
    expected = counted(rows, minute)
    assert by_minute.keys() == expected.keys()
    for group, columns in expected.items():
        said = by_minute[group]
        assert (
            said.items()
            >= {k: v for k, v in columns.items() if "bed" not in k and "pres" not in k}.items()
        )
        assert (said["in_bed_n"] > 0, said["in_bed_true"] > 0) == (
            columns["in_bed_known"] > 0,
            columns["in_bed_minutes"] > 0,
        )
    assert stored(connection, "hour") == counted(rows, hour)
    assert stored(connection, "night") == counted(rows, night)
    elsewhere = "night_in('Europe/Berlin', '-infinity', 'infinity')"
    assert stored(connection, elsewhere) == counted(rows, lambda ts: night(ts, "Europe/Berlin"))


def compress(connection: psycopg.Connection) -> int:
    """Every chunk that stands, on TimescaleDB; how many."""
    if days.partitioned(connection, "reading"):
        return 0
    apply(connection, SETTINGS)
    connection.execute(
        "SELECT alter_job(job_id, scheduled => false)"
        " FROM timescaledb_information.jobs WHERE hypertable_name IS NOT NULL"
    )
    chunks = connection.execute("SELECT compress_chunk(c, true) FROM show_chunks('reading') c")
    return len(chunks.fetchall())


def test_nothing_is_kept_yet(connection: psycopg.Connection) -> None:
    rows = some_readings(1)
    write(connection, rows)
    assert_all(connection, rows)


def test_kept_and_then_some(connection: psycopg.Connection) -> None:
    """Counted up to some moment within a minute, the rest taken from the readings."""
    rows = some_readings(2)
    write(connection, rows)
    settle(connection, START + DAY + 7 * HOUR + 77 * SECOND)
    assert_all(connection, rows)
    more = some_readings(3, at=START + 3 * DAY, span=DAY)
    write(connection, more)
    assert_all(connection, Readings.concat([rows, more]))


def test_what_comes_late_is_counted(connection: psycopg.Connection) -> None:
    """Into minutes that had readings and into days that had none, twice, and once more."""
    parts = [some_readings(4)]
    write(connection, parts[0])
    settle(connection)
    for seed, at in ((5, START), (6, START - 3 * DAY), (7, START + HOUR)):
        late = some_readings(seed, at=at, n=60, span=DAY)
        write(connection, late)
        parts.append(late)
        settle(connection)
        assert_all(connection, Readings.concat(parts))


def test_late_into_compressed_chunks(connection: psycopg.Connection) -> None:
    """New rows, known rows and both in one batch; the key holds and the summaries follow."""
    rows = some_readings(8)
    write(connection, rows)
    settle(connection)
    chunks = compress(connection)
    assert chunks == 0 or chunks > 2
    late = some_readings(9, n=200, span=2 * DAY)
    assert write(connection, late).all()
    both = Readings.concat([rows.take(slice(0, 50)), some_readings(10, n=50)])
    both.received[:] += 1000
    assert write(connection, both).tolist() == [False] * 50 + [True] * 50
    settle(connection)
    assert_all(connection, Readings.concat([rows, late, both.take(slice(50, 100))]))


def test_a_straight_copy_into_a_compressed_chunk(connection: psycopg.Connection) -> None:
    """No staging where no key is hit."""
    write(connection, some_readings(11))
    compress(connection)
    write(connection, some_readings(12))
    assert connection.execute("SELECT to_regclass('pg_temp.reading_staged')").fetchone() == (None,)


def read_again(connection: psycopg.Connection) -> bytes:
    return Readings.concat([*read_range(connection, NOW - 2 * DAY, NOW, batch=150)]).to_bytes()


def test_a_replay_reads_compressed_chunks_and_what_came_late_into_them(
    connection: psycopg.Connection,
) -> None:
    rows, late = some_readings(14), some_readings(15)
    late.received[:] += HOUR
    write(connection, rows)
    compress(connection)
    assert read_again(connection) == rows.to_bytes()
    write(connection, late)
    assert read_again(connection) == Readings.concat([rows, late]).to_bytes()


def test_more_late_rows_than_may_be_decompressed(connection: psycopg.Connection) -> None:
    """TimescaleDB refuses to open too many rows in a statement; ours need none opened."""
    rows = some_readings(13, n=3000, span=HOUR)
    write(connection, rows)
    compress(connection)
    connection.execute(
        "SELECT set_config('timescaledb.max_tuples_decompressed_per_dml_transaction', '100', false)"
    )
    assert not write(connection, rows).any()
    assert write(connection, some_readings(14, n=3000, span=HOUR)).all()


@pytest.fixture
def plain(connection: psycopg.Connection) -> psycopg.Connection:
    if not days.partitioned(connection, "reading"):
        pytest.skip("TimescaleDB counts by itself")
    return connection


def test_a_writer_that_is_slow_is_not_missed(plain: psycopg.Connection, database: str) -> None:
    """It wrote before the minutes were counted and commits afterwards."""
    first = some_readings(15, n=50)
    write(plain, first)
    late = some_readings(16, n=50)
    with connect(database, application="vigil test") as other:
        with other.transaction():
            write(other, late)
            settle(plain)  # cannot claim while the other writes: nothing is counted yet
            assert plain.execute("SELECT count(*) FROM minute_kept").fetchone() == (0,)
        settle(plain)
        later = some_readings(17, n=50)
        with other.transaction():
            write(other, later)
            settle(plain, NOW + HOUR)
        settle(plain, NOW + HOUR)
    assert_all(plain, Readings.concat([first, late, later]))


def test_copies_at_once_count_once(plain: psycopg.Connection, database: str) -> None:
    """Several maintainers while a writer goes on; then everything is right."""
    parts: list[Readings] = []
    stop = Event()

    def work() -> None:
        with connect(database, application="vigil test") as own:
            while not stop.is_set():
                maintain(own, SETTINGS, now=NOW)

    copies = [Thread(target=work) for _ in range(3)]
    for copy in copies:
        copy.start()
    try:
        for seed in range(20):
            parts.append(some_readings(100 + seed, n=40))
            with plain.transaction():  # note and rows are one: nobody may count between them
                write(plain, parts[-1])
    finally:
        stop.set()
        for copy in copies:
            copy.join(60)
    settle(plain)
    assert_all(plain, Readings.concat(parts))
