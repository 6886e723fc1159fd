"""Which alert belongs to what happened, and which to nothing.

An alert belongs to a line of the truth if the line names its rule (as one that must come, or as one
that is right), both speak of the same subject, and one of its steps lies within the line's time.
A line without device, elder, gateway and home speaks of everyone in its area.

Alerts that were decided late carry the device's own time, which may be wrong by hours: they belong
to lines of up to a day later, and count as known when the thing happened.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from schemas.alerts import Alert, Severity
from schemas.times import DAY, MINUTE, to_micros
from simulator.kinds import Expected, Incident

LEAD = 2 * MINUTE
"""Device clocks may be so fast."""
LATE = DAY

Key = tuple[str, str]


class Finding(NamedTuple):
    """One expectation of the truth, and what became of it. `known`: event time in µs UTC at which
    an alert reached the expected severity; None: it never did."""

    incident: Incident
    expected: Expected
    known: int | None

    @property
    def in_time(self) -> bool:
        return self.known is not None and self.known <= self.expected.known_by

    @property
    def delay(self) -> int | None:
        """µs from the beginning to its being known."""
        return None if self.known is None else max(0, self.known - self.incident.at)


@dataclass(frozen=True)
class Matching:
    """`justified`, by alert id: False where it belongs to nothing, or is louder than anything that
    it belongs to."""

    findings: tuple[Finding, ...]
    alerts: tuple[Alert, ...]
    justified: Mapping[str, bool]
    genuine: Mapping[str, Incident]
    """What an alert belongs to, where that was somebody in need and no fault."""

    @property
    def false(self) -> list[Alert]:
        return [a for a in self.alerts if not self.justified[a.id]]


def match(
    alerts: Iterable[Alert],
    truth: Iterable[Incident],
    *,
    areas_of_home: Mapping[str, Sequence[str]],
) -> Matching:
    """Test alerts are left out on both sides of the account: they are nobody's. A home's areas: its
    own and all above it, as a line of the truth may be about any of them."""
    counted = tuple(a for a in alerts if not a.test)
    lines = tuple(truth)
    index = _Index(lines)
    known: dict[tuple[int, int], int] = {}
    justified: dict[str, bool] = {}
    genuine: dict[str, Incident] = {}
    for alert in counted:
        granted = 0
        for k in index.candidates(alert, areas_of_home):
            line = lines[k]
            if not _within(alert, line):
                continue
            granted = max(granted, _granted(alert, line))
            if line.expected:
                genuine.setdefault(alert.id, line)
            _note(known, k, line, alert)
        justified[alert.id] = granted >= alert.severity.rank
    findings = tuple(
        Finding(line, expected, known.get((k, n)))
        for k, line in enumerate(lines)
        for n, expected in enumerate(line.expected)
    )
    return Matching(findings, counted, justified, genuine)


class _Index:
    """Lines of the truth by each subject that they name."""

    def __init__(self, lines: Sequence[Incident]) -> None:
        self._of: defaultdict[Key, list[int]] = defaultdict(list)
        for k, line in enumerate(lines):
            keys = list(_subjects(line)) or [("area", line.area)]
            for key in keys:
                self._of[key].append(k)

    def candidates(self, alert: Alert, areas_of_home: Mapping[str, Sequence[str]]) -> list[int]:
        keys = [("home", alert.home), ("gateway", alert.gateway), ("device", alert.device)]
        keys += [("elder", elder) for elder in (alert.elder, *(alert.elders or ()))]
        keys += [("area", area) for area in areas_of_home.get(alert.home or "", ())]
        found = {k for kind, id_ in keys if id_ for k in self._of.get((kind, id_), ())}
        return sorted(found)


def _subjects(line: Incident) -> Iterator[Key]:
    """A line that names a home speaks of all in it."""
    for kind in ("home", "gateway", "device", "elder"):
        if id_ := getattr(line, kind, None):
            yield kind, id_


def _within(alert: Alert, line: Incident) -> bool:
    rules = {e.rule for e in line.expected} | {r.rule for r in line.right}
    if alert.rule not in rules:
        return False
    lead = LATE if alert.late else LEAD
    last = max([line.ends + line.tail, *(e.known_by for e in line.expected)])
    return any(line.at - lead <= at <= last for at, _ in _steps(alert))


def _steps(alert: Alert) -> Iterator[tuple[int, Severity]]:
    for step in alert.steps:
        yield to_micros(step.at), step.severity


def _granted(alert: Alert, line: Incident) -> int:
    """The highest severity rank that the line calls right for the alert's rule."""
    ranks = [e.severity.rank for e in line.expected if e.rule == alert.rule]
    ranks += [(r.severity or Severity.RED).rank for r in line.right if r.rule == alert.rule]
    return max(ranks, default=0)


def _note(known: dict[tuple[int, int], int], k: int, line: Incident, alert: Alert) -> None:
    for n, expected in enumerate(line.expected):
        if expected.rule != alert.rule:
            continue
        reached = [
            max(at, line.at) if alert.late else at
            for at, severity in _steps(alert)
            if severity.rank >= expected.severity.rank and (alert.late or at >= line.at - LEAD)
        ]
        if reached:
            known[k, n] = min([*reached, known.get((k, n), reached[0])])
