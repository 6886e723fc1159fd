"""From which rates on the rules speak, for one elder: the lines of the charts."""

from collections.abc import Callable, Mapping
from typing import NamedTuple


class Reach(NamedTuple):
    """Alarming at `low` or lower and at `high` or higher."""

    low: float
    high: float


class Limits(NamedTuple):
    heart_rate: Reach
    respiratory_rate: Reach


class Settings(NamedTuple):
    """What the rules' figures may depend on. `overrides`: (rule, parameter) → the value."""

    living: str
    care_level: int
    overrides: Mapping[tuple[str, str], str]


LimitsOf = Callable[[Settings], Limits]

NEWS2 = Limits(Reach(40, 131), Reach(8, 25))
"""The rules' defaults: what scores 3 by itself (NEWS2, Royal College of Physicians, 2017)."""


def usual(_settings: Settings) -> Limits:
    """The defaults for everybody; the composition root passes what the site's rules say."""
    return NEWS2
