"""What will happen: the plan of incidents, and with it the truth about what must be known by when.

A demo's plan has no end and is made as it is asked for. Outside a demo what happens is thrown for
each home and day. Incidents never overlap in one home (but for illnesses, with which people live
on), so that each line of the truth stands for itself. (Staged ones may, in a fleet too small for
them.)
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import takewhile

from schemas.directory import Directory
from simulator.candidates import Candidates
from simulator.days import Days
from simulator.dice import Dice, key_of
from simulator.faults.schedule import Mishaps
from simulator.happen import free_again
from simulator.kinds import Expected, Fault, Incident, Kind, Right
from simulator.life import Life, usual_rate
from simulator.roster import Roster
from simulator.routine import Routine
from simulator.schedule import Seeded, spacing
from simulator.staging import stage

__all__ = ["Expected", "Fault", "Incident", "Kind", "Plan", "Right", "plan"]


@dataclass(frozen=True)
class Plan:
    """Incidents from `start` to `until` (µs UTC; None: without end), in the order of `at`.

    `faults`: what goes wrong in this run; episodes of them are among the incidents.
    """

    start: int
    until: int | None
    faults: frozenset[Fault]
    staged: tuple[Incident, ...]
    """The demo's first minute: something of each, in different communities by turns."""
    _left_alone: frozenset[str]
    _dice: Dice
    _rest: Callable[[dict[str, int]], Iterator[Incident]]

    def __iter__(self) -> Iterator[Incident]:
        """From the first one on, anew at each call; memory is bounded by the number of homes."""
        yield from self.staged
        busy: dict[str, int] = {}
        for i in self.staged:
            busy[i.home or ""] = max(free_again(i), busy.get(i.home or "", 0))
        yield from self._rest(busy)

    def before(self, at: int) -> list[Incident]:
        """Everything that begins before `at`: the truth of a run that was stopped then."""
        return list(takewhile(lambda i: i.at < at, self))

    @cached_property
    def incidents(self) -> tuple[Incident, ...]:
        """The whole truth; ValueError for a plan without end (use `before`)."""
        if self.until is None:
            raise ValueError("a plan without end has no last incident: use before(at)")
        return tuple(self)

    def answered(self, home: str | None) -> bool:
        """Whether a demo's simulated duty staff should answer this home's incidents.

        The others (a quarter, and two of the staged ones) are left to climb.
        """
        if home in self._left_alone:
            return False
        if any(i.home == home for i in self.staged):
            return True
        return bool(self._dice.chance(0.75, 77, key_of(home or "")))


def plan(
    directory: Directory,
    *,
    seed: int,
    start: int,
    until: int | None,
    staged: bool,
    faults: frozenset[Fault] = frozenset(),
    every: float | None = None,
) -> Plan:
    """The plan of a run (times in µs UTC).

    `staged`: the demo's plan, with the first minute's scenes and about one incident a minute for
    200 homes, and without faults. Otherwise `every` incidents a home and day of all kinds (None:
    one in ten days, more in a run too short to have many), and the `faults` that are asked for. A
    part of a directory meets the same as it does in the whole, if `every` is the same.
    """
    dice = Dice(seed, "incidents")
    roster = Roster.of(directory)
    rows = {id_: row for row, id_ in enumerate(roster.people.ids)}
    routine = Routine(roster.people, roster.zones, seed)
    if staged:
        candidates = Candidates(directory, dice)
        scenes, left_alone = stage(candidates, start, until)
        every_us = spacing(len(directory.homes))
        seeded = Seeded(candidates, routine, rows, dice, start, until, every_us)
        return Plan(start, until, frozenset(), scenes, left_alone, dice, seeded.walk)
    every = usual_rate(len(directory.homes), start, until) if every is None else every
    life = Life(directory, routine, seed=seed, start=start, rows=rows, every=every)
    days = Days(life, Mishaps(directory, faults, seed), directory, start=start, until=until)
    return Plan(start, until, faults, (), frozenset(), dice, days.walk)
