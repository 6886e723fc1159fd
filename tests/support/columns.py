"""Batches of readings for tests of the store and of what reads it."""

import numpy as np
from numpy.random import Generator

from schemas.quantities import CHOICES, NUMBERS
from schemas.readings import DTYPES, Readings

START = 1_780_000_000_000_000
"""28 May 2026, 20:26:40 UTC."""


def random_readings(rng: Generator, n: int, *, start: int = START) -> Readings:
    """n rows, 1 ms apart, of any NULL pattern: each quantity is unknown in half of them."""
    out = Readings.blank(n)
    out.received[:] = start + np.arange(n) * 1000
    out.ts[:] = out.received - rng.integers(0, 5_000_000, n)
    out.device[:] = rng.integers(0, 2**31, n)
    out.key[:] = rng.integers(-(2**63), 2**63 - 1, n)
    out.gateway[:] = rng.integers(0, 2**31, n)
    out.elder[:] = np.where(rng.random(n) < 0.5, -1, rng.integers(0, 2**31, n))
    for number in NUMBERS:
        known = number.from_steps(number.to_steps(rng.uniform(number.low, number.high, n)))
        getattr(out, number.name)[:] = np.where(rng.random(n) < 0.5, np.nan, known)
    for choice in CHOICES:
        codes = rng.integers(0, len(choice.values), n)
        getattr(out, choice.name)[:] = np.where(rng.random(n) < 0.5, -1, codes)
    return out


def assert_equal(one: Readings, other: Readings) -> None:
    """The same to the bit, NaN included."""
    assert len(one) == len(other)
    for name in DTYPES:
        mine, theirs = getattr(one, name), getattr(other, name)
        assert mine.dtype == theirs.dtype == DTYPES[name], name
        assert mine.tobytes() == theirs.tobytes(), name
