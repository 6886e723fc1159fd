"""Found and missed, how late, false alarms, and what they mean for a desk at night."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from typing import NamedTuple
from zoneinfo import ZoneInfo

from schemas.alerts import Alert, Severity
from schemas.times import DAY, HOUR, SECOND, from_micros, to_micros
from simulator.score.coverage import Coverage
from simulator.score.matching import Finding, Matching

MONTH = 30 * DAY
NIGHT = (22, 6)
"""Local hours."""
FOR_DOCTORS = frozenset({"vital-trend"})
"""Goes to the contracted family doctor, not to the staff."""


class Period(NamedTuple):
    """What the figures are about: µs UTC, and how many elders."""

    start: int
    end: int
    elders: int

    @property
    def elder_months(self) -> float:
        """Of 30 days."""
        return self.elders * (self.end - self.start) / MONTH


class Delay(NamedTuple):
    """Seconds."""

    p50: float
    p95: float
    max: float


class Sensitivity(NamedTuple):
    """Of one kind of incident and one severity: `found` of `expected` at all, `in_time` by when the
    truth asked for it."""

    kind: str
    severity: Severity
    expected: int
    found: int
    in_time: int
    delay: Delay | None


class FalseAlarms(NamedTuple):
    """Of one rule and severity."""

    rule: str
    severity: Severity
    alerts: int
    per_elder_month: float


class Nights(NamedTuple):
    """Alerts of one desk in the nights of the period: those that it got because it was the nearest
    with somebody on duty."""

    desk: str
    nights: int
    alerts: int
    false: int
    most: int

    @property
    def per_night(self) -> float:
        return self.alerts / self.nights


def sensitivity(findings: Iterable[Finding]) -> list[Sensitivity]:
    """By kind, the gravest severity first."""
    by: defaultdict[tuple[str, Severity], list[Finding]] = defaultdict(list)
    for finding in findings:
        by[str(finding.incident.kind), finding.expected.severity].append(finding)
    order = sorted(by, key=lambda k: (k[0], -k[1].rank))
    return [_sensitivity(kind, severity, by[kind, severity]) for kind, severity in order]


def _sensitivity(kind: str, severity: Severity, findings: Sequence[Finding]) -> Sensitivity:
    delays = sorted(f.delay / SECOND for f in findings if f.delay is not None)
    return Sensitivity(
        kind,
        severity,
        expected=len(findings),
        found=len(delays),
        in_time=sum(f.in_time for f in findings),
        delay=Delay(quantile(delays, 0.5), quantile(delays, 0.95), delays[-1]) if delays else None,
    )


def quantile(ordered: Sequence[float], q: float) -> float:
    """The smallest value that at least a share q does not exceed."""
    return ordered[min(len(ordered) - 1, max(0, -int(-q * len(ordered) // 1) - 1))]


def false_alarms(matching: Matching, period: Period) -> list[FalseAlarms]:
    """By rule, the most frequent first."""
    counts = Counter((a.rule, a.severity) for a in matching.false)
    return [
        FalseAlarms(rule, severity, n, n / period.elder_months)
        for (rule, severity), n in sorted(counts.items(), key=lambda c: (-c[1], c[0]))
    ]


def false_rate(rows: Iterable[FalseAlarms], severity: Severity | None = None) -> float:
    """Per elder-month: of one severity, or of everything that staff see."""
    return sum(
        row.per_elder_month
        for row in rows
        if (row.severity is severity if severity else row.rule not in FOR_DOCTORS)
    )


def nights(matching: Matching, coverage: Coverage, period: Period) -> list[Nights]:
    """By desk, the busiest first; desks that had no alert at night are left out."""
    per_night: defaultdict[str, Counter[str]] = defaultdict(Counter)
    false: Counter[str] = Counter()
    for alert in matching.alerts:
        if alert.rule in FOR_DOCTORS:
            continue
        at = to_micros(alert.onset)
        desk = coverage.desk(alert.home, at)
        if desk and (night := _night(at, coverage.zone_of(desk))):
            per_night[desk][night] += 1
            false[desk] += not matching.justified[alert.id]
    number = max(1, round((period.end - period.start) / DAY))
    rows = [
        Nights(desk, number, counts.total(), false[desk], max(counts.values()))
        for desk, counts in per_night.items()
    ]
    return sorted(rows, key=lambda r: (-r.alerts, r.desk))


def _night(at: int, zone: str) -> str:
    """The date of the night's evening; "" by day."""
    begins, ends = NIGHT
    local = from_micros(at).astimezone(ZoneInfo(zone))
    if ends <= local.hour < begins:
        return ""
    evening = from_micros(at - (24 - begins + ends) * HOUR).astimezone(ZoneInfo(zone))
    return f"{evening if local.hour < ends else local:%Y-%m-%d}"


def missed(matching: Matching) -> list[Finding]:
    """Expectations that nothing met, by time."""
    return sorted(
        (f for f in matching.findings if f.known is None), key=lambda f: f.expected.known_by
    )


def loudest(alerts: Iterable[Alert], most: int = 50) -> list[Alert]:
    """False alarms that somebody should look at first: by severity, then time."""
    return sorted(alerts, key=lambda a: (-a.severity.rank, a.onset))[:most]
