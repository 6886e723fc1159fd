"""What was overwritten since the last commit, so that it can be put back."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Protocol


class Undoable(Protocol):
    def undo(self, rows: Any, old: Any) -> None:
        """Put back what was at these rows."""


class Journal:
    """Entries of (whose, rows, their old values), oldest first."""

    __slots__ = ("entries",)

    def __init__(self) -> None:
        self.entries: list[tuple[Undoable, Any, Any]] = []

    def of(self, column: Undoable) -> Iterator[tuple[Any, Any]]:
        """One column's part, newest first."""
        return ((rows, old) for of, rows, old in reversed(self.entries) if of is column)

    def rollback(self) -> None:
        while self.entries:
            column, rows, old = self.entries.pop()
            column.undo(rows, old)

    def commit(self) -> None:
        self.entries.clear()
