"""Candidates in an order in which communities take turns: for a demo's plan."""

from collections import defaultdict
from functools import cache
from itertools import chain, zip_longest

import numpy as np

from schemas.directory import Directory
from simulator.dice import Dice
from simulator.kinds import Kind
from simulator.people import Candidate, can, everybody


class Candidates:
    """All of a directory's, by kind of incident."""

    def __init__(self, directory: Directory, dice: Dice) -> None:
        self._dice = dice
        self._all = list(chain.from_iterable(everybody(directory).values()))
        self.of = cache(self._of)
        """Those who can have a kind of incident; remembered."""

    def _of(self, kind: Kind) -> tuple[Candidate, ...]:
        return _by_turns([c for c in self._all if can(kind, c)], self._dice)


def _by_turns(some: list[Candidate], dice: Dice) -> tuple[Candidate, ...]:
    """Shuffled within each community, then one of each community after another."""
    order = np.argsort(dice.bits(900, range(len(some))), kind="stable")
    by_area: dict[str, list[Candidate]] = defaultdict(list)
    for k in order.tolist():
        by_area[some[k].area].append(some[k])
    columns = [by_area[a] for a in sorted(by_area)]
    return tuple(c for row in zip_longest(*columns) for c in row if c is not None)
