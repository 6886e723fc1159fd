"""What the engine asks of a kind, and what a kind is given.

A round goes: every kind's `fire`, then the facts are adopted, then every kind's `apply`; after
the last round every kind's `sweep`. A kind changes state through columns only.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Generic, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from rules.columns import State
from rules.facts import Facts, News
from rules.frame import Round
from rules.hearing import Talk
from rules.lifecycle import Teller
from rules.parameters import Parameters
from rules.parts import Block
from rules.world import World
from schemas.alerts import Category

B = TypeVar("B", bound=Block)
C = TypeVar("C", bound=Block)


@dataclass(frozen=True)
class Setting(Generic[B]):
    """`prefix` starts the names of the block's own columns. A kind whose state calm rows change
    says `disturb(elders)` before a timer of theirs judges it or changes it."""

    block: B
    prefix: str
    state: State
    facts: Facts
    teller: Teller
    disturb: Callable[[NDArray[Any]], None]

    def rests(self, elders: NDArray[Any], times: NDArray[Any]) -> NDArray[np.bool_]:
        """Whether the rule raises nothing for an elder at a time: a care rule while away."""
        if self.teller.rule.category is not Category.CARE:
            return np.zeros(len(elders), bool)
        return self.facts.away.at(elders, times)

    def of(self, block: C) -> Setting[C]:
        """The same setting, knowing which block it is."""
        return replace(self, block=block)  # type: ignore[return-value,arg-type]


class Kind(Protocol):
    def follow(self, world: World, parameters: Parameters) -> None:
        """The registry changed; the tables have grown to it."""

    def fire(self, rows: Round, news: News) -> None:
        """Fire what is due for the subjects of rows that are about to change their state: by
        the row's watermark, or by its own time where its device is the subject's source."""

    def apply(self, rows: Round, news: News) -> None:
        """Judge the rows."""

    def sweep(self, watermark: int) -> None:
        """Fire whatever is due by the watermark."""

    def forget(self) -> None:
        """The state was changed from outside (rollback, restore): trust no shortcut."""


class Listener(Protocol):
    """A kind that judges silence, by received time."""

    def follow(self, world: World, parameters: Parameters) -> None:
        """The registry changed; the hearing has followed it already."""

    def judge(self, talk: Talk) -> None:
        """Judge a batch that the hearing has not taken note of yet."""

    def restart(self) -> None:
        """Count all silences anew."""

    def forget(self) -> None:
        """The state was changed from outside (rollback, restore): trust no shortcut."""
