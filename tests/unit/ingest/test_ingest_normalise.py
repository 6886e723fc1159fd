"""Columns from rows: times settled, values rounded and checked, keys made."""

import numpy as np
import pytest

from devices.decoded import FIRST_TS, LAST_TS, Reading
from ingest.normalise import content_key, normalise
from ingest.said import Row, Said
from ingest.times import AHEAD, OLDEST
from schemas.quantities import Fall, Sos
from schemas.readings import Flag, Readings
from schemas.times import SECOND

NOW = 1_768_000_000_000_000


def row(
    values: dict[str, float | int] | None = None,
    *,
    ts: int | None = NOW - SECOND,
    key: int | None = 7,
    flags: int = 0,
) -> Row:
    return Row(NOW, 3, 2, 1, Reading("d", ts, key, values or {}), -1, flags)


def settled(rows: list[Row]) -> Readings:
    return normalise(Said.of(rows))


def test_values_land_in_their_columns_and_the_rest_is_unknown() -> None:
    out = settled(
        [
            row({"heart_rate": 61.04, "in_bed": 1}),
            row({"fall": Fall.CONFIRMED, "sos": Sos.PRESSED, "battery": 12.6}),
        ]
    )
    assert out.heart_rate[0] == np.float32(61.0)
    assert np.isnan(out.heart_rate[1])
    assert out.in_bed.tolist() == [1, -1]
    assert out.fall.tolist() == [-1, Fall.CONFIRMED]
    assert out.sos.tolist() == [-1, Sos.PRESSED]
    assert out.battery[1] == np.float32(13)
    assert out.device.tolist() == [3, 3]
    assert out.elder.tolist() == [2, 2]
    assert out.gateway.tolist() == [1, 1]


@pytest.mark.parametrize(
    ("ts", "flag", "kept"),
    [
        (NOW - SECOND, Flag(0), True),
        (NOW + AHEAD, Flag(0), True),
        (NOW + AHEAD + 1, Flag.CLOCK_SUSPECT, False),
        (OLDEST, Flag(0), True),
        (OLDEST - 1, Flag.CLOCK_SUSPECT, False),
        (0, Flag.CLOCK_SUSPECT, False),
        (LAST_TS, Flag.CLOCK_SUSPECT, False),
        (FIRST_TS, Flag.CLOCK_SUSPECT, False),
        (None, Flag.NO_TIME, False),
    ],
)
def test_which_device_times_are_believed(ts: int | None, flag: Flag, kept: bool) -> None:
    out = settled([row({"heart_rate": 60}, ts=ts)])
    assert Flag(int(out.flags[0])) == flag
    assert out.ts[0] == (ts if kept else NOW)


@pytest.mark.parametrize("value", [19.9, 250.1, 255, -1, 0, float("inf")])
def test_an_implausible_value_is_unknown_and_the_rest_stays(value: float) -> None:
    out = settled([row({"heart_rate": value, "movement": 5})])
    assert np.isnan(out.heart_rate[0])
    assert out.movement[0] == 5
    assert out.has(Flag.IMPLAUSIBLE).all()


def test_a_given_key_stays_and_a_missing_one_is_a_negative_hash_of_the_values() -> None:
    a, b, c, d = settled(
        [
            row({"heart_rate": 60}, key=0),
            row({"heart_rate": 60}, key=None),
            row({"heart_rate": 60.01}, key=None),
            row({"heart_rate": 60.1}, key=None),
        ]
    ).key.tolist()
    assert a == 0
    assert b < 0
    assert b == c  # the same after rounding
    assert b != d


def test_the_hash_never_changes() -> None:
    """It stands in stores: another version of numpy or of this code must give the same."""
    assert content_key(Readings.blank(1)).tolist() == [CONTENT_KEY_OF_NOTHING]


CONTENT_KEY_OF_NOTHING = -1355081023706511709


def test_no_rows_give_no_columns() -> None:
    assert len(settled([])) == 0
