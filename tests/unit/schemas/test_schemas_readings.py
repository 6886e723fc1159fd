"""Readings: batches survive the batch log bit by bit, and values are rounded once."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.quantities import NUMBERS, Number
from schemas.readings import DTYPES, Flag, Readings


def some_readings(n: int, seed: int) -> Readings:
    rng = np.random.default_rng(seed)
    out = Readings.blank(n)
    for name, dtype in DTYPES.items():
        if dtype.kind == "f":
            values = rng.normal(60, 20, n)
            values[rng.random(n) < 0.3] = np.nan
        else:
            info = np.iinfo(dtype)
            values = rng.integers(info.min, info.max, n, dtype=dtype, endpoint=True)
        setattr(out, name, values.astype(dtype))
    return out


@given(st.integers(0, 200), st.integers(0, 2**32))
def test_bytes_round_trip(n: int, seed: int) -> None:
    batch = some_readings(n, seed)
    again = Readings.from_bytes(batch.to_bytes())
    for name, dtype in DTYPES.items():
        assert getattr(again, name).dtype == dtype
        np.testing.assert_array_equal(getattr(again, name), getattr(batch, name))


@pytest.mark.parametrize("cut", [0, 3, 7, 20])
def test_a_cut_batch_is_refused(cut: int) -> None:
    content = some_readings(3, 1).to_bytes()
    with pytest.raises(ValueError, match="batch of"):
        Readings.from_bytes(content[:cut] if cut < 8 else content[:-cut])


def test_blank_rows_know_nothing() -> None:
    blank = Readings.blank(2)
    assert np.isnan(blank.heart_rate).all()
    assert (blank.in_bed == -1).all()
    assert (blank.sos == -1).all()
    assert (blank.elder == -1).all()
    assert not blank.has(Flag.LATE | Flag.RETAINED).any()


@pytest.mark.parametrize("quantity", NUMBERS, ids=lambda q: q.name)
def test_every_step_survives_the_store(quantity: Number) -> None:
    low, high = (round(v / quantity.step) for v in (quantity.low, quantity.high))
    steps = np.arange(low, high + 1).astype(np.int16)
    np.testing.assert_array_equal(quantity.to_steps(quantity.from_steps(steps)), steps)


def test_concat_keeps_order() -> None:
    a, b = some_readings(3, 1), some_readings(2, 2)
    both = Readings.concat([a, b])
    assert both.ts.tolist() == a.ts.tolist() + b.ts.tolist()
    assert len(Readings.concat([])) == 0
