"""The hours of an elder's night: the rule's, an override's, or the usual ones."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from rules.blocks import AbsenceBlock
from rules.groups import indices
from rules.kinds.habits import Habits
from rules.nights import Nights
from rules.parameters import Parameters

Array = NDArray[Any]
Int64 = NDArray[np.int64]


class Hours:
    """Of one registry. What an elder usually does replaces the rule's hours, not an override's."""

    def __init__(
        self, nights: Nights, habits: Habits, parameters: Parameters, block: AbsenceBlock
    ) -> None:
        self._nights, self._habits = nights, habits
        self._starts, self._ends = block.starts, block.ends
        self._fixed = {name: parameters.clock(name) for name in (block.starts, block.ends)}
        self._last_hour = parameters.micros(block.last_hour)
        self._learning = parameters.micros(block.learning)
        self._own = {name: parameters.overridden(name) for name in self._fixed}

    def starts(self, elders: Array, night: Int64) -> Int64:
        """UTC µs at which each elder's night begins."""
        return self._hour(elders, night, self._starts, self._habits.starts(elders))

    def ends(self, elders: Array, night: Int64) -> Int64:
        """UTC µs at which it ends."""
        return self._hour(elders, night, self._ends, self._habits.ends(elders))

    def rising(self, elders: Array) -> Int64:
        """How long (µs) before the night's end who leaves is taken to have got up: longer while
        that end is not the elder's own, by habit or by an override."""
        known = (self._habits.ends(elders) >= 0) | self._own[self._ends][elders]
        return np.asarray(np.where(known, self._last_hour[elders], self._learning[elders]))

    def _hour(self, elders: Array, night: Int64, name: str, usual: Int64) -> Int64:
        at = self._nights.at(elders, night, self._fixed[name])
        own = indices((usual >= 0) & ~self._own[name][elders])
        if len(own):
            at[own] = self._nights.after_evening(elders[own], night[own], usual[own])
        return at
