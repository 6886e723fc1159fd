"""When devices report: each on its own phase of its interval, evenly spread, without state."""

import numpy as np

from simulator.roster import Int

_GOLDEN = 10368889  # 2**24 divided by the golden ratio: multiples of it spread evenly
_BITS = 24


class Cadence:
    """Ticks at phase + k × interval (µs UTC since the epoch) for rows 0 … n−1.

    `shift` moves all phases, so that several groups do not begin together.
    """

    def __init__(self, n: int, interval: int, shift: int = 0) -> None:
        turns = np.arange(shift, shift + n, dtype=np.int64) * _GOLDEN & ((1 << _BITS) - 1)
        self.interval = interval
        self.phase: Int = turns * interval >> _BITS
        self._order = np.argsort(self.phase, kind="stable")
        self._sorted = self.phase[self._order]

    def due(self, begin: int, end: int) -> tuple[Int, Int]:
        """Rows with a tick in [begin, end), and the ticks, in time order.

        ValueError where the window is longer than the interval: a row could tick twice.
        """
        if end - begin > self.interval:
            raise ValueError("a window is at most one interval long")
        low = begin % self.interval
        base = begin - low
        marks = (low, low + end - begin)
        i, j = np.searchsorted(self._sorted, marks)
        wrapped = np.searchsorted(self._sorted, marks[1] - self.interval)
        rows = np.concatenate([self._order[i:j], self._order[:wrapped]])
        at = base + self.phase[rows]
        at[j - i :] += self.interval
        return rows, at

    def next_tick(self, row: int, begin: int) -> int:
        """The row's first tick at or after `begin`."""
        phase = int(self.phase[row])
        return begin + (phase - begin) % self.interval
