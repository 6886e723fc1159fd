"""From times and values to places on a drawing, and ticks that people can read."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from schemas.times import from_micros, to_micros

Floats = NDArray[np.floating]


@dataclass(frozen=True, slots=True)
class Across:
    """The shared time axis: [since, until] (µs) over [left, right]."""

    since: int
    until: int
    left: float
    right: float

    def x(self, at: float) -> float:
        """The place of a time, kept within the drawing."""
        share = (at - self.since) / (self.until - self.since)
        return self.left + min(max(share, 0.0), 1.0) * (self.right - self.left)


@dataclass(frozen=True, slots=True)
class Up:
    """One quantity's axis: [low, high] over [top + height, top]."""

    low: float
    high: float
    top: float
    height: float

    def y(self, value: float) -> float:
        """The place of a value, kept within the panel."""
        share = (value - self.low) / (self.high - self.low)
        return self.top + (1 - min(max(share, 0.0), 1.0)) * self.height


class Tick(NamedTuple):
    """`first`: the tick begins a day, which its label should name."""

    x: float
    at: datetime
    first: bool


def hours(across: Across, zone: ZoneInfo, *, every: int) -> list[Tick]:
    """Ticks at full local hours that `every` divides. A clock that is set changes their distance,
    never their labels."""
    found = []
    at = from_micros(across.since).astimezone(zone).replace(minute=0, second=0, microsecond=0)
    hour = to_micros(at)
    while hour <= across.until:
        local = from_micros(hour).astimezone(zone)
        if hour >= across.since and local.hour % every == 0 and local.minute == 0:
            found.append(Tick(across.x(hour), local, local.hour == 0))
        hour += int(timedelta(hours=1).total_seconds() * 1_000_000)
    return found


def room_for(
    values: Sequence[Floats], *, low: float, high: float, step: float
) -> tuple[float, float]:
    """An axis from `low` to `high`, widened in whole steps to hold all known values."""
    known = np.concatenate([v[~np.isnan(v)] for v in values]) if values else np.array([])
    if not len(known):
        return low, high
    least, most = float(known.min()), float(known.max())
    return (
        min(low, step * np.floor(least / step).item()),
        max(high, step * np.ceil(most / step).item()),
    )


def runs(mask: NDArray[np.bool_]) -> Iterator[tuple[int, int]]:
    """Where a mask holds without a break: [first, end)."""
    edges = np.diff(mask.astype(np.int8), prepend=0, append=0)
    return zip(
        np.flatnonzero(edges == 1).tolist(), np.flatnonzero(edges == -1).tolist(), strict=True
    )
