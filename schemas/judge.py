"""What ingest needs of the rules, so that neither imports the other."""

from typing import Protocol

from schemas.alerts import Change
from schemas.readings import Readings
from schemas.registry import Registry


class Judge(Protocol):
    """Judges committed readings in order. All times are µs UTC.

    Every call below works on a pending state: `commit` adopts it, `rollback` returns to the last
    adopted one, so that a failed transaction leaves no trace (I2). The clock is the largest
    `received` or `now` seen; the watermark is the clock less the lateness.
    """

    @property
    def clock(self) -> int:
        """The clock as of the pending state; `schemas.times.NEVER` before anything was seen."""

    def apply(self, readings: Readings) -> list[Change]:
        """Judge rows in the order given. Rows flagged BACKLOG do not move the clock."""

    def advance(self, now: int) -> list[Change]:
        """Move the clock to `now` (never back) and fire what is due by the watermark."""

    def resume(self, now: int) -> list[Change]:
        """The session has caught up: silence counts from here, and the clock runs again."""

    def commit(self) -> None: ...

    def rollback(self) -> None: ...

    def snapshot(self) -> bytes:
        """The adopted state, versioned."""

    def restore(self, data: bytes) -> None:
        """Adopt a snapshot; ValueError where it cannot be read."""

    def set_registry(self, registry: Registry) -> None:
        """Follow a changed registry without losing state (between batches only)."""
