"""The facts' part in calm rows: levels that are merely said again (see `rules.calm`)."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from rules.calm import Runs, Sayings
from rules.facts import Facts
from rules.groups import indices
from rules.limits import FOREVER
from rules.world import World
from schemas.quantities import Fall
from schemas.times import NEVER

Array = NDArray[Any]
Int64 = NDArray[np.int64]

_FALL = 4
"""The bit of a word for a fall said to be none; the others are in_bed, or presence + 1."""


class Levels:
    WORD = 3
    BEDS = False
    TAKES = False
    SETTLES = True

    def __init__(self, facts: Facts) -> None:
        self._facts = facts

    def follow(self, world: World) -> None:
        self._world = world

    def word(self, rows: Sayings) -> Array:
        """A bed must say whether somebody is in it."""
        fall = np.where(rows.says("fall") == Fall.NONE, np.int8(_FALL), np.int8(0))
        if rows.beds:
            return np.asarray(rows.says("in_bed") | fall)
        return np.asarray((rows.says("presence") + np.int8(1)) | fall)

    def calm_until(self, rows: Sayings, word: Array) -> Int64:
        until = self._bed(rows, word) if rows.beds else self._room(rows, word)
        falls = indices(word & _FALL)
        device = rows.device[falls]
        steady = self._facts.fall[device] == Fall.NONE
        steady &= rows.ts[falls] >= self._facts.fall_at[device]
        until[falls[~steady]] = NEVER
        return np.minimum(until, self._home_until(rows))

    def _bed(self, rows: Sayings, word: Array) -> Int64:
        facts, elder, ts = self._facts, rows.elder, rows.ts
        steady = (facts.bed[elder] == word & 1) & (ts >= facts.bed_at[elder])
        steady &= ts <= facts.bed_hold[elder]
        return np.where(steady, FOREVER, NEVER)

    def _room(self, rows: Sayings, word: Array) -> Int64:
        """A radar that may speak of a bed is calm while the mattress speaks."""
        facts, world, device = self._facts, self._world, rows.device
        says = world.room_sensor[device] & (word & 3 > 0)
        steady = ~says | (facts.presence[device] == (word & 3) - 1)
        steady &= ~says | (rows.ts >= facts.presence_at[device])
        until = np.where(steady, FOREVER, NEVER)
        source = indices(world.bed_source[device])
        live = facts.mattress_until[rows.elder[source]] + 1
        until[source] = np.minimum(until[source], live)
        return until

    def _home_until(self, rows: Sayings) -> Int64:
        """Who is or will be noted as away may be seen to come back."""
        until = np.full(len(rows), FOREVER, np.int64)
        if self._facts.away.periods:
            elder = self._world.speaks_for[rows.device]
            known = indices(elder >= 0)
            noted = self._facts.away.noted(elder[known], rows.ts[known])
            until[known[noted]] = NEVER
        return until

    def begin(self, rows: Sayings, word: Array) -> None:
        """Nothing to prepare."""

    def take(self, rows: Sayings, word: Array, calm: Array) -> None:
        """All of it can be put off."""

    def settle(self, runs: Runs, word: Array) -> None:
        facts, world, device, ts = self._facts, self._world, runs.device, runs.ts
        falls = indices(word & _FALL)
        facts.fall_at.put(device[falls], ts[falls])
        if runs.beds:
            facts.bed_at.put(runs.elder, ts)
            facts.bed_hold.put(runs.elder, ts + world.stale[device])
            facts.mattress_until.lift(runs.elder, ts + world.hold[device])
            return
        rooms = indices(world.room_sensor[device])
        facts.presence_hold.lift(device[rooms], ts[rooms] + world.hold[device[rooms]])
        says = rooms[word[rooms] & 3 > 0]
        facts.presence_at.put(device[says], ts[says])
