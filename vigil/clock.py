"""The only place that reads the clock (I8). Everything else is given the time."""

import time


class SystemClock:
    """Wall time and monotonic time of this machine."""

    def now(self) -> int:
        """µs UTC."""
        return time.time_ns() // 1_000

    def monotonic(self) -> float:
        """Seconds, never back."""
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)


class ScaledClock(SystemClock):
    """Time that runs `speed` times as fast from `origin` (µs UTC) on, for a demo.

    Every process of a demo gets the same origin and the same real start, and so agrees.
    """

    def __init__(self, *, origin: int, started: int, speed: float) -> None:
        self._origin, self._started, self._speed = origin, started, speed

    def now(self) -> int:
        return self.at(super().now())

    def at(self, real: int) -> int:
        """The scaled time at a real one (both µs UTC)."""
        return self._origin + round((real - self._started) * self._speed)
