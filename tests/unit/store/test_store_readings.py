"""Readings: each is stored once, and comes back as the rules saw it."""

from itertools import pairwise

import numpy as np
import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from schemas.quantities import NUMBERS
from schemas.readings import Flag, Readings
from schemas.times import DAY, HOUR, SECOND
from store.readings import read_range, write
from store.rejects import Reject, write_rejects, write_status
from tests.support.columns import START, assert_equal, random_readings

ALL = (0, 4_000_000_000_000_000)


def _stored(connection: psycopg.Connection, *, batch: int = 50_000) -> Readings:
    return Readings.concat(list(read_range(connection, *ALL, batch=batch)))


def _count(connection: psycopg.Connection, table: str = "reading") -> int:
    row = connection.execute(f"SELECT count(*) FROM {table}".encode()).fetchone()
    return int(row[0]) if row else 0


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    seed=st.integers(0, 2**32),
    sizes=st.lists(st.integers(0, 40), max_size=4),
    batch=st.integers(1, 60),
)
def test_what_is_written_is_read(
    connection: psycopg.Connection, seed: int, sizes: list[int], batch: int
) -> None:
    """Any NULL patterns, any split into batches, any size of the parts read."""
    rng = np.random.default_rng(seed)
    parts = [random_readings(rng, n, start=START + place * SECOND) for place, n in enumerate(sizes)]
    with connection.transaction(force_rollback=True):
        for part in parts:
            assert write(connection, part).all()
        assert_equal(_stored(connection, batch=batch), Readings.concat(parts))


def test_every_null_pattern(connection: psycopg.Connection) -> None:
    """All 2^11 of them in one batch."""
    patterns = np.arange(2**11)
    rows = Readings.blank(len(patterns))
    rows.received[:] = rows.ts[:] = START + patterns
    rows.device[:] = rows.gateway[:] = 1
    for bit, name in enumerate(
        ("elder", *(q.name for q in NUMBERS), "in_bed", "presence", "fall", "sos", "tamper")
    ):
        known = (patterns >> bit & 1).astype(bool)
        getattr(rows, name)[known] = -100 if name == "signal" else 1
    assert write(connection, rows).all()
    assert_equal(_stored(connection), rows)


@pytest.mark.parametrize("number", NUMBERS, ids=lambda q: q.name)
def test_the_ends_of_every_range(connection: psycopg.Connection, number: object) -> None:
    assert hasattr(number, "low")
    rows = Readings.blank(2)
    rows.received[:] = rows.ts[:] = [START, START + 1]
    rows.device[:] = rows.gateway[:] = 2**31 - 1
    rows.key[:] = [-(2**63), 2**63 - 1]
    rows.flags[:] = [-32768, 32767 & ~Flag.LATE & ~Flag.SIGN_OF_LIFE]
    getattr(rows, number.name)[:] = [number.low, number.high]  # type: ignore[attr-defined]
    assert write(connection, rows).all()
    assert_equal(_stored(connection), rows)


def test_the_stored_columns_are_what_they_say(connection: psycopg.Connection) -> None:
    """By SQL alone, so that writer and reader cannot be wrong together."""
    rows = Readings.blank(1)
    rows.received[:], rows.ts[:] = START + 7, START
    rows.device[:], rows.gateway[:], rows.key[:] = 3, 4, -5
    rows.heart_rate[:], rows.signal[:], rows.sos[:] = 61.5, -70, 1
    rows.flags[:] = Flag.RETAINED | Flag.LATE
    write(connection, rows)
    found = connection.execute(
        """
        SELECT (extract(epoch FROM ts) * 1000000)::bigint, device, key,
               (extract(epoch FROM received) * 1000000)::bigint, elder, gateway, heart_rate,
               respiratory_rate, movement, battery, signal, in_bed, presence, fall, sos, tamper,
               flags
        FROM reading
        """
    ).fetchall()
    times_and_ids = (START, 3, -5, START + 7, None, 4)
    quantities = (615, None, None, None, -70, None, None, None, 1, None)
    assert found == [(*times_and_ids, *quantities, int(Flag.RETAINED))]


