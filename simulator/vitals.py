"""Heart and respiratory rate and movement in bed: personal, circadian, with noise on three scales.

Rates fall towards three at night, are a little higher in winter, and change with age; they drift
within minutes and from night to night. Ordinary people stay well inside every default threshold
(the clamps below); what goes outside is an incident's doing. Rates come as tenths, the stored
precision.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from schemas.times import DAY, HOUR, MINUTE
from simulator.dice import Dice, bell_of
from simulator.roster import Int, People

Float = NDArray[np.float64]

_MARK = 5 * MINUTE
_NIGHT_LOW = 3 * HOUR
"""Local time at which both rates are lowest."""
_HEART = (460, 1080)
_BREATH = (100, 220)
_DIP_HEART, _DIP_BREATH = 70.0, 15.0
_WINTER_HEART, _WINTER_BREATH = 15.0, 3.0
_COLDEST = 20
"""Day of the year around which winter lies."""
_YEAR = 365.25
_MEAN_AGE = 78
_AGE_HEART, _AGE_BREATH = -1.0, 0.5
"""Tenths for each year above or below the mean age."""
_RESTLESS = 25


class Vitals(NamedTuple):
    """Tenths of /min; movement in %."""

    heart: Int
    breath: Int
    movement: Int
    blurred: NDArray[np.bool_]
    """Movement hides the heart beat: the device says null."""


class _Level(NamedTuple):
    """Of all people at a five-minute mark, tenths, without the daily dip."""

    heart: Float
    breath: Float


class Body:
    """Vitals of people in bed."""

    def __init__(self, people: People, seed: int) -> None:
        self._dice, keys = Dice(seed, "vitals"), people.keys
        self._each = self._dice.bits(keys, 1)
        self._drift, self._night = self._dice.bits(keys, 2), self._dice.bits(keys, 3)
        self._heart = self._dice.between(570, 790, keys, 4).astype(np.float64)
        self._breath = self._dice.between(130, 180, keys, 7).astype(np.float64)
        self._born = people.born.astype(np.float64)
        self._levels: dict[int, _Level] = {}

    def vitals(self, who: Int, at: Int, *, since_noon: Int, drowsy: NDArray[np.bool_]) -> Vitals:
        """Of persons `who` at instants `at`; `since_noon` is the local time after noon, µs."""
        bits = self._dice.more(self._each[who], at)
        movement = _movement(bits, drowsy)
        dip = _bump(((since_noon + 24 * HOUR - _NIGHT_LOW) % DAY) / DAY)
        level = self._level(who, at)
        heart = level.heart - _DIP_HEART * dip + 2.0 * movement
        heart = heart + 10.0 * bell_of(bits, shift=24, width=6)
        breath = level.breath - _DIP_BREATH * dip + 0.3 * movement
        breath = breath + 4.0 * bell_of(bits, shift=42, width=6)
        return Vitals(
            heart=np.rint(np.clip(heart, *_HEART)).astype(np.int64),
            breath=np.rint(np.clip(breath, *_BREATH)).astype(np.int64),
            movement=movement,
            blurred=(movement > _RESTLESS) & ((bits >> np.uint64(60)) < np.uint64(6)),
        )

    def _level(self, who: Int, at: Int) -> _Level:
        """Between the two marks around each instant."""
        marks, parts = at // _MARK, _Level(np.zeros(len(at)), np.zeros(len(at)))
        first, last = int(marks.min(initial=0)), int(marks.max(initial=0))
        for mark in [first] if first == last else np.unique(marks).tolist():
            on = slice(None) if first == last else marks == mark
            here, there = self._at(mark), self._at(mark + 1)
            into = (at[on] - mark * _MARK) / _MARK
            for part, a, b in zip(parts, here, there, strict=True):
                begin = a[who[on]]
                part[on] = begin + (b[who[on]] - begin) * into
        return parts

    def _at(self, mark: int) -> _Level:
        """Of everybody; the last few marks are kept."""
        if mark not in self._levels:
            if len(self._levels) >= 4:
                self._levels.pop(min(self._levels))
            self._levels[mark] = self._make(mark)
        return self._levels[mark]

    def _make(self, mark: int) -> _Level:
        days = mark * _MARK / DAY
        winter = _bump(np.array((days - _COLDEST + _YEAR / 2) % _YEAR / _YEAR))
        older = 1970.0 + days / _YEAR - self._born - _MEAN_AGE
        drift = self._dice.more(self._drift, mark)
        night = self._dice.more(self._night, (mark * _MARK - 4 * HOUR) // DAY)
        heart = self._heart + _WINTER_HEART * winter + _AGE_HEART * older
        heart = heart + 8.0 * bell_of(night, shift=0, width=10)
        heart = heart + 30.0 * bell_of(drift, shift=0, width=10)
        breath = self._breath + _WINTER_BREATH * winter + _AGE_BREATH * older
        breath = breath + 2.5 * bell_of(night, shift=30, width=10)
        breath = breath + 7.0 * bell_of(drift, shift=30, width=10)
        return _Level(heart, breath)


def _movement(bits: NDArray[np.uint64], drowsy: NDArray[np.bool_]) -> Int:
    """Mostly still; a toss now and then, and restless while awake."""
    tossed = (bits & np.uint64(0x3FF)) < np.uint64(61)
    size = (bits >> np.uint64(10) & np.uint64(0x3F)).astype(np.int64) * 40 // 64 + 5
    still = np.maximum((bits >> np.uint64(16) & np.uint64(3)).astype(np.int64) - 1, 0)
    return np.where(drowsy | tossed, size, still)


def _bump(x: Float) -> Float:
    """0 at x = 0 and 1, 1 in the middle, smooth at both; exact arithmetic only."""
    y = x * (1.0 - x)
    return 16.0 * y * y
