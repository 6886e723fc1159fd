"""A column for what few subjects have: an open alert, a fall, a deadline."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from rules.journal import Journal

Array = NDArray[Any]
Rows = NDArray[np.integer[Any]] | int


class Sparse:
    """A column of which few rows are not at their default. Read and written as `Column` is; costs
    room for those few only, and a search for each row that is asked for."""

    __slots__ = ("_journal", "_rows", "_values", "default", "dtype", "name")

    width = 1

    def __init__(self, name: str, dtype: np.dtype[Any], default: float, journal: Journal) -> None:
        self.name = name
        self.dtype = dtype
        self.default = default
        self._rows = np.zeros(0, np.intp)
        """Ascending; at least those that are not at their default."""
        self._values = np.zeros(0, dtype)
        self._journal = journal

    def __len__(self) -> int:
        """At least how many rows are not at their default; 0 if none is."""
        return len(self._rows)

    def __getitem__(self, rows: Any) -> Any:
        if not len(self._rows):
            default = self.dtype.type(self.default)
            return np.full(len(rows), default) if isinstance(rows, np.ndarray) else default
        at, found = self._find(rows)
        return np.where(found, self._values[at], self.dtype.type(self.default))[()]

    def _find(self, rows: Any) -> tuple[Any, Any]:
        at = np.minimum(self._rows.searchsorted(rows), len(self._rows) - 1)
        return at, self._rows[at] == rows

    def put(self, rows: Rows, values: Any) -> None:
        """Write `values` at `rows`, none of which may repeat."""
        where = np.atleast_1d(rows)
        self._journal.entries.append((self, where, self[where]))
        self.undo(where, np.broadcast_to(np.asarray(values, self.dtype), where.shape))

    def undo(self, rows: Array, old: Array) -> None:
        if len(self._rows):
            at, found = self._find(rows)
            self._values[at[found]] = old[found]
            rows, old = rows[~found], old[~found]
        if len(rows):
            self._merge(rows, old)

    def _merge(self, rows: Array, values: Array) -> None:
        rows = np.concatenate([self._rows, rows])
        values = np.concatenate([self._values, values])
        told = np.flatnonzero(~usual(values, self.default))
        order = told[np.argsort(rows[told])]
        self._rows, self._values = rows[order].astype(np.intp), values[order]

    def below(self, limit: float) -> Array:
        """The rows whose value is less, ascending; `limit` at most the default."""
        return self._rows[self._values < limit]

    def grow(self, size: int) -> None:
        """Rows that were never written take no room."""

    def reset(self, rows: Array, values: Array) -> None:
        """Forget everything but these (ascending)."""
        self._rows, self._values = rows.astype(np.intp), values.copy()

    def adopted(self) -> tuple[Array, Array]:
        """The rows that differ from the default, as last committed, and their values."""
        past = Sparse(self.name, self.dtype, self.default, Journal())
        past.reset(self._rows, self._values)
        for rows, old in self._journal.of(self):
            past.undo(rows, old)
        past._merge(np.zeros(0, np.intp), np.zeros(0, self.dtype))
        return past._rows, past._values


def usual(values: Array, default: float) -> NDArray[np.bool_]:
    """Where values are the default, which may be NaN."""
    return np.asarray(np.isnan(values) if np.isnan(default) else values == default)
