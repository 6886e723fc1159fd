"""When an elder usually goes to bed and gets up.

A night's bed time is when its first settled stay in bed began, its rise time when its last one
ended: a stay is settled if it lasted long enough, and counts for the night in whose first twelve
hours it began. With enough of the last 28 nights known, their medians stand in for the rule's
own hours.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from rules.coded import Coded
from rules.columns import Table
from rules.groups import indices
from rules.kinds.rings import NONE, Ring, known, twice_median
from rules.nights import Nights
from schemas.times import NEVER

Array = NDArray[Any]
Int64 = NDArray[np.int64]

_NO_NIGHT = -(2**30)
_HALF_DAY, _DAY = 720, 1440
"""Minutes."""


class Habits:
    """Columns by elder: the `day` (night) of the newest bed row; since when the present `stay`
    lasts; this night's `bed` and `rise` times and those of earlier nights; `starts` and `ends`,
    the usual ones. Times are whole minutes after the evening, -1 for none."""

    def __init__(self, table: Table, prefix: str) -> None:
        self._day = table.column(f"{prefix}/day", np.int32, _NO_NIGHT)
        self._stay = table.column(f"{prefix}/stay", np.int64, NEVER)
        self._bed = table.column(f"{prefix}/bed", np.int16, NONE)
        self._rise = table.column(f"{prefix}/rise", np.int16, NONE)
        self._beds = Ring(table, f"{prefix}/beds")
        self._rises = Ring(table, f"{prefix}/rises")
        self._usual_bed = table.column(f"{prefix}/usual_bed", np.int16, NONE)
        self._usual_rise = table.column(f"{prefix}/usual_rise", np.int16, NONE)

    def follow(self, nights: Nights, settled: Coded, least: Array) -> None:
        self._nights, self._settled, self._least = nights, settled, least

    def starts(self, elders: Array) -> Int64:
        """Minutes after the evening at which the elder usually goes to bed; -1 where unknown."""
        return np.asarray(self._usual_bed[elders].astype(np.int64))

    def ends(self, elders: Array) -> Int64:
        return np.asarray(self._usual_rise[elders].astype(np.int64))

    def learn(self, elder: Array, ts: Int64, *, inside: Array, before: Array, hold: Int64) -> None:
        """Bed rows in order: `before` and `hold` are of the level that each one found."""
        night = self._nights.of(elder, ts)
        new = indices(night > self._day[elder])
        if len(new):
            self._turn(elder[new], night[new])
        goes_on = (before == 1) & (ts <= hold)
        enters = inside & ~goes_on
        self._stay.put(elder[enters], ts[enters])
        leaves = indices(~inside & goes_on)
        self._leave(elder[leaves], ts[leaves], night[leaves])

    def steady(self, elder: Array, night: Int64) -> NDArray[np.bool_]:
        """Whether the elder's newest bed row was of that night."""
        return np.asarray(self._day[elder] == night)

    def _leave(self, elder: Array, ts: Int64, night: Int64) -> None:
        began = self._stay[elder]
        settled = indices(ts - began >= self._settled[elder])
        if not len(settled):
            return
        elder, ts, night, began = elder[settled], ts[settled], night[settled], began[settled]
        into = self._nights.minutes(elder, night, began)
        tonight = indices((into >= 0) & (into < _HALF_DAY) & (night == self._day[elder]))
        elder, into = elder[tonight], into[tonight]
        self._bed.put(elder, np.where(self._bed[elder] == NONE, into, self._bed[elder]))
        self._rise.put(elder, self._nights.minutes(elder, night[tonight], ts[tonight]))

    def _turn(self, elder: Array, night: Int64) -> None:
        """Another night has begun: keep the one before, and say anew what is usual."""
        slept = indices(self._bed[elder] != NONE)
        kept = elder[slept]
        if len(kept):
            before = self._day[kept].astype(np.int64)
            self._beds.enter(kept, before, self._bed[kept].astype(np.int64))
            self._rises.enter(kept, before, self._rise[kept].astype(np.int64))
        self._day.put(elder, night)
        self._bed.put(elder, np.int16(NONE))
        self._rise.put(elder, np.int16(NONE))
        self._say_usual(elder, night)

    def _say_usual(self, elder: Array, night: Int64) -> None:
        beds, rises = self._beds.before(elder, night), self._rises.before(elder, night)
        enough = known(beds) >= np.maximum(self._least[elder], 1)
        bed, rise = twice_median(beds) // 2, twice_median(rises) // 2
        usual = enough & (rise > bed) & (rise < _DAY)
        self._usual_bed.put(elder, np.where(usual, bed, NONE))
        self._usual_rise.put(elder, np.where(usual, rise, NONE))
