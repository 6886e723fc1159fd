"""Which device times can be believed: device clocks are often wrong."""

import numpy as np
from numpy.typing import NDArray

from schemas.readings import Int64
from schemas.times import MINUTE

AHEAD = 5 * MINUTE
"""A device's time this far in the future is a wrong clock, not a fast one."""

OLDEST = 1_577_836_800_000_000
"""2020-01-01T00:00:00Z: a device's time before it is a clock that was never set."""


def believable(ts: int, received: int) -> bool:
    """Neither before 2020 nor more than 5 min ahead of the received time (all µs UTC)."""
    return OLDEST <= ts <= received + AHEAD


def believed(ts: Int64, received: Int64) -> NDArray[np.bool_]:
    """`believable` by columns; False where `ts` is NEVER."""
    wanted: NDArray[np.bool_] = (ts >= OLDEST) & (ts <= received + AHEAD)
    return wanted
