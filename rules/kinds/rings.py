"""The last 28 nights of one figure for each elder, and what is usual among them.

A ring holds whole numbers of at least 0; nights without one are -1. "The last 28 nights" are
those before a night by the calendar, whatever was known in them.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from rules.columns import Table

Array = NDArray[Any]
Int64 = NDArray[np.int64]

NIGHTS = 28
NONE = -1
_HUGE = 2**40
_NO_NIGHT = -(2**30)


class Ring:
    """Columns: 28 values a row (int16), and the `newest` night that was entered."""

    def __init__(self, table: Table, name: str) -> None:
        self._values = table.column(name, np.int16, NONE, width=NIGHTS)
        self._newest = table.column(f"{name}.newest", np.int32, _NO_NIGHT)

    def newest(self, rows: Array) -> Int64:
        """The night entered last (days since 1970); long ago for none."""
        return np.asarray(self._newest[rows].astype(np.int64))

    def before(self, rows: Array, night: Int64) -> Int64:
        """The values of the 28 nights before each night, in no order: shape (n, 28)."""
        values, newest = self._values[rows].astype(np.int64), self.newest(rows)
        age = (newest[:, None] - np.arange(NIGHTS)) % NIGHTS
        recent = night[:, None] - (newest[:, None] - age) <= NIGHTS
        return np.where(recent, values, NONE)

    def enter(self, rows: Array, night: Int64, value: Int64) -> None:
        """The figure of a night that is later than the newest one."""
        values = self.before(rows, night)
        values[np.arange(len(rows)), night % NIGHTS] = value
        self._values.put(rows, values)
        self._newest.put(rows, night)


def known(values: Int64) -> Int64:
    """How many values of each row are known."""
    return np.asarray(np.count_nonzero(values != NONE, axis=1))


def twice_median(values: Int64) -> Int64:
    """Twice the median of each row's known values, which is a whole number; -2 for none."""
    return _twice_median(np.where(values == NONE, _HUGE, values), known(values))


def four_times_spread(values: Int64, twice: Int64) -> Int64:
    """Four times the median absolute deviation of each row's known values from its median."""
    apart = np.where(values == NONE, _HUGE, np.abs(2 * values - twice[:, None]))
    return _twice_median(apart, known(values))


def _twice_median(filled: Int64, count: Int64) -> Int64:
    filled = np.sort(filled, axis=1)
    each = np.arange(len(filled))
    low, high = np.maximum(count - 1, 0) // 2, np.minimum(count // 2, filled.shape[1] - 1)
    return np.where(count > 0, filled[each, low] + filled[each, high], 2 * NONE)
