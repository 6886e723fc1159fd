"""What will happen: the plan of incidents, and with it the truth about what must be known by when.

A plan without end is made as it is asked for. Its k-th incident depends on the seed, on k and on
which homes are still busy with an earlier one: seeded incidents never overlap in one home, so
that each line of the truth stands for itself. (Staged ones may, in a fleet too small for them.)
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import takewhile

from schemas.directory import Directory
from simulator.candidates import Candidates
from simulator.dice import Dice, key_of
from simulator.kinds import Expected, Incident, Kind, free_again
from simulator.roster import Roster
from simulator.routine import Routine
from simulator.schedule import Seeded, spacing
from simulator.staging import stage

__all__ = ["Expected", "Incident", "Kind", "Plan", "plan"]


@dataclass(frozen=True)
class Plan:
    """Incidents from `start` to `until` (µs UTC; None: without end), in the order of `at`."""

    start: int
    until: int | None
    _staged: tuple[Incident, ...]
    _left_alone: frozenset[str]
    _seeded: Seeded

    def __iter__(self) -> Iterator[Incident]:
        """From the first one on, anew at each call; memory is bounded by the number of homes."""
        yield from self._staged
        busy: dict[str, int] = {}
        for i in self._staged:
            busy[i.home] = max(free_again(i), busy.get(i.home, 0))
        yield from self._seeded.walk(busy)

    def before(self, at: int) -> list[Incident]:
        """Everything that begins before `at`: the truth of a run that was stopped then."""
        return list(takewhile(lambda i: i.at < at, self))

    @cached_property
    def incidents(self) -> tuple[Incident, ...]:
        """The whole truth; ValueError for a plan without end (use `before`)."""
        if self.until is None:
            raise ValueError("a plan without end has no last incident: use before(at)")
        return tuple(self)

    @property
    def staged(self) -> tuple[Incident, ...]:
        """The demo's first minute: something of each, in different communities by turns."""
        return self._staged

    def answered(self, home: str) -> bool:
        """Whether a demo's simulated duty staff should answer this home's incidents.

        The others (a quarter, and two of the staged ones) are left to climb.
        """
        if home in self._left_alone:
            return False
        if any(i.home == home for i in self._staged):
            return True
        return bool(self._seeded.dice.chance(0.75, 77, key_of(home)))


def plan(directory: Directory, *, seed: int, start: int, until: int | None, staged: bool) -> Plan:
    """The plan of a run (times in µs UTC).

    `staged`: the demo's plan, with the first minute's scenes and about one incident a minute for
    200 homes; otherwise one per home in ten days, each kind at least tried once in the run.
    """
    roster = Roster.of(directory)
    candidates = Candidates(directory, Dice(seed, "incidents"))
    scenes, left_alone = stage(candidates, start, until) if staged else ((), frozenset())
    seeded = Seeded(
        candidates=candidates,
        routine=Routine(roster.people, roster.zones, seed),
        person={id_: row for row, id_ in enumerate(roster.people.ids)},
        dice=Dice(seed, "incidents"),
        start=start,
        until=until,
        every=spacing(len(directory.homes), start, until, staged=staged),
    )
    return Plan(start, until, scenes, left_alone, seeded)
