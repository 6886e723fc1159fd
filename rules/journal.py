"""What was overwritten since the last commit, so that it can be put back."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Protocol


class Undoable(Protocol):
    def __getitem__(self, rows: Any) -> Any:
        """What is at these rows."""

    def undo(self, rows: Any, old: Any) -> None:
        """Put back what was at these rows."""


class Journal:
    """Entries of (whose, rows, their old values), oldest first."""

    __slots__ = ("entries",)

    def __init__(self) -> None:
        self.entries: list[tuple[Undoable, Any, Any]] = []

    @contextmanager
    def aside(self) -> Iterator[None]:
        """Within: the state as last committed. What is written there is undone at the end, and
        what was pending is back."""
        pending, self.entries = self.entries, []
        again = []
        for column, rows, old in reversed(pending):
            again.append((column, rows, column[rows]))
            column.undo(rows, old)
        try:
            yield
        finally:
            self.rollback()
            for column, rows, new in reversed(again):
                column.undo(rows, new)
            self.entries = pending

    def rollback(self) -> None:
        while self.entries:
            column, rows, old = self.entries.pop()
            column.undo(rows, old)

    def commit(self) -> None:
        self.entries.clear()
