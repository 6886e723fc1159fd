"""Local time for arrays agrees with Python's own, to the second, through changes of the clocks."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from rules.zones import Zones
from schemas.times import DAY, SECOND, to_micros

NAMES = ["Asia/Shanghai", "Europe/Berlin", "America/New_York", "Africa/Casablanca", "Asia/Tehran"]
EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 (a wall clock's)

moments = st.datetimes(datetime(2005, 1, 1), datetime(2049, 1, 1))  # noqa: DTZ001


@given(st.lists(st.tuples(st.integers(0, len(NAMES) - 1), moments), min_size=1))
def test_both_ways_as_zoneinfo(cases: list[tuple[int, datetime]]) -> None:
    zones = Zones(NAMES)
    rows = np.array([row for row, _ in cases])
    times = np.array([(when - EPOCH) // timedelta(microseconds=1) for _, when in cases], np.int64)
    local, utc = zones.to_local(rows, times), zones.to_utc(rows, times)
    for index, (row, when) in enumerate(cases):
        zone = ZoneInfo(NAMES[row])
        there = when.replace(tzinfo=UTC).astimezone(zone).replace(tzinfo=None)
        assert local[index] == (there - EPOCH) // timedelta(microseconds=1)
        assert utc[index] == to_micros(when.replace(tzinfo=zone))


def test_the_second_around_a_change() -> None:
    zones = Zones(["Europe/Berlin"])
    change = to_micros(datetime(2026, 3, 29, 1, tzinfo=UTC))
    times = np.array([change - SECOND, change], np.int64)
    local = zones.to_local(np.zeros(2, int), times)
    assert (local % DAY // SECOND).tolist() == [2 * 3600 - 1, 3 * 3600]
