"""A `received` for every row, strictly increasing: the order of the store is that of judging (I5).

Several rows of one message, and messages of one moment, are a microsecond apart.
"""

import numpy as np

from schemas.readings import Int64


def stamps(received: Int64, counts: Int64, *, after: int) -> Int64:
    """`counts[i]` stamps for the message received at `received[i]` (µs): int64, length the sum.

    Each is the message's own time, or one more than the stamp before where that is not earlier;
    `after` is the largest one given so far.
    """
    # s[k] = max(r[k], s[k-1] + 1), so s[k] - k is the running maximum of r[k] - k.
    places = np.arange(int(counts.sum()))
    wanted = np.repeat(received, counts) - places
    given: Int64 = np.maximum(np.maximum.accumulate(wanted), after + 1) + places
    return given


class Passing:
    """The same for who goes through some of the messages one by one: the last stamp of all that
    lie between, without giving them out. `counts` is 0 for the messages that are gone through."""

    def __init__(self, received: Int64, counts: Int64) -> None:
        ends = np.cumsum(counts)
        self._ends: list[int] = [0, *ends.tolist()]
        self._wanted: list[int] = (received + counts - 1 - ends).tolist()

    def last(self, start: int, stop: int, *, after: int) -> int:
        """The last stamp when the messages of this range have theirs."""
        if start == stop:
            return after
        wanted = max(self._wanted[start:stop])
        return max(wanted, after - self._ends[start]) + self._ends[stop]
