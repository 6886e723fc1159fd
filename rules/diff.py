"""What another catalogue says of the same readings: alerts added, lost and moved.

An alert of the old catalogue and one of the new are the same if they have the same id (rule,
subject and onset), severities and clearing. They are one that *moved* if the rule and the subject
are the same and the rest is not: of several, those whose onsets are nearest, at most `REACH`
apart. Whatever is left over was lost or added.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from schemas.alerts import Alert

REACH = timedelta(hours=12)
"""Half a day: what lies further apart belongs to another night."""

Subject = tuple[str, str]
Pair = tuple[Alert, Alert]


@dataclass
class RuleDifference:
    """Of one rule: how many alerts stayed as they were, and the others."""

    same: int = 0
    added: list[Alert] = field(default_factory=list)
    lost: list[Alert] = field(default_factory=list)
    moved: list[Pair] = field(default_factory=list)
    """(old, new)"""

    @property
    def old(self) -> int:
        return self.same + len(self.lost) + len(self.moved)

    @property
    def new(self) -> int:
        return self.same + len(self.added) + len(self.moved)


def compare(old: Iterable[Alert], new: Iterable[Alert]) -> dict[str, RuleDifference]:
    """By rule, in order of their ids; rules without any alert are left out."""
    by_rule: defaultdict[str, tuple[list[Alert], list[Alert]]] = defaultdict(lambda: ([], []))
    for side, alerts in enumerate((old, new)):
        for alert in alerts:
            by_rule[alert.rule][side].append(alert)
    return {rule: _compare_rule(*by_rule[rule]) for rule in sorted(by_rule)}


def subject(alert: Alert) -> Subject:
    """Whom an alert is about: device, else elder, else gateway."""
    for kind in ("device", "elder", "gateway"):
        if (id_ := getattr(alert, kind)) is not None:
            return kind, id_
    return "home", alert.home or ""


def _compare_rule(old: Sequence[Alert], new: Sequence[Alert]) -> RuleDifference:
    found = RuleDifference()
    left = {alert.id: alert for alert in new}
    gone: defaultdict[Subject, list[Alert]] = defaultdict(list)
    for alert in old:
        other = left.get(alert.id)
        if other is None:
            gone[subject(alert)].append(alert)
            continue
        del left[alert.id]
        if _course(alert) == _course(other):
            found.same += 1
        else:
            found.moved.append((alert, other))
    come: defaultdict[Subject, list[Alert]] = defaultdict(list)
    for alert in left.values():
        come[subject(alert)].append(alert)
    for who in gone.keys() | come.keys():
        _pair(gone[who], come[who], found)
    found.moved.sort(key=lambda pair: (pair[0].onset, pair[0].id))
    for alerts in (found.added, found.lost):
        alerts.sort(key=lambda a: (a.onset, a.id))
    return found


def _pair(gone: list[Alert], come: list[Alert], found: RuleDifference) -> None:
    """Nearest onsets first."""
    near = sorted(
        (abs(a.onset - b.onset), a.id, b.id)
        for a in gone
        for b in come
        if abs(a.onset - b.onset) <= REACH
    )
    olds, news = {a.id: a for a in gone}, {b.id: b for b in come}
    for _, one, other in near:
        if one in olds and other in news:
            found.moved.append((olds.pop(one), news.pop(other)))
    found.lost += olds.values()
    found.added += news.values()


def _course(alert: Alert) -> tuple[object, ...]:
    steps = [(step.severity, step.at) for step in alert.steps]
    return steps, alert.cleared, alert.late, alert.test