def test_a_batch_again_is_not_new(connection: psycopg.Connection) -> None:
    rows = random_readings(np.random.default_rng(1), 500)
    assert write(connection, rows).all()
    assert not write(connection, rows).any()
    assert _count(connection) == 500


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    keys=st.lists(st.integers(0, 12), min_size=1, max_size=40),
    before=st.sets(st.integers(0, 12)),
)
def test_only_the_first_of_a_key_is_new(
    connection: psycopg.Connection, keys: list[int], before: set[int]
) -> None:
    """Duplicates within the batch, of earlier batches, and both, against a plain set."""
    with connection.transaction(force_rollback=True):
        write(connection, _keyed(sorted(before), START - HOUR))
        known, expected = set(before), []
        for key in keys:
            expected.append(key not in known)
            known.add(key)
        assert write(connection, _keyed(keys, START)).tolist() == expected
        assert _count(connection) == len(known)


def _keyed(keys: list[int], received: int) -> Readings:
    """Rows that differ in ts, device or key by what `keys` says, and in `received` always."""
    rows = Readings.blank(len(keys))
    numbers = np.array(keys, dtype=np.int64)
    rows.received[:] = received + np.arange(len(keys))
    rows.ts[:] = START + numbers % 3
    rows.device[:] = numbers // 3 % 2
    rows.key[:] = numbers // 6
    rows.gateway[:] = 0
    return rows


def test_the_first_of_a_key_keeps_its_values(connection: psycopg.Connection) -> None:
    rows = _keyed([4, 4, 4], START)
    rows.battery[:] = [10, 20, 30]
    assert write(connection, rows).tolist() == [True, False, False]
    assert _stored(connection).battery.tolist() == [10]


def test_a_hit_leaves_the_transaction_usable(connection: psycopg.Connection) -> None:
    rows = random_readings(np.random.default_rng(2), 20)
    write(connection, rows.take(slice(0, 5)))
    with connection.transaction():
        assert write(connection, rows).sum() == 15
        more = random_readings(np.random.default_rng(3), 20, start=START + HOUR)
        assert write(connection, Readings.concat([more, rows])).sum() == 20
        connection.execute("SELECT 1")
    assert _count(connection) == 40


def test_a_rolled_back_batch_leaves_nothing(connection: psycopg.Connection) -> None:
    rows = random_readings(np.random.default_rng(4), 10)
    for hit in (False, True):
        with connection.transaction(force_rollback=True):
            write(connection, Readings.concat([rows, rows]) if hit else rows)
        assert _count(connection) == 0
    assert write(connection, rows).all()


def test_what_is_kept_elsewhere_is_not_written(connection: psycopg.Connection) -> None:
    rows = random_readings(np.random.default_rng(5), 4)
    rows.device[1] = -1
    rows.flags[2] = Flag.SIGN_OF_LIFE
    assert write(connection, rows).all()
    assert_equal(_stored(connection), rows.take(np.array([0, 3])))
    assert write(connection, rows).tolist() == [False, True, True, False]
    assert write(connection, rows.take(slice(1, 3))).all()
    assert write(connection, Readings.blank(0)).tolist() == []


@pytest.mark.parametrize("days", [-20_000, -400, -8, -7, -1, 0, 1, 2, 4000])
def test_device_times_far_from_the_receipt(connection: psycopg.Connection, days: int) -> None:
    rows = random_readings(np.random.default_rng(6), 6)
    rows.ts[3:] = rows.received[3:] + days * DAY
    assert write(connection, rows).all()
    assert not write(connection, rows).any()
    assert_equal(_stored(connection), rows)


@pytest.mark.parametrize("days", [-7.5, 1.5])
def test_far_times_fill_no_catalogue(connection: psycopg.Connection, days: float) -> None:
    """A device that tells of another century gets no partitions or chunks of its own."""
    rows = random_readings(np.random.default_rng(7), 300)
    rows.ts[:] = START + int(days * DAY) + np.sign(days).astype(int) * np.arange(300) * 40 * DAY
    rows.ts[:50] = rows.received[:50] - 3 * SECOND
    assert write(connection, rows).all()
    assert len(_days(connection)) == 1
    assert _count(connection, "reading_other") == 250
    assert_equal(_stored(connection), rows)
    assert not write(connection, rows).any()


def test_what_was_near_when_it_came_first_is_known(connection: psycopg.Connection) -> None:
    """A redelivery a day later makes the row far from its receipt, and no second one."""
    rows = random_readings(np.random.default_rng(8), 40)
    rows.ts[:] = rows.received - 7 * DAY + SECOND
    assert write(connection, rows.take(slice(0, 20))).all()
    rows.received[:] += DAY
    assert write(connection, rows).tolist() == [False] * 20 + [True] * 20
    assert _count(connection) == _count(connection, "reading_other") == 20


