"""The canonical quantities: what a device can say, in which unit, and what is plausible.

The plausible ranges are the project's own: wide enough for any living person and any device in
order, narrow enough to catch a sentinel (255, -1) or a wrong unit. Enumerations are stored as
small integers; -1 is *unknown* everywhere, and NaN is unknown for numbers.
"""

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

UNKNOWN = -1


class Fall(IntEnum):
    """What a fall sensor says of the person."""

    NONE = 0
    SUSPECTED = 1
    CONFIRMED = 2
    CLEARED = 3


class Sos(IntEnum):
    """What a button says; every `PRESSED` is a press."""

    CANCELLED = 0
    PRESSED = 1
    TEST = 2


@dataclass(frozen=True, slots=True)
class Number:
    """A number: float32 in a batch, NaN where unknown; stored as an integer of `step`s."""

    name: str
    unit: str
    low: float
    high: float
    step: float
    """Stored precision; values are rounded to it before rules see them (half to even)."""

    def to_steps(self, values: NDArray[np.floating]) -> NDArray[np.int16]:
        """Whole steps, as they are stored. Every value must be known and plausible."""
        return np.rint(values.astype(np.float64) * round(1 / self.step)).astype(np.int16)

    def from_steps(self, steps: NDArray[np.integer]) -> NDArray[np.float32]:
        """The float32 values that rules see; the same for a fresh and for a stored reading."""
        return (steps / round(1 / self.step)).astype(np.float32)


@dataclass(frozen=True, slots=True)
class Choice:
    """A boolean or an enumeration: int8 in a batch, -1 where unknown."""

    name: str
    values: tuple[str, ...]
    """Words in the order of their codes; a boolean's are `false`, `true`."""

    @property
    def is_bool(self) -> bool:
        return self.values == ("false", "true")

    def code(self, word: str) -> int:
        """Code of a word; ValueError names the words that would do."""
        try:
            return self.values.index(word)
        except ValueError:
            known = ", ".join(self.values)
            raise ValueError(f"{self.name} is one of {known}; got {word!r}") from None


_BOOL = ("false", "true")

NUMBERS: tuple[Number, ...] = (
    Number("heart_rate", "/min", 20, 250, 0.1),
    Number("respiratory_rate", "/min", 3, 80, 0.1),
    Number("movement", "%", 0, 100, 0.1),
    Number("battery", "%", 0, 100, 1),
    Number("signal", "dBm", -150, 0, 1),
)

CHOICES: tuple[Choice, ...] = (
    Choice("in_bed", _BOOL),
    Choice("presence", _BOOL),
    Choice("fall", tuple(f.name.lower() for f in Fall)),
    Choice("sos", tuple(s.name.lower() for s in Sos)),
    Choice("tamper", _BOOL),
)

QUANTITIES: dict[str, Number | Choice] = {
    **{q.name: q for q in NUMBERS},
    **{q.name: q for q in CHOICES},
}
