"""A day of a fleet as columns, from noon to noon: people go to bed, get up at night, move about;
a few hearts race, a few devices fall silent, a few buttons are pressed and a few people fall.

Made to be quick and to touch every rule; the simulator is the one that is made to be like life.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.rules.fleet import INTERVALS
from schemas.quantities import Fall, Sos
from schemas.readings import Readings
from schemas.times import HOUR, MINUTE, SECOND

Array = NDArray[Any]

NOON = 1_768_017_600_000_000 + 12 * HOUR - 8 * HOUR
"""12:00 in Shanghai on a day in January 2026."""
SLICE = 30 * SECOND
DELAY = SECOND // 2


class Day:
    """`homes` as in `fleet(homes)`. Times are µs after noon until a row is made. `trouble`: how
    many times as often as usual hearts race, devices fall silent and buttons are pressed."""

    def __init__(self, homes: int, *, seed: int = 1, trouble: float = 1) -> None:
        self.homes = homes
        self._trouble = trouble
        self._random = random = np.random.default_rng(seed)
        self._phase = np.concatenate([_phases(random, homes, gap) for gap in INTERVALS])
        self._interval = np.repeat(INTERVALS, homes)
        self._bed = _around(random, homes, 9.5 * HOUR, 40 * MINUTE)
        self._rise = _around(random, homes, 18.3 * HOUR, 40 * MINUTE)
        self._exits = [self._some(homes, 0.6, 6 * MINUTE) for _ in range(3)]
        self._exits.append(self._some(homes, 0.005, 50 * MINUTE))
        self._out = [self._some(homes, 0.5, 90 * MINUTE)]
        self._racing = [self._some(homes, 0.01 * trouble, 8 * MINUTE) for _ in range(2)]
        self._silent = [self._some(3 * homes, 0.01 * trouble, 40 * MINUTE)]
        self._rate = random.normal(66, 6, homes).astype(np.float32)
        self._breath = random.normal(15, 2, homes).astype(np.float32)

    def _some(self, count: int, share: float, lasting: float) -> tuple[Array, Array]:
        """A stretch of the day for some: (from, until) for each; nobody else has one."""
        chosen = self._random.random(count) < share
        start = np.where(chosen, self._random.integers(0, 24 * HOUR, count), 25 * HOUR)
        length = self._random.exponential(lasting, count).astype(np.int64)
        return start, start + length

    def keep_mattresses_speaking(self) -> None:
        """So that no gateway is ever silent."""
        for start, _ in self._silent:
            start[: self.homes] = 25 * HOUR

    def slices(self, *, hours: float = 24) -> Iterator[Readings]:
        """Readings of 30 s each, in the order they are received."""
        for begin in range(0, int(hours * HOUR), SLICE):
            yield self.between(begin, begin + SLICE)

    def between(self, begin: int, end: int, *, homes: int | None = None) -> Readings:
        """What the first `homes` send in [begin, end) after noon."""
        device, ts = self._due(begin, end, self.homes if homes is None else homes)
        rows = Readings.blank(len(ts))
        rows.ts[:] = NOON + ts
        rows.received[:] = rows.ts + DELAY
        elder = device % self.homes
        rows.device[:] = device
        rows.elder[:] = rows.gateway[:] = elder
        rows.key[:] = ts
        self._fill(rows, device // self.homes, elder, ts)
        return rows

    def _due(self, begin: int, end: int, homes: int) -> tuple[Array, Array]:
        """Every device's reports within the time, by time; each time is a device's own."""
        said: list[tuple[Array, Array]] = []
        for kind, gap in enumerate(INTERVALS):
            device = np.arange(kind * self.homes, kind * self.homes + homes)
            first = begin + (self._phase[device] - begin) % gap
            times = (first + n * gap for n in range((end - begin - 1) // gap + 1))
            said += ((device[ts < end], ts[ts < end]) for ts in times)
        device, ts = (np.concatenate(parts) for parts in zip(*said, strict=True))
        speaks = ~_within(self._silent, device, ts)
        device, ts = device[speaks], ts[speaks]
        order = np.argsort(ts, kind="stable")
        ts = ts[order]
        # `received` strictly increases: ties move on by a microsecond each.
        at = np.arange(len(ts))
        return device[order], np.maximum.accumulate(ts - at) + at

    def _fill(self, rows: Readings, kind: Array, elder: Array, ts: Array) -> None:
        asleep = (ts >= self._bed[elder]) & (ts < self._rise[elder])
        asleep &= ~_within(self._exits, elder, ts)
        self._fill_beds(rows, np.flatnonzero((kind == 0) & asleep), elder)
        rows.in_bed[kind == 0] = asleep[kind == 0]
        racing = (kind == 0) & asleep & _within(self._racing, elder, ts)
        rows.heart_rate[racing] = 140
        room = kind == 1
        rows.presence[room] = (~asleep & ~_within(self._out, elder, ts))[room]
        rows.fall[room] = Fall.NONE
        lucky = self._random.random(len(ts), np.float32)
        rows.fall[room & (lucky < 1e-6)] = Fall.CONFIRMED
        rows.battery[kind == 2] = 80
        rows.sos[(kind == 2) & (lucky < 2e-4 * self._trouble)] = Sos.PRESSED

    def _fill_beds(self, rows: Readings, beds: Array, elder: Array) -> None:
        who, noise = elder[beds], self._random.standard_normal(len(beds), np.float32)
        rows.heart_rate[beds] = np.rint(self._rate[who] + 4 * noise)
        rows.respiratory_rate[beds] = np.rint(self._breath[who] + noise)
        rows.movement[beds] = np.maximum(np.rint(20 * noise - 30), 0)


def _phases(random: np.random.Generator, count: int, gap: int) -> Array:
    return random.permutation(count).astype(np.int64) * gap // max(count, 1)


def _around(random: np.random.Generator, count: int, at: float, spread: float) -> Array:
    return random.normal(at, spread, count).astype(np.int64)


def _within(stretches: list[tuple[Array, Array]], who: Array, ts: Array) -> Array:
    inside = np.zeros(len(ts), bool)
    for start, end in stretches:
        inside |= (ts >= start[who]) & (ts < end[who])
    return inside
