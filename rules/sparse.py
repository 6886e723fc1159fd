"""A column for what few subjects have: an open alert, a fall, a deadline."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from rules.groups import indices
from rules.journal import Journal

Array = NDArray[Any]
Rows = NDArray[np.integer[Any]] | int

FEW = 8
"""One in so many rows may be told apart before a whole array is the better form."""


class Sparse:
    """Read and written as a `Column` is. Costs room for the rows that are not at their default
    and a search for each that is asked for, until they are many: then it is an array."""

    __slots__ = ("_idle", "_journal", "_rows", "_size", "_values", "default", "dtype", "name")

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
        self._idle: int
        """How many of the rows told apart are (at most) at their default again."""
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
        if not isinstance(rows, np.ndarray):
            place = int(self._rows.searchsorted(rows))
            known = place < len(self._rows) and self._rows[place] == rows
            return self._values[place] if known else default
        if not len(self._rows):
            return np.full(len(rows), default)
        at, found = _find(self._rows, rows)
        return np.where(found, self._values[at], default)

    def put(self, rows: Rows, values: Any) -> None:
        """Write `values` at `rows`, none of which may repeat."""
        where = rows if isinstance(rows, np.ndarray) else np.array([rows])
        if not len(where):
            return
        fresh = np.empty(len(where), self.dtype)
        fresh[:] = values
        if self._rows is None:
            self._journal.entries.append((self, where, self._values[where]))
            self._values[where] = fresh
            return
        at, found = _find(self._rows, where)
        told = ~usual(fresh, self.default)
        if not (found | told).any():
            return  # at its default before and after
        old = np.full(len(where), self.default, self.dtype)
        old[found] = self._values[at[found]]
        self._journal.entries.append((self, where, old))
        self._write(self._rows, where, fresh, (told, at, found))

    def undo(self, rows: Array, old: Array) -> None:
        if self._rows is None:
            self._values[rows] = old
        else:
            told = ~usual(old, self.default)
            self._write(self._rows, rows, old, (told, *_find(self._rows, rows)))

    def _write(
        self, known: Array, rows: Array, values: Array, how: tuple[Array, Array, Array]
    ) -> None:
        """`how`: which values differ from the default; where the rows stand; which do."""
        told, at, found = how
        self._values[at[found]] = values[found]
        self._idle += int(np.count_nonzero(found & ~told))
        new = told & ~found
        if new.any():
            self._enter(known, rows[new], values[new])
        elif 2 * self._idle > len(known):
            self.reset(*self.told())

    def _enter(self, known: Array, rows: Array, values: Array) -> None:
        rows = np.concatenate((known, rows))
        order = rows.argsort(kind="stable")
        idle = self._idle
        self.reset(rows[order], np.concatenate((self._values, values))[order])
        self._idle = idle

    def reset(self, rows: Array, values: Array) -> None:
        """Forget everything but these rows (ascending)."""
        self._idle = 0
        self._rows, self._values = rows.astype(np.intp), np.array(values)
        if len(rows) * FEW > self._size:
            self._rows, self._values = None, np.full(self._size, self.default, self.dtype)
            self._values[rows] = values

    def below(self, limit: float) -> Array:
        """The rows whose value is less, ascending; `limit` at most the default."""
        found = indices(self._values < limit)
        return found if self._rows is None else self._rows[found]

    def grow(self, size: int) -> None:
        rows, values = self.told()
        self._size = size
        self.reset(rows, values)

    def told(self) -> tuple[Array, Array]:
        """The rows that differ from the default, and their values."""
        told = indices(~usual(self._values, self.default))
        return told if self._rows is None else self._rows[told], self._values[told]


def _find(known: Array, rows: Any) -> tuple[Any, Any]:
    """Where each row stands among the known ones, if it does."""
    if not len(known):
        return np.zeros(np.shape(rows), np.intp), np.zeros(np.shape(rows), bool)
    at = np.minimum(known.searchsorted(rows), len(known) - 1)
    return at, known[at] == rows


def usual(values: Array, default: float) -> NDArray[np.bool_]:
    """Where values are the default, which may be NaN."""
    return np.asarray(np.isnan(values) if np.isnan(default) else values == default)
