"""How long an elder has lain in bed since the evening."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from rules.columns import Column, Table
from rules.facts import Bedside
from rules.groups import indices
from rules.nights import Nights

Array = NDArray[Any]
Int64 = NDArray[np.int64]

_NO_NIGHT = -(2**31)


class Slept:
    """Columns by elder: `slept` (µs in bed), and the `night` that it belongs to."""

    def __init__(self, table: Table, prefix: str) -> None:
        self._night = table.column(f"{prefix}/night", np.int32, _NO_NIGHT)
        self._time = table.column(f"{prefix}/slept", np.int64, 0)

    def follow(self, nights: Nights) -> None:
        self._nights = nights

    def night(self, elders: Array) -> Int64:
        return np.asarray(self._night[elders].astype(np.int64))

    def time(self, elders: Array) -> Int64:
        return np.asarray(self._time[elders])

    def adopt(self, beds: Bedside, *, out: Column) -> None:
        """Bed rows in order: a level holds until it goes stale. Who is `out` (1) keeps the night
        of the exit, which the deadlines belong to."""
        elder, ts = beds.elder, beds.ts
        night = self._nights.of(elder, ts)
        slept = np.where(night == self._night[elder], self._time[elder], 0)
        was_in = indices(beds.before == 1)
        evening = self._nights.begins(elder[was_in], night[was_in])
        span = np.minimum(ts, beds.hold)[was_in] - np.maximum(beds.at[was_in], evening)
        slept[was_in] += np.maximum(span, 0)
        new = indices((night != self._night[elder]) | (slept != self._time[elder]))
        new = new[out[elder[new]] == 0]
        self._night.put(elder[new], night[new])
        self._time.put(elder[new], slept[new])

    def add(self, elders: Array, lain: Int64) -> None:
        """So much longer in bed, in the same night."""
        self._time.add(elders, lain)
