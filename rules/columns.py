"""State as arrays: one column a fact, one row a subject, every write undoable.

`Table.column` makes a column; its `put` is the only way to change one. What nearly nobody has
(an open alert, a fall) goes into a `sparse` column, which takes no room for the others. The
journal holds the values that were overwritten since the last `commit`, so `rollback` costs what
was touched and nothing else. Columns never shrink: rows are permanent.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
Rows = NDArray[np.integer[Any]] | int


class Column:
    """One array over the rows of a table. Read with `[]`, write with `put`."""

    __slots__ = ("_journal", "data", "default", "name")

    def __init__(self, name: str, data: Array, default: float, journal: Journal) -> None:
        self.name = name
        self.data = data
        self.default = default
        self._journal = journal

    @property
    def dtype(self) -> np.dtype[Any]:
        return self.data.dtype

    @property
    def width(self) -> int:
        """How many values a row has."""
        return 1 if self.data.ndim == 1 else self.data.shape[1]

    def __getitem__(self, rows: Any) -> Any:
        if isinstance(rows, np.ndarray) and rows.dtype == np.intp:
            return self.data.take(rows, axis=0)  # a quarter faster than indexing
        return self.data[rows]

    def put(self, rows: Rows, values: Any) -> None:
        """Write `values` at `rows`; an index array must not change afterwards, nor repeat a row."""
        self._journal.entries.append((self, rows, self[rows]))
        self.data[rows] = values

    def undo(self, rows: Rows, old: Any) -> None:
        self.data[rows] = old

    def grow(self, size: int) -> None:
        fresh = np.full((size, *self.data.shape[1:]), self.default, self.dtype)
        fresh[: len(self.data)] = self.data
        self.data = fresh

    def reset(self, rows: Array, values: Array) -> None:
        """Forget everything but these."""
        self.data[:] = self.default
        self.data[rows] = values

    def adopted(self) -> tuple[Array, Array]:
        """The rows that differ from the default, as last committed, and their values."""
        data = self.data
        for rows, old in self._journal.of(self):
            data = data.copy() if data is self.data else data
            data[rows] = old
        usual = np.isnan(data) if np.isnan(self.default) else data == self.default
        usual = usual if usual.ndim == 1 else usual.all(axis=1)
        told = np.flatnonzero(~usual)
        return told, data[told]


class Sparse:
    """A column of which few rows are not at their default. Read and written as `Column` is,
    for few rows at a time."""

    __slots__ = ("_journal", "_values", "default", "dtype", "name")

    width = 1

    def __init__(self, name: str, dtype: np.dtype[Any], default: float, journal: Journal) -> None:
        self.name = name
        self.dtype = dtype
        self.default = default
        self._values: dict[int, float] = {}
        self._journal = journal

    def __len__(self) -> int:
        """How many rows are not at their default."""
        return len(self._values)

    def __getitem__(self, rows: Any) -> Any:
        if not isinstance(rows, np.ndarray):
            return self._values.get(int(rows), self.default)
        if not self._values:
            return np.full(len(rows), self.default, self.dtype)
        find, default = self._values.get, self.default
        return np.array([find(row, default) for row in rows.tolist()], self.dtype)

    @property
    def rows(self) -> Array:
        """The rows that are not at their default, ascending."""
        return np.array(sorted(self._values), np.intp)

    def put(self, rows: Rows, values: Any) -> None:
        """Write `values` at `rows`, none of which may repeat."""
        where = rows.tolist() if isinstance(rows, np.ndarray) else [int(rows)]
        old = [self._values.get(row, self.default) for row in where]
        self._journal.entries.append((self, where, old))
        self.undo(where, np.broadcast_to(np.asarray(values, self.dtype), len(where)).tolist())

    def undo(self, rows: list[int], old: list[float]) -> None:
        for row, value in zip(rows, old, strict=True):
            if value == self.default:
                self._values.pop(row, None)
            else:
                self._values[row] = value

    def grow(self, size: int) -> None:
        """Rows that were never written take no room."""

    def reset(self, rows: Array, values: Array) -> None:
        """Forget everything but these."""
        self._values = dict(zip(rows.tolist(), values.tolist(), strict=True))

    def adopted(self) -> tuple[Array, Array]:
        """The rows that differ from the default, as last committed, and their values."""
        values = dict(self._values)
        for rows, old in self._journal.of(self):
            values.update(zip(rows, old, strict=True))
        told = sorted(row for row, value in values.items() if value != self.default)
        return np.array(told, np.intp), np.array([values[row] for row in told], self.dtype)


class Journal:
    """What was overwritten since the last commit, oldest first."""

    __slots__ = ("entries",)

    def __init__(self) -> None:
        self.entries: list[tuple[Column | Sparse, Any, Any]] = []

    def of(self, column: Column | Sparse) -> Iterator[tuple[Any, Any]]:
        """One column's part, newest first."""
        return ((rows, old) for of, rows, old in reversed(self.entries) if of is column)

    def rollback(self) -> None:
        while self.entries:
            column, rows, old = self.entries.pop()
            column.undo(rows, old)

    def commit(self) -> None:
        self.entries.clear()


class Table:
    """The columns over one kind of subject."""

    def __init__(self, name: str, journal: Journal) -> None:
        self.name = name
        self.size = 0
        self.columns: dict[str, Column | Sparse] = {}
        self._journal = journal

    def column(
        self, name: str, dtype: type[np.generic], default: float, *, width: int = 1
    ) -> Column:
        """A new column full of `default`, `width` values a row; ValueError if the name is taken."""
        self._refuse_twice(name)
        shape = self.size if width == 1 else (self.size, width)
        column = Column(name, np.full(shape, default, dtype), default, self._journal)
        self.columns[name] = column
        return column

    def sparse(self, name: str, dtype: type[np.generic], default: float) -> Sparse:
        """A new column for what few rows have; ValueError if the name is taken."""
        self._refuse_twice(name)
        column = Sparse(name, np.dtype(dtype), default, self._journal)
        self.columns[name] = column
        return column

    def _refuse_twice(self, name: str) -> None:
        if name in self.columns:
            raise ValueError(f"two columns {name!r} in {self.name}")

    def grow(self, size: int) -> None:
        """At least `size` rows; new ones hold the defaults. Only with an empty journal."""
        if size <= self.size:
            return
        for column in self.columns.values():
            column.grow(size)
        self.size = size


class State:
    """All tables of an engine, under one journal."""

    def __init__(self) -> None:
        self.journal = Journal()
        self.elder = Table("elder", self.journal)
        self.device = Table("device", self.journal)
        self.gateway = Table("gateway", self.journal)
        self.engine = Table("engine", self.journal)
        self.engine.grow(1)

    @property
    def tables(self) -> tuple[Table, ...]:
        return (self.elder, self.device, self.gateway, self.engine)

    @property
    def pending(self) -> bool:
        """Whether anything was written since the last commit."""
        return bool(self.journal.entries)

    def walk(self) -> Iterator[tuple[Table, Column | Sparse]]:
        for table in self.tables:
            for column in table.columns.values():
                yield table, column
