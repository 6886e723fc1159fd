"""When an elder is away: by the registry's periods, until the first activity there.

A period is over once somebody arrived within it: enters a room, gets into bed, moves in it or
presses a button. Who only leaves (the bed, a room) may just be on the way out.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from rules.columns import State
from rules.groups import Groups
from rules.world import World
from schemas.times import NEVER, to_micros

Array = NDArray[Any]
Bool = NDArray[np.bool_]


class Away:
    """Column by elder: `back`, the event time of the activity that ended the newest period."""

    def __init__(self, state: State) -> None:
        self.back = state.elder.sparse("back", np.int64, NEVER)

    def follow(self, world: World) -> None:
        """Take the registry's periods; those of elders it does not know are passed over."""
        elders = world.registry.elders
        periods = [p for p in world.registry.away if p.elder in elders.row]
        self.periods = len(periods)
        self._from = np.array([to_micros(p.start) for p in periods], np.int64)
        self._until = np.array([to_micros(p.until) for p in periods], np.int64)
        of = np.array([elders.row[p.elder] for p in periods], np.int64)
        self._periods = Groups(of, np.ones(len(of), bool), len(elders.ids) if periods else 0)

    def at(self, elders: Array, times: Array) -> Bool:
        """Whether each elder is away at a time (µs UTC)."""
        which, period = self._within(elders, times)
        back = self.back[elders[which]]
        over = (back >= self._from[period]) & (back <= times[which])
        return _any(which[~over], len(elders))

    def ends(self, elders: Array, times: Array) -> Bool:
        """Whether activity at a time would end a period that no activity has ended."""
        which, period = self._within(elders, times)
        back = self.back[elders[which]]
        over = (back >= self._from[period]) & (back < self._until[period])
        return _any(which[~over], len(elders))

    def noted(self, elders: Array, times: Array) -> Bool:
        """Whether each elder has a period that is not over by the registry at a time."""
        which, period = self._periods.expand(elders)
        return _any(which[times[which] < self._until[period]], len(elders))

    def _within(self, elders: Array, times: Array) -> tuple[Array, Array]:
        """(index into `elders`, period) for every period that holds the time."""
        if not self.periods:
            none = np.zeros(0, np.int64)
            return none, none
        which, period = self._periods.expand(elders)
        inside = (self._from[period] <= times[which]) & (times[which] < self._until[period])
        return which[inside], period[inside]


def _any(which: Array, size: int) -> Bool:
    found = np.zeros(size, bool)
    found[which] = True
    return found
