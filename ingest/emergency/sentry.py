"""Listens for emergencies in the place of an owner that ended while the store is away.

A process that starts then has no partition and no registry; it has what the last owner on this
machine kept. It hears only what is said from then on: what came before is held by the broker.
"""

from __future__ import annotations

from collections.abc import Callable

from ingest.emergency.watch import Watch
from ingest.source import Messages


class NothingHeld:
    """What it has of a source: it is not the session that ingest keeps."""

    unacknowledged = 0
    catching_up = False

    def waiting(self) -> list[Messages]:
        return []


class Sentry:
    """`make` gives a watch that knows its place, or None where nobody has to be replaced."""

    def __init__(self, make: Callable[[], Watch | None]) -> None:
        self._make = make
        self._watch: Watch | None = None

    def begin(self) -> None:
        """The store does not answer. Any number of times."""
        if self._watch is None:
            self._watch = self._make()
            if self._watch is not None:
                self._watch.start()

    def end(self) -> None:
        """It answers."""
        watch, self._watch = self._watch, None
        if watch is not None:
            watch.close()
