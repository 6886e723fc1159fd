"""From moments at which something may happen to what is told of alerts."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import NamedTuple

from schemas.times import HOUR, MINUTE, SECOND

HIGH, LOW = 131, 40
ORANGE, RED, CLEAR = 120 * SECOND, 600 * SECOND, 60 * SECOND
STALE = 90 * SECOND
"""Three intervals of a mattress."""
LIMITS = (15 * MINUTE, 5 * MINUTE, 25 * HOUR)
"""Of silence, by kind of device: mattress, radar, button."""
WINDOW = 30 * SECOND
REJOIN = 30 * MINUTE
LATENESS = 5 * SECOND

_RANK = {"orange": 1, "red": 2, "blue": 1}


class Moment(NamedTuple):
    """`what`: a severity that is reached, or "" for clearing."""

    rule: str
    subject: int
    at: int
    what: str


class Told(NamedTuple):
    rule: str
    subject: int
    at: int
    kind: str
    severity: str


def tell(moments: Iterable[Moment]) -> list[Told]:
    """Raised, risen, cleared and reopened, for each subject in order of time."""
    of: defaultdict[tuple[str, int], list[Moment]] = defaultdict(list)
    for moment in moments:
        of[moment.rule, moment.subject].append(moment)
    told: list[Told] = []
    for theirs in of.values():
        theirs.sort(key=lambda m: (m.at, m.what != ""))
        told += _tell_one(theirs)
    return sorted(told)


def _tell_one(moments: list[Moment]) -> Iterable[Told]:
    is_open, cleared = "", -REJOIN - 1
    for rule, subject, at, what in moments:
        if rule == "sos":
            yield Told(rule, subject, at, "raised", what)
        elif not what:
            if is_open:
                yield Told(rule, subject, at, "cleared", is_open)
                is_open, cleared = "", at
        elif not is_open or _RANK[what] > _RANK[is_open]:
            kind = "severity" if is_open else "reopened" if at - cleared <= REJOIN else "raised"
            yield Told(rule, subject, at, kind, what)
            is_open = what
