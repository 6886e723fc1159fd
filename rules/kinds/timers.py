"""Deadlines of many subjects, one each, of which few are ever due."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from rules.columns import Column, Table
from rules.limits import FOREVER
from schemas.times import NEVER

Array = NDArray[Any]


class Timers:
    """`due`: event time of each subject's next deadline, FOREVER for none.

    `_soonest` is never later than the earliest deadline, so that most looks cost nothing.
    """

    def __init__(self, table: Table, name: str) -> None:
        self.due: Column = table.column(name, np.int64, FOREVER)
        self._soonest = NEVER

    def set(self, rows: Array, due: Array) -> None:
        if len(rows):
            self.due.put(rows, due)
            self._soonest = min(self._soonest, int(due.min()))

    def forget(self) -> None:
        """The column was changed from outside: look at all of it the next time."""
        self._soonest = NEVER

    def due_by(self, limit: int) -> Array:
        """Rows of all subjects whose deadline is at or before `limit`."""
        if self._soonest > limit or not len(self.due.data):
            return np.zeros(0, np.int64)
        rows = np.flatnonzero(self.due.data <= limit)
        if not len(rows):
            self._soonest = int(self.due.data.min())
        return rows

    def due_among(self, rows: Array, limits: Array) -> Array:
        """Those of `rows` whose deadline is at or before their own limit."""
        if not len(rows) or self._soonest > int(limits.max()):
            return rows[:0]
        return np.asarray(rows[self.due[rows] <= limits])
