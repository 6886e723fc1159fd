"""Seeded randomness without state: the n-th throw for a subject never depends on other throws.

A throw is a hash of (seed, stream, counters), so any window of any fleet can be made alone, in
any order and vectorised. Only integer operations and exact IEEE arithmetic are used (no sin, exp
or log, whose last bit differs between processors), so that bytes are equal on any machine.
"""

from hashlib import blake2b

import numpy as np
from numpy.typing import ArrayLike, NDArray

_STEP = np.uint64(0x9E3779B97F4A7C15)
_MIX1 = np.uint64(0xBF58476D1CE4E5B9)
_MIX2 = np.uint64(0x94D049BB133111EB)
_ALL = 2**64 - 1
_TO_UNIT = 2.0**-53


def key_of(text: str) -> int:
    """A stable 63-bit number for an id (Python's own `hash` changes with every process)."""
    return int.from_bytes(blake2b(text.encode(), digest_size=8).digest(), "little") >> 1


def keys_of(ids: list[str]) -> NDArray[np.int64]:
    return np.array([key_of(i) for i in ids], np.int64)


def _mix(x: int, counter: int) -> int:
    """What `Dice.more` does to arrays, for one throw: a hundred times as fast for that."""
    x = ((x ^ (counter & _ALL)) + int(_STEP)) & _ALL
    x = ((x ^ (x >> 30)) * int(_MIX1)) & _ALL
    x = ((x ^ (x >> 27)) * int(_MIX2)) & _ALL
    return x ^ (x >> 31)


def unit_of(bits: NDArray[np.uint64]) -> NDArray[np.float64]:
    """Uniform in [0, 1), of 64 random bits each."""
    return np.asarray((bits >> np.uint64(11)) * _TO_UNIT)


def bell_of(bits: NDArray[np.uint64], *, shift: int, width: int) -> NDArray[np.float64]:
    """About normal, mean 0, deviation 1, within ±3: the sum of three fields of `width` bits, the
    lowest at `shift`. Fields that do not overlap are independent throws."""
    mask = np.uint64((1 << width) - 1)
    total = (bits >> np.uint64(shift)) & mask
    total = total + (bits >> np.uint64(shift + width) & mask)
    total = total + (bits >> np.uint64(shift + 2 * width) & mask)
    scale = 2.0 / ((1 << width) - 1)
    return np.asarray(total.astype(np.float64) * scale - 3.0)


class Dice:
    """Throws of one stream. Counters are integers or int arrays that broadcast together."""

    def __init__(self, seed: int, stream: str) -> None:
        self._key = np.uint64(key_of(f"{seed}\n{stream}"))

    def bits(self, *counters: ArrayLike) -> NDArray[np.uint64]:
        """64 random bits each (splitmix64's finaliser, once a counter)."""
        return self.more(np.asarray(self._key), *counters)

    def more(self, begun: NDArray[np.uint64], *counters: ArrayLike) -> NDArray[np.uint64]:
        """The bits of `bits(*first, *counters)` where `begun` are those of `bits(*first)`: what is
        thrown again and again for the same subjects is begun once."""
        scalars = 0
        while begun.ndim == 0 and scalars < len(counters) and not np.ndim(counters[scalars]):
            begun = np.array(_mix(int(begun), int(counters[scalars])), np.uint64)  # type: ignore[arg-type]
            scalars += 1
        x = begun
        for counter in counters[scalars:]:
            x = (x ^ np.asarray(counter, np.int64).view(np.uint64)) + _STEP
            x = (x ^ (x >> np.uint64(30))) * _MIX1
            x = (x ^ (x >> np.uint64(27))) * _MIX2
            x = x ^ (x >> np.uint64(31))
        return x

    def unit(self, *counters: ArrayLike) -> NDArray[np.float64]:
        """Uniform in [0, 1)."""
        return unit_of(self.bits(*counters))

    def chance(self, p: float | NDArray[np.float64], *counters: ArrayLike) -> NDArray[np.bool_]:
        """True with probability p."""
        return np.asarray(self.unit(*counters) < p)

    def between(self, low: ArrayLike, high: ArrayLike, *counters: ArrayLike) -> NDArray[np.int64]:
        """Integers in [low, high)."""
        low = np.asarray(low, np.int64)
        width = np.asarray(high, np.int64) - low
        return np.asarray(low + np.floor(self.unit(*counters) * width).astype(np.int64))

    def bell(self, *counters: ArrayLike) -> NDArray[np.float64]:
        """About normal, mean 0, deviation 1, within ±3.5: a sum of four 16-bit uniforms."""
        bits = self.bits(*counters)
        low = np.uint64(0xFFFF)
        total = (bits & low) + (bits >> np.uint64(16) & low)
        total = total + (bits >> np.uint64(32) & low) + (bits >> np.uint64(48))
        return np.asarray((total.astype(np.float64) / 65536.0 - 2.0) * 1.7320508075688772)

    def pick(self, n: int, *counters: int) -> int:
        """One integer in [0, n)."""
        return int(self.between(0, n, *counters))
