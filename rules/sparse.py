"""A column for what few subjects have: an open alert, a fall, a deadline."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from rules.journal import Journal

Array = NDArray[Any]
Rows = NDArray[np.integer[Any]] | int

FEW = 8
"""One in so many rows may be told apart before a whole array is the better form."""


class Sparse:
    """Read and written as a `Column` is. Costs room for the rows that are not at their default
    and a search for each that is asked for, until they are many: then it is an array."""

    __slots__ = ("_journal", "_rows", "_size", "_values", "default", "dtype", "name")

    width = 1

    def __init__(
        self, name: str, dtype: np.dtype[Any], default: float, *, size: int, journal: Journal
    ) -> None:
        self.name = name
        self.dtype = dtype
        self.default = default
        self._size = size
        self._rows: Array | None
        """Ascending; at least those that are not at their default. None: all rows."""
        self._values: Array
        self._journal = journal
        self.reset(np.zeros(0, np.intp), np.zeros(0, dtype))

    @property
    def empty(self) -> bool:
        """Whether it is known that every row is at its default."""
        return self._rows is not None and not len(self._rows)

    def __getitem__(self, rows: Any) -> Any:
        if self._rows is None:
            return self._values[rows]
        default = self.dtype.type(self.default)
        if not len(self._rows):
            return np.full(len(rows), default) if isinstance(rows, np.ndarray) else default
        at, found = _find(self._rows, rows)
        return np.where(found, self._values[at], default)[()]

    def put(self, rows: Rows, values: Any) -> None:
        """Write `values` at `rows`, none of which may repeat."""
        where = np.atleast_1d(rows)
        self._journal.entries.append((self, where, self[where]))
        self.undo(where, np.broadcast_to(np.asarray(values, self.dtype), where.shape))

    def undo(self, rows: Array, old: Array) -> None:
        if self._rows is not None and len(self._rows):
            at, found = _find(self._rows, rows)
            self._values[at[found]] = old[found]
            rows, old = rows[~found], old[~found]
        if self._rows is None:
            self._values[rows] = old
        elif len(rows):
            self._merge(self._rows, rows, old)

    def _merge(self, known: Array, rows: Array, values: Array) -> None:
        rows = np.concatenate([known, rows])
        values = np.concatenate([self._values, values])
        told = np.flatnonzero(~usual(values, self.default))
        order = told[np.argsort(rows[told])]
        self.reset(rows[order], values[order])

    def reset(self, rows: Array, values: Array) -> None:
        """Forget everything but these rows (ascending)."""
        self._rows, self._values = rows.astype(np.intp), values.copy()
        if len(rows) * FEW > self._size:
            self._rows, self._values = None, np.full(self._size, self.default, self.dtype)
            self._values[rows] = values

    def below(self, limit: float) -> Array:
        """The rows whose value is less, ascending; `limit` at most the default."""
        found = np.flatnonzero(self._values < limit)
        return found if self._rows is None else self._rows[found]

    def grow(self, size: int) -> None:
        rows, values = self._told()
        self._size = size
        self.reset(rows, values)

    def adopted(self) -> tuple[Array, Array]:
        """The rows that differ from the default, as last committed, and their values."""
        past = Sparse(self.name, self.dtype, self.default, size=self._size, journal=Journal())
        past.reset(*self._told())
        for rows, old in self._journal.of(self):
            past.undo(rows, old)
        return past._told()

    def _told(self) -> tuple[Array, Array]:
        told = np.flatnonzero(~usual(self._values, self.default))
        return told if self._rows is None else self._rows[told], self._values[told]


def _find(known: Array, rows: Any) -> tuple[Any, Any]:
    at = np.minimum(known.searchsorted(rows), len(known) - 1)
    return at, known[at] == rows


def usual(values: Array, default: float) -> NDArray[np.bool_]:
    """Where values are the default, which may be NaN."""
    return np.asarray(np.isnan(values) if np.isnan(default) else values == default)