def test_a_partition_lost_by_rollback_is_made_again(connection: psycopg.Connection) -> None:
    rows = random_readings(np.random.default_rng(9), 30)
    with connection.transaction(force_rollback=True):
        for part in (rows.take(slice(0, 10)), rows.take(slice(10, 20))):
            write(connection, part)
    assert write(connection, rows).all()
    assert not write(connection, rows).any()
    assert_equal(_stored(connection), rows)


def test_midnight_falls_between_two_partitions(connection: psycopg.Connection) -> None:
    rows = random_readings(np.random.default_rng(10), 4)
    midnight = (START // DAY + 1) * DAY
    rows.ts[:] = midnight + np.array([-1, 0, 1, DAY - 1])
    rows.received[:] = rows.ts + 1
    assert write(connection, rows).all()
    assert len(_days(connection)) == 2
    assert_equal(_stored(connection), rows)


def test_a_range_is_half_open(connection: psycopg.Connection) -> None:
    rows = random_readings(np.random.default_rng(11), 10)
    write(connection, rows)
    first, last = int(rows.received[2]), int(rows.received[6])
    got = Readings.concat(list(read_range(connection, first, last)))
    assert_equal(got, rows.take(slice(2, 6)))
    assert list(read_range(connection, last, last)) == []


def test_parts_are_bounded_and_in_order(connection: psycopg.Connection) -> None:
    rng = np.random.default_rng(12)
    rows = random_readings(rng, 900)
    rows.received[300:] += 30 * DAY  # nothing for a month, then a burst
    rows.received[600:] = rows.received[599] + 1 + np.arange(300) * HOUR
    rows.ts[:] = rows.received
    write(connection, rows.take(rng.permutation(900)))
    parts = list(read_range(connection, *ALL, batch=100))
    assert max(map(len, parts)) <= 100
    assert all(a.received[-1] < b.received[0] for a, b in pairwise(parts))
    assert_equal(Readings.concat(parts), rows)


def test_equal_times_stay_together(connection: psycopg.Connection) -> None:
    """Of two ingest partitions, say."""
    rows = random_readings(np.random.default_rng(13), 40)
    rows.received[5:35] = rows.received[5]
    write(connection, rows)
    parts = list(read_range(connection, *ALL, batch=8))
    assert sum(map(len, parts)) == 40
    assert all(a.received[-1] < b.received[0] for a, b in pairwise(parts))


def test_signs_of_life_come_back_in_their_places(connection: psycopg.Connection) -> None:
    rows = random_readings(np.random.default_rng(14), 6)
    status, rejected, foreign = 1, 3, 4
    rows.device[[status, foreign]] = -1
    rows.online[status] = 0
    rows.flags[status] = Flag.SIGN_OF_LIFE | Flag.RETAINED
    rows.flags[rejected] = rows.flags[foreign] = Flag.SIGN_OF_LIFE
    blank = Readings.blank(6)
    for place in (status, rejected, foreign):
        for name in ("elder", *(q.name for q in NUMBERS), "in_bed", "presence", "fall", "sos"):
            getattr(rows, name)[place] = getattr(blank, name)[place]
        rows.tamper[place], rows.key[place] = -1, 0
        rows.ts[place] = rows.received[place]
        rows.flags[place] |= Flag.NO_TIME
    write(connection, rows)
    write_status(connection, rows)
    unknown_gateway = _reject(rows, 0)._replace(device=-1, gateway=-1)
    write_rejects(connection, [_reject(rows, rejected), _reject(rows, foreign), unknown_gateway])
    assert_equal(_stored(connection, batch=2), rows)


def _reject(rows: Readings, place: int) -> Reject:
    return Reject(
        received=int(rows.received[place]),
        topic="vigil/v1/a/g/up/d",
        payload=b"{",
        size=1,
        code="json",
        reason="cut off",
        gateway_id="g",
        device=int(rows.device[place]),
        gateway=int(rows.gateway[place]),
        flags=0,
    )


def _days(connection: psycopg.Connection) -> list[str]:
    """Partitions or chunks of `reading`."""
    rows = connection.execute(
        "SELECT c.relname FROM pg_inherits JOIN pg_class c ON c.oid = inhrelid"
        " WHERE inhparent = 'reading'::regclass ORDER BY 1"
    )
    return [name for (name,) in rows]


def test_the_clean_way_takes_no_staging(connection: psycopg.Connection) -> None:
    """A batch without a hit must not pay for one."""
    write(connection, random_readings(np.random.default_rng(15), 50))
    staged = connection.execute("SELECT to_regclass('pg_temp.reading_staged')").fetchone()
    assert staged == (None,)
