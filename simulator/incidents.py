"""What will happen: the plan of incidents, and with it the truth about what must be known by when.

A plan without end is made as it is asked for. Its k-th incident depends on the seed, on k and on
which homes are still busy with an earlier one: seeded incidents never overlap in one home, so
that each line of the truth stands for itself. (Staged ones may, in a fleet too small for them.)
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from itertools import count, takewhile

from schemas.directory import Directory
from schemas.times import DAY, HOUR, MINUTE, SECOND
from simulator.candidates import Candidate, Candidates
from simulator.dice import Dice, key_of
from simulator.fleet import CANONICAL, VS373, WS101, Z2M_SOS
from simulator.kinds import Expected, Incident, Kind, free_again, make_incident
from simulator.roster import Roster
from simulator.routine import Routine

__all__ = ["Expected", "Incident", "Kind", "Plan", "plan"]


@dataclass(frozen=True)
class _Scene:
    """A staged incident: seconds after the start, on a device of which profile, and whether
    simulated staff answer it."""

    after: int
    kind: Kind
    profile: str
    answered: bool


_SCENES = (
    _Scene(3, Kind.SOS, CANONICAL, answered=True),
    _Scene(5, Kind.HEART_RATE, CANONICAL, answered=True),
    _Scene(6, Kind.SOS, Z2M_SOS, answered=False),
    _Scene(9, Kind.SOS, WS101, answered=True),
    _Scene(12, Kind.FALL, VS373, answered=False),
    _Scene(15, Kind.SUSPECTED_FALL, CANONICAL, answered=True),
)

_CYCLE = (
    Kind.SOS,
    Kind.FALL,
    Kind.HEART_RATE,
    Kind.SOS,
    Kind.SUSPECTED_FALL,
    Kind.NIGHT_ABSENCE,
    Kind.SOS,
    Kind.SLOW_FALL,
    Kind.SILENT,
)
_STAGED_EVERY = 200 * MINUTE
"""In a demo each home has an incident so often: one a minute for 200 homes."""
_ORDINARY_EVERY = 10 * DAY
"""Outside a demo: far above life's own rate, so that short runs have something to score."""
_FIRST_SEEDED = 45 * SECOND
_TRIES = 40
_SETTLED = 45 * MINUTE
"""Quiet time in bed before a night absence; the rule asks for 30 min."""
_ABSENT = (10 * HOUR + 15 * MINUTE, 16 * HOUR + 40 * MINUTE)
"""Local 22:15 to 04:40, as time after noon: both steps are reached inside the night."""


@dataclass(frozen=True)
class Plan:
    """Incidents from `start` to `until` (µs UTC; None: without end), in the order of `at`."""

    start: int
    until: int | None
    _staged: tuple[Incident, ...]
    _left_alone: frozenset[str]
    _seeded: _Seeded

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
    scenes, left_alone = _stage(candidates, start, until) if staged else ((), frozenset())
    seeded = _Seeded(
        candidates=candidates,
        routine=Routine(roster.people, roster.zones, seed),
        person={id_: row for row, id_ in enumerate(roster.people.ids)},
        dice=Dice(seed, "incidents"),
        start=start,
        until=until,
        every=_spacing(len(directory.homes), start, until, staged=staged),
    )
    return Plan(start, until, scenes, left_alone, seeded)


