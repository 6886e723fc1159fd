"""Calm rows: what nearly every reading is, judged many at once and without rounds.

A device's row is calm if it says the same as the row before, in every respect that any rule minds,
and comes before anything that waits (a deadline, a half hour's end, an evening). Such rows make a
run, of which only the newest time is kept. What they would have changed in the columns is put off
until somebody needs it: `settle` makes it up, exactly, and may be called at any time.

Here stands what whoever minds calm rows has to say; `rules.runners` finds and keeps the runs.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from schemas.readings import Readings

Array = NDArray[Any]
Bool = NDArray[np.bool_]
Int64 = NDArray[np.int64]

LOUD = -1
"""The word of a row that cannot be calm."""


@dataclass(slots=True)
class Sayings:
    """Rows that may be calm, by device and in order: all of elders' own beds (`beds`), or none.

    `at`: their place in the batch; `limit`: by when the timers of their home fire (their own time
    or the watermark). `single`: no device has two of them.
    """

    readings: Readings
    beds: bool
    at: Int64
    device: NDArray[np.intp]
    elder: NDArray[np.intp]
    home: NDArray[np.intp]
    ts: Int64
    limit: Int64
    single: bool
    _said: dict[str, Array] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.at)

    def says(self, quantity: str) -> Array:
        """The column of a quantity, not to be written to."""
        column = self._said.get(quantity)
        if column is None:
            column = self._said[quantity] = getattr(self.readings, quantity).take(self.at)
        return column

    def part(self, which: Array) -> Sayings:
        return Sayings(
            self.readings,
            self.beds,
            self.at[which],
            self.device[which],
            self.elder[which],
            self.home[which],
            self.ts[which],
            self.limit[which],
            self.single,
        )


@dataclass(slots=True)
class Runs:
    """Runs whose effect was put off: up to the row at `ts`. All of own beds, or none."""

    beds: bool
    device: NDArray[np.intp]
    elder: NDArray[np.intp]
    home: NDArray[np.intp]
    ts: Int64


@runtime_checkable
class Calm(Protocol):
    """What takes part: it says which rows are alike, and how long their likes change nothing that
    could not be made up later. Words are `WORD` bits wide; where `BEDS` only beds' rows matter.
    `TAKES`: something cannot be put off; `SETTLES`: something can."""

    WORD: int
    BEDS: bool
    TAKES: bool
    SETTLES: bool

    def word(self, rows: Sayings) -> Array:
        """What each row says, as far as it matters here: at least 0, or `LOUD`."""

    def calm_until(self, rows: Sayings, word: Array) -> Int64:
        """Rows that may begin a run, one a device, on settled state: before which `limit` they
        and their likes are calm; NEVER for those that are not."""

    def begin(self, rows: Sayings, word: Array) -> None:
        """Rows that begin a run, before they are taken. Only where `TAKES`."""

    def take(self, rows: Sayings, word: Array, calm: Bool) -> None:
        """What cannot be put off of those rows that are calm. Only where `TAKES`."""

    def settle(self, runs: Runs, word: Array) -> None:
        """Make up what was put off, as the runs' rows would have done one by one. Only where
        `SETTLES`."""
