"""State as arrays: one column a fact, one row a subject, every write undoable.

`Table.column` makes a column; `Column.put` is the only way to change one. The journal holds the
values that were overwritten since the last `commit`, so `rollback` costs what was touched and
nothing else. Columns never shrink: rows are permanent.
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

    def __getitem__(self, rows: Any) -> Any:
        if isinstance(rows, np.ndarray) and rows.dtype == np.intp:
            return self.data.take(rows)  # a quarter faster than indexing
        return self.data[rows]

    def put(self, rows: Rows, values: Any) -> None:
        """Write `values` at `rows`; an index array must not change afterwards, nor repeat a row."""
        self._journal.entries.append((self, rows, self[rows]))
        self.data[rows] = values


class Journal:
    """What was overwritten since the last commit, oldest first."""

    __slots__ = ("entries",)

    def __init__(self) -> None:
        self.entries: list[tuple[Column, Rows, Any]] = []

    def rollback(self) -> None:
        while self.entries:
            column, rows, old = self.entries.pop()
            column.data[rows] = old

    def commit(self) -> None:
        self.entries.clear()

    def committed(self, column: Column) -> Array:
        """The column as last committed; a copy only if it was written since."""
        data = column.data
        for written, rows, old in reversed(self.entries):
            if written is column:
                data = data.copy() if data is column.data else data
                data[rows] = old
        return data


class Table:
    """The columns over one kind of subject."""

    def __init__(self, name: str, journal: Journal) -> None:
        self.name = name
        self.size = 0
        self.columns: dict[str, Column] = {}
        self._journal = journal

    def column(self, name: str, dtype: type[np.generic], default: float) -> Column:
        """A new column full of `default`; ValueError if the name is taken."""
        if name in self.columns:
            raise ValueError(f"two columns {name!r} in {self.name}")
        column = Column(name, np.full(self.size, default, dtype), default, self._journal)
        self.columns[name] = column
        return column

    def grow(self, size: int) -> None:
        """At least `size` rows; new ones hold the defaults. Only with an empty journal."""
        if size <= self.size:
            return
        for column in self.columns.values():
            fresh = np.full(size, column.default, column.data.dtype)
            fresh[: self.size] = column.data
            column.data = fresh
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

    def walk(self) -> Iterator[tuple[Table, Column]]:
        for table in self.tables:
            for column in table.columns.values():
                yield table, column
