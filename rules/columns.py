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

from rules.groups import indices
from rules.journal import Journal
from rules.sparse import Rows, Sparse, usual

Array = NDArray[Any]


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
        """Write `values` at `rows`; an index array must not change afterwards. Where it repeats a
        row the last one stays."""
        if isinstance(rows, np.ndarray) and not len(rows):
            return
        self._journal.entries.append((self, rows, self[rows]))
        self.data[rows] = values

    def add(self, rows: Array, values: Any) -> None:
        """Add `values` to what is at `rows`, none of which may repeat."""
        old = self[rows]
        self._journal.entries.append((self, rows, old))
        self.data[rows] = old + values

    def lift(self, rows: Array, values: Array) -> None:
        """Write what is larger than what is there; `rows` may repeat."""
        if not len(rows):
            return
        self._journal.entries.append((self, rows, self[rows]))
        np.maximum.at(self.data, rows, values)

    def undo(self, rows: Rows, old: Any) -> None:
        self.data[rows] = old

    def below(self, limit: float) -> Array:
        """The rows whose value is less, ascending."""
        return indices(self.data < limit)

    def grow(self, size: int) -> None:
        fresh = np.full((size, *self.data.shape[1:]), self.default, self.dtype)
        fresh[: len(self.data)] = self.data
        self.data = fresh

    def reset(self, rows: Array, values: Array) -> None:
        """Forget everything but these."""
        self.data[:] = self.default
        if len(rows):
            self.data[rows] = values

    def told(self) -> tuple[Array, Array]:
        """The rows that differ from the default, and their values."""
        same = usual(self.data, self.default)
        rows = indices(~same if same.ndim == 1 else ~np.all(same, axis=1))
        return rows, self.data[rows]


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
        dtype_ = np.dtype(dtype)
        column = Sparse(name, dtype_, default, size=self.size, journal=self._journal)
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
