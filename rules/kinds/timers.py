"""Deadlines of many subjects, one each, of which few are ever due."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from rules.columns import Column, Table
from rules.groups import firsts
from rules.limits import FOREVER
from rules.sparse import Sparse
from schemas.times import NEVER, SECOND

Array = NDArray[Any]

_SCATTER = 40_503
"""Spreads consecutive numbers over 16 bits (Knuth's multiplicative hashing)."""
AHEAD = 10 * SECOND
"""How far a look at all deadlines reaches, so that the next ones need not look at all."""


class Timers:
    """`due`: event time of each subject's next deadline, FOREVER for none.

    `_soonest` is never later than the earliest deadline, so that most looks cost nothing;
    `_near` holds at least the rows whose deadline is before `_horizon`.
    """

    def __init__(self, table: Table, name: str, *, few: bool = False) -> None:
        """`few`: nearly no subject ever has a deadline."""
        make = table.sparse if few else table.column
        self.due: Column | Sparse = make(name, np.int64, FOREVER)
        self._soonest = self._horizon = NEVER
        self._near: list[Array] = []

    def set(self, rows: Array, due: Array) -> None:
        if not len(rows):
            return
        self.due.put(rows, due)
        soonest = int(due.min())
        if soonest < self._horizon:
            self._near.append(rows[due < self._horizon])
        self._soonest = min(self._soonest, soonest)

    def set_early(self, rows: Array, due: Array, span: Array) -> None:
        """Of deadlines that are made anew when they come: up to half their `span` early, each row
        at its own, so that not all of a fleet that begins at once are looked at at once."""
        early = rows * _SCATTER % (1 << 16) * (span >> 17)
        self.set(rows, np.where(due >= FOREVER, FOREVER, due - early))

    def forget(self) -> None:
        """The column was changed from outside: look at all of it the next time."""
        self._soonest = self._horizon = NEVER
        self._near = []

    def idle(self, limit: int) -> bool:
        """Whether it is known at a glance that nothing is due by `limit`."""
        return self._soonest > limit

    def due_by(self, limit: int) -> Array:
        """Rows of all subjects whose deadline is at or before `limit`, ascending."""
        if self._soonest > limit:
            return np.zeros(0, np.intp)
        near = self._look(limit)
        due = self.due[near]
        rows = near[due <= limit]
        if not len(rows):
            self._soonest = min(int(due.min(initial=FOREVER)), self._horizon)
        return np.asarray(rows)

    def _look(self, limit: int) -> Array:
        """The rows with a deadline before the horizon, which is moved behind `limit`."""
        near: Array
        if limit >= self._horizon:
            self._horizon = limit + AHEAD
            near = self.due.below(self._horizon)
        elif len(self._near) == 1:
            return self._near[0]
        else:
            rows = np.sort(np.concatenate(self._near or [np.zeros(0, np.intp)]))
            rows = rows[firsts(rows)]
            near = rows[self.due[rows] < self._horizon]
        self._near = [near]
        return np.asarray(near)

    def due_among(self, rows: Array, limits: Array) -> Array:
        """Those of `rows` whose deadline is at or before their own limit."""
        if not len(rows) or self._soonest > int(limits.max()):
            return rows[:0]
        return np.asarray(rows[self.due[rows] <= limits])