def _spacing(homes: int, start: int, until: int | None, *, staged: bool) -> int:
    if staged:
        return min(MINUTE, _STAGED_EVERY // max(1, homes))
    every = _ORDINARY_EVERY // max(1, homes)
    return every if until is None else min(every, (until - start) // (len(_CYCLE) + 1))


def _stage(
    candidates: Candidates, start: int, until: int | None
) -> tuple[tuple[Incident, ...], frozenset[str]]:
    """One incident a scene, in homes of their own and communities by turns where there are."""
    made: list[Incident] = []
    left_alone: set[str] = set()
    for scene in _SCENES:
        at = start + scene.after * SECOND
        if until is not None and at >= until:
            continue
        wanted = [c for c in candidates.of(scene.kind) if c.profile == scene.profile]
        if not wanted:
            continue
        chosen = min(wanted, key=lambda c: _taken(c, made))
        made.append(_happen(scene.kind, chosen, at, repeat=False))
        if not scene.answered:
            left_alone.add(chosen.home)
    return tuple(made), frozenset(left_alone)


def _taken(candidate: Candidate, made: list[Incident]) -> tuple[int, int]:
    same_home = sum(i.home == candidate.home for i in made)
    return same_home, sum(i.area == candidate.area for i in made)


def _happen(kind: Kind, who: Candidate, at: int, *, repeat: bool) -> Incident:
    return make_incident(
        kind,
        home=who.home,
        elder=who.elder,
        device=who.device,
        area=who.area,
        at=at,
        repeat=repeat,
    )


@dataclass
class _Turns:
    """Whose turn it is for each kind, and which kinds could not happen in their slot.

    A night absence is owed from the start: few slots of a short run lie in its hours.
    """

    next: dict[Kind, int] = field(default_factory=lambda: dict.fromkeys(Kind, 0))
    owed: list[Kind] = field(default_factory=lambda: [Kind.NIGHT_ABSENCE])

    def settle(self, kind: Kind, *, happened: Kind) -> None:
        """The slot was `kind`'s; each kind is owed once at most."""
        if happened in self.owed:
            self.owed.remove(happened)
        if kind is not happened and kind not in self.owed:
            self.owed.append(kind)


@dataclass(frozen=True)
class _Seeded:
    """The endless part: one slot every `every` µs, filled if a suitable home is free."""

    candidates: Candidates
    routine: Routine
    person: dict[str, int]
    dice: Dice
    start: int
    until: int | None
    every: int

    def walk(self, busy: dict[str, int]) -> Iterator[Incident]:
        """`busy`: until when each home is taken; changed in place."""
        if self.every <= 0:
            return
        turns = _Turns()
        for k in count():
            at = self.start + _FIRST_SEEDED + k * self.every + self._jitter(k)
            if self.until is not None and at >= self.until:
                return
            incident = self._fill(k, at, busy, turns)
            if incident is not None:
                busy[incident.home] = free_again(incident)
                yield incident

    def _jitter(self, k: int) -> int:
        return int(self.dice.between(0, max(1, self.every // 2), 1, k)) // 1000 * 1000

    def _fill(self, k: int, at: int, busy: dict[str, int], turns: _Turns) -> Incident | None:
        """What is owed first, then the cycle's kind, then SOS, which somebody free can have.

        A kind that nobody can have now (a night absence by day) is owed for later.
        """
        kind = _CYCLE[k % len(_CYCLE)]
        for wanted in dict.fromkeys([*turns.owed, kind, Kind.SOS]):
            who = self._free(wanted, at, busy, turns)
            if who is None:
                continue
            incident = _happen(wanted, who, at, repeat=bool(self.dice.chance(0.3, 2, k)))
            if self.until is None or incident.ends <= self.until:
                turns.settle(kind, happened=wanted)
                return incident
        return None

    def _free(self, kind: Kind, at: int, busy: dict[str, int], turns: _Turns) -> Candidate | None:
        some = self.candidates.of(kind)
        calm = at - _SETTLED if kind is Kind.NIGHT_ABSENCE else at
        for _ in range(min(_TRIES, len(some))):
            who = some[turns.next[kind] % len(some)]
            turns.next[kind] += 1
            if busy.get(who.home, self.start) <= calm and self._suits(kind, who, at):
                return who
        return None

    def _suits(self, kind: Kind, who: Candidate, at: int) -> bool:
        if kind is not Kind.NIGHT_ABSENCE:
            return True
        if who.elder is None or at < self.start + _SETTLED:
            return False
        row = self.person[who.elder]
        low, high = _ABSENT
        local = self.routine.local_since_noon(row, at)
        return low <= local < high and self.routine.in_bed_throughout(
            row, begin=at - _SETTLED, end=at
        )
