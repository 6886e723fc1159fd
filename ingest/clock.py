"""The clock that ingest is given; only the composition root reads a real one (I8)."""

from typing import Protocol


class Clock(Protocol):
    def now(self) -> int:
        """µs UTC."""

    def monotonic(self) -> float:
        """Seconds, never back."""

    def sleep(self, seconds: float) -> None: ...
