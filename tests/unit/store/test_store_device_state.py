"""What devices said last: the same from any split, order or repetition of the readings."""

from itertools import pairwise

import numpy as np
import psycopg
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from schemas.quantities import QUANTITIES, UNKNOWN, Sos
from schemas.readings import Flag, Readings
from schemas.times import SECOND, from_micros
from store.device_state import DeviceState, keep, read, write
from tests.support.columns import START, random_readings

DEVICES = range(4)


def some_readings(seed: int, n: int) -> Readings:
    rng = np.random.default_rng(seed)
    rows = random_readings(rng, n)
    rows.device[:] = rng.integers(-1, len(DEVICES), n)
    rows.ts[:] = START + rng.integers(0, 30, n) * SECOND
    for flag in (Flag.RETAINED, Flag.NO_TIME, Flag.TEST, Flag.SIGN_OF_LIFE):
        rows.flags[rng.random(n) < 0.2] |= flag
    return rows


def by_hand(rows: Readings) -> dict[int, DeviceState]:
    """Row by row."""
    states: dict[int, DeviceState] = {}
    for i in range(len(rows)):
        device, flags = int(rows.device[i]), Flag(int(rows.flags[i]))
        if device < 0:
            continue
        state = states.get(device) or DeviceState(device, None, None, None, {}, {})
        ts = from_micros(rows.ts[i])
        if not flags & Flag.RETAINED:
            state = state._replace(heard=from_micros(rows.received[i]))
            if rows.sos[i] == Sos.PRESSED and not flags & Flag.TEST:
                state = state._replace(pressed=max(ts, state.pressed or ts))
        timeless = flags & Flag.RETAINED and flags & Flag.NO_TIME
        if not flags & Flag.SIGN_OF_LIFE and not timeless:
            state = state._replace(ts=max(ts, state.ts or ts))
            for name in QUANTITIES:
                value = getattr(rows, name)[i].item()
                unknown = np.isnan(value) if isinstance(value, float) else value == UNKNOWN
                if not unknown and ts >= state.times.get(name, ts):
                    state.times[name], state.values[name] = ts, round(value, 1)
        states[device] = state
    return states


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(seed=st.integers(0, 2**32), sizes=st.lists(st.integers(1, 40), min_size=1, max_size=4))
def test_as_counted_row_by_row(connection: psycopg.Connection, seed: int, sizes: list[int]) -> None:
    rows = some_readings(seed, sum(sizes))
    with connection.transaction(force_rollback=True):
        cuts = np.cumsum([0, *sizes])
        for start, end in pairwise(cuts):
            write(connection, rows.take(slice(int(start), int(end))))
        assert read(connection, DEVICES) == by_hand(rows)


def test_again_and_in_the_wrong_order_changes_nothing(connection: psycopg.Connection) -> None:
    rows = some_readings(1, 200)
    rows.ts[:] = rows.received  # equal device times have no order but that of receipt
    write(connection, rows)
    before = read(connection, DEVICES)
    write(connection, rows.take(slice(0, 100)))
    write(connection, rows.take(slice(50, 200)))
    assert read(connection, DEVICES) == before == by_hand(rows)


def test_what_is_kept_says_the_same_and_is_small(connection: psycopg.Connection) -> None:
    rows = some_readings(2, 5000)
    small = keep(rows)
    assert len(small) <= 13 * len(DEVICES)
    write(connection, small)
    assert read(connection, DEVICES) == by_hand(rows)


def test_nothing_says_nothing(connection: psycopg.Connection) -> None:
    assert write(connection, Readings.blank(0)) == 0
    strangers = Readings.blank(3)  # no device
    assert write(connection, strangers) == 0
    assert len(keep(strangers)) == 0
    assert read(connection, DEVICES) == {}
