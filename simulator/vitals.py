"""Heart and respiratory rate and movement in bed: personal, circadian, with noise on two scales.

Ordinary people stay well inside every default threshold (the clamps below); what goes outside is
an incident's doing. Rates come as tenths, the stored precision.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from schemas.times import DAY, HOUR, MINUTE
from simulator.dice import Dice
from simulator.roster import Int

_SLOT = 5 * MINUTE
_NIGHT_LOW = 3 * HOUR
"""Local time at which both rates are lowest."""
_HEART = (460, 1080)
_BREATH = (100, 220)
_DIP_HEART, _DIP_BREATH = 70.0, 15.0
_RESTLESS = 25


class Vitals(NamedTuple):
    """Tenths of /min; movement in %."""

    heart: Int
    breath: Int
    movement: Int
    blurred: NDArray[np.bool_]
    """Movement hides the heart beat: the device says null."""


class Body:
    """Vitals of people in bed, by their keys."""

    def __init__(self, seed: int) -> None:
        self._dice = Dice(seed, "vitals")

    def vitals(self, keys: Int, at: Int, *, since_noon: Int, drowsy: NDArray[np.bool_]) -> Vitals:
        """At instants `at`; `since_noon` is the local time after noon, µs."""
        dice = self._dice
        tosses = dice.chance(0.06, keys, at, 1)
        still = dice.between(0, 4, keys, at, 2)
        movement = np.where(
            drowsy | tosses, dice.between(5, 45, keys, at, 3), np.maximum(still - 1, 0)
        )
        dip = _bump(((since_noon + 24 * HOUR - _NIGHT_LOW) % DAY) / DAY)
        heart = dice.between(570, 790, keys, 4) - _DIP_HEART * dip + 2.0 * movement
        heart = heart + 30.0 * self._slow(keys, at, 5) + 10.0 * dice.bell(keys, at, 6)
        breath = dice.between(130, 180, keys, 7) - _DIP_BREATH * dip + 0.3 * movement
        breath = breath + 7.0 * self._slow(keys, at, 8) + 4.0 * dice.bell(keys, at, 9)
        return Vitals(
            heart=np.rint(np.clip(heart, *_HEART)).astype(np.int64),
            breath=np.rint(np.clip(breath, *_BREATH)).astype(np.int64),
            movement=movement,
            blurred=(movement > _RESTLESS) & dice.chance(0.4, keys, at, 10),
        )

    def _slow(self, keys: Int, at: Int, stream: int) -> NDArray[np.float64]:
        """Noise that drifts from one five-minute mark to the next."""
        mark, into = at // _SLOT, (at % _SLOT) / _SLOT
        here, there = (self._dice.bell(keys, mark + k, stream) for k in (0, 1))
        return np.asarray(here + (there - here) * into)


def _bump(x: NDArray[np.float64]) -> NDArray[np.float64]:
    """0 at x = 0 and 1, 1 in the middle, smooth at both; exact arithmetic only."""
    y = x * (1.0 - x)
    return 16.0 * y * y
