"""A demo's incidents without end: one slot after another, filled by whoever is free and fits.

Only what is over within an hour or so: `life` has the rest.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count

from schemas.times import HOUR, MINUTE, SECOND
from simulator.candidates import Candidates
from simulator.dice import Dice
from simulator.happen import free_again, happen
from simulator.kinds import Incident, Kind
from simulator.people import Candidate
from simulator.routine import Routine

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
_EVERY = 200 * MINUTE
"""Each home has an incident so often: one a minute for 200 homes."""
_FIRST_SEEDED = 45 * SECOND
_TRIES = 40
_SETTLED = 45 * MINUTE
"""Quiet time in bed before a night absence; the rule asks for 30 min."""
_ABSENT = (10 * HOUR + 15 * MINUTE, 16 * HOUR + 40 * MINUTE)
"""Local 22:15 to 04:40, as time after noon: both steps are reached inside the night."""


def spacing(homes: int) -> int:
    """µs between two slots."""
    return min(MINUTE, _EVERY // max(1, homes))


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
class Seeded:
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
                busy[incident.home or ""] = free_again(incident)
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
            incident = happen(wanted, who, at, repeat=bool(self.dice.chance(0.3, 2, k)))
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
