"""Which night a moment belongs to, and when that night's hours are in UTC.

A night is named by the local date of its evening, as days since 1970. All times of day are
µs after midnight, one an elder; each is taken as the first such wall time after the evening's.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from rules.coded import Coded
from rules.zones import Zones
from schemas.times import DAY, MINUTE

Array = NDArray[Any]
Int64 = NDArray[np.int64]


class Nights:
    def __init__(self, zones: Zones, evening: Coded) -> None:
        """`evening`: µs after midnight at which an elder's night-day begins."""
        self._zones = zones
        self._evening = evening

    def of(self, elders: Array, utc: Int64) -> Int64:
        """The night that each moment belongs to: from its evening to the next one."""
        local = self._zones.to_local(elders, utc)
        return np.asarray((local - self._evening[elders]) // DAY)

    def begins(self, elders: Array, night: Int64) -> Int64:
        """UTC µs of the evening."""
        return self.at(elders, night, self._evening)

    def over(self, elders: Array, night: Int64, utc: Int64) -> Int64:
        """Until when no clock says anything else: the next evening (UTC µs), or an earlier change
        of the clocks after `utc`, which may bring an evening twice."""
        return np.minimum(self.begins(elders, night + 1), self._zones.next_change(elders, utc))

    def at(self, elders: Array, night: Int64, clock: Coded) -> Int64:
        """UTC µs at which the wall clock shows `clock` (µs, one an elder row) that night."""
        evening = self._evening[elders]
        after = (clock[elders] - evening) % DAY
        return self._zones.to_utc(elders, night * DAY + evening + after)

    def minutes(self, elders: Array, night: Int64, utc: Int64) -> Int64:
        """Whole minutes on the wall clock from that night's evening to each moment."""
        wall = self._zones.to_local(elders, utc) - night * DAY - self._evening[elders]
        return np.asarray(wall // MINUTE)

    def after_evening(self, elders: Array, night: Int64, minutes: Int64) -> Int64:
        """UTC µs at which the wall clock shows so many minutes after that night's evening."""
        return self._zones.to_utc(elders, night * DAY + self._evening[elders] + minutes * MINUTE)
