"""Whether commits come through: written by the ingest thread, read by the watch."""

from __future__ import annotations

from enum import IntEnum
from typing import NamedTuple

from ingest.source import Messages

_SOON_S = 0.25  # a window half full is ordinary while commits come through at their usual pace


class Stage(IntEnum):
    WELL = 0
    LISTEN = 1
    """Commits are slow: listen aside for emergencies, but leave them to the store."""
    AHEAD = 2
    """Emergencies go ahead of the store."""


class Patience(NamedTuple):
    listen_s: float
    ahead_s: float
    window: int
    """How many messages the broker sends before it waits for an acknowledgement."""


class Progress:
    """What is at work, and since when without a commit. One thread writes; reads may be a moment
    old, and never tear: each is one reference."""

    def __init__(self) -> None:
        self._at_work: tuple[float, Messages] | None = None
        self._ahead: Messages | None = None

    def begin(self, messages: Messages, now: float) -> None:
        """`now`: monotonic seconds."""
        self._at_work = now, messages
        self._ahead = None

    def ahead(self, messages: Messages) -> None:
        """The next ones are in hand too."""
        self._ahead = messages

    def committed(self, now: float) -> None:
        """Part of it is in: the store is at work."""
        if self._at_work is not None:
            self._at_work = now, self._at_work[1]

    def end(self) -> None:
        self._at_work = None

    @property
    def held(self) -> list[Messages]:
        """What is in hand, in order."""
        ahead, at_work = self._ahead, self._at_work
        return [messages for messages in (at_work and at_work[1], ahead) if messages is not None]

    @property
    def at_work(self) -> tuple[float, Messages] | None:
        """Since when (monotonic seconds), and what; None between batches."""
        return self._at_work


def stage(stuck_s: float | None, *, unacknowledged: int, patience: Patience) -> Stage:
    """`stuck_s`: seconds without a commit while something is at work; None while nothing is."""
    if stuck_s is None:
        return Stage.WELL
    if stuck_s >= patience.ahead_s:
        return Stage.AHEAD
    filling = 2 * unacknowledged >= patience.window and stuck_s >= _SOON_S
    return Stage.LISTEN if filling or stuck_s >= patience.listen_s else Stage.WELL
