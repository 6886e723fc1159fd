"""An sos that is a level: only the beginning of a run of it is a press (I7 without an alarm a
minute).

A run holds from its first row until the device says something else, and no longer than the
device's `repeat_us` after it was last said: a lost "released" must not hide the next press. Live
rows, history and tests have runs of their own, so that none can swallow the real thing.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from rules.columns import State
from rules.frame import Round
from rules.groups import indices
from rules.world import World
from schemas.quantities import UNKNOWN, Sos
from schemas.times import NEVER

Array = NDArray[Any]
Bool = NDArray[np.bool_]


class Runs:
    """Columns by device: the newest run's first and last row, and until when it holds."""

    def __init__(self, state: State, name: str) -> None:
        column = state.device.sparse
        self._from = column(f"sos_{name}_from", np.int64, NEVER)
        self._last = column(f"sos_{name}_last", np.int64, NEVER)
        self._until = column(f"sos_{name}_until", np.int64, NEVER)
        self._held = column(f"sos_{name}_held", np.int8, 0)

    def holds(self, device: Array, ts: Array) -> Bool:
        """Whether each time lies within the device's run."""
        return np.asarray((ts >= self._from[device]) & (ts < self._until[device]))

    def adopt(self, rows: Round, pressed: Bool, released: Bool, repeat: Array) -> None:
        """Take note of the rows in which the level is on, and of those in which it is off."""
        on = indices(pressed & (rows.ts >= self._from[rows.device]))
        device, ts = rows.device[on], rows.ts[on]
        inside = self.holds(device, ts)
        held = self._held[device] == 1
        begins = on[~inside]
        self._begin(rows.device[begins], rows.ts[begins], repeat[rows.device[begins]])
        goes_on = inside & held
        device, ts = device[goes_on], ts[goes_on]
        last = np.maximum(self._last[device], ts)
        self._last.put(device, last)
        self._until.put(device, last + repeat[device] + 1)
        off = released & (self._held[rows.device] == 1) & (rows.ts >= self._last[rows.device])
        self._end(rows.device[off], rows.ts[off])

    def _begin(self, device: Array, ts: Array, repeat: Array) -> None:
        self._from.put(device, ts)
        self._last.put(device, ts)
        self._until.put(device, ts + repeat + 1)
        self._held.put(device, np.ones(len(device), np.int8))

    def _end(self, device: Array, ts: Array) -> None:
        self._until.put(device, np.minimum(self._until[device], ts))
        self._held.put(device, np.zeros(len(device), np.int8))


class Presses:
    """What each row newly says of sos."""

    def __init__(self, state: State) -> None:
        self._live, self._old, self._tests = (Runs(state, n) for n in ("live", "old", "test"))

    def look(self, rows: Round) -> Array:
        """The `sos` column, unknown where a level merely repeats; changes nothing."""
        said = rows.values["sos"]
        if not rows.sos_level.any():
            return said
        device, ts = rows.device, rows.ts
        live = self._live.holds(device, ts)
        old = live | self._old.holds(device, ts)
        tests = self._tests.holds(device, ts)
        repeated = np.where(_is_test(rows), tests, np.where(_is_old(rows), old, live))
        repeats = rows.sos_level & repeated & (said != Sos.CANCELLED)
        return np.asarray(np.where(repeats, np.int8(UNKNOWN), said))

    def adopt(self, rows: Round, world: World) -> None:
        """Take note of the rows."""
        if not rows.sos_level.any():
            return
        said, repeat = rows.values["sos"], world.registry.devices.repeat_us
        pressed = rows.sos_level & ((said == Sos.PRESSED) | (said == Sos.TEST))
        released = rows.sos_level & (said == Sos.CANCELLED)
        test, old, kept = _is_test(rows), _is_old(rows), rows.retained
        self._live.adopt(rows, pressed & rows.live & ~test, released & ~old & ~rows.test, repeat)
        self._old.adopt(rows, pressed & old, released & old, repeat)
        tests = ~rows.history & ~kept
        self._tests.adopt(rows, pressed & test & tests, released & tests, repeat)


def _is_test(rows: Round) -> Bool:
    return np.asarray(rows.test | (rows.values["sos"] == Sos.TEST))


def _is_old(rows: Round) -> Bool:
    return np.asarray(rows.history & ~rows.retained & ~_is_test(rows))
