"""Verdicts to figures: shares, times and rates, each with what it was made of. Pure."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from statistics import quantiles
from typing import NamedTuple
from zoneinfo import ZoneInfo

from schemas.alerts import Severity
from stations.ladder import LEVELS
from stations.report.answers import CONFIRMED, Verdict
from store.stations_report import Population

ANSWERED_S = (60, 180)
"""Marks of the TSA quality standard: 97.5 % within 60 s, 99 % within 180 s."""
ARRIVED_S = 900
"""15分钟养老服务圈."""
_REPEATS = 3
"""False alarms in a month from which a device is named."""
_NIGHT = (22, 6)  # local hours


class Figure(NamedTuple):
    """`value` is `part` ÷ `whole` where these are given; None: nothing to count."""

    group: str
    """`red`, `orange`, `incidents`, `desks`, `devices`, `care`."""
    slice: str
    """`all`, `covered`, `uncovered`, `late`, or the id that the figure is about."""
    measure: str
    value: float | None
    unit: str
    part: float | None = None
    whole: float | None = None


def answering(verdicts: Sequence[Verdict]) -> list[Figure]:
    """Per red and orange: answered in 60 and 180 s, how soon, by which level, arrived in 15 min;
    whole, in covered and uncovered hours, and late ones apart. Tests are left out."""
    real = [v for v in verdicts if not v.case.test]
    slices: dict[str, Callable[[Verdict], bool]] = {
        "all": lambda v: not v.case.late,
        "covered": lambda v: not v.case.late and v.covered,
        "uncovered": lambda v: not v.case.late and not v.covered,
        "late": lambda v: v.case.late,
    }
    return [
        figure
        for severity in (Severity.RED, Severity.ORANGE)
        for name, takes in slices.items()
        for figure in _answers(
            str(severity), name, [v for v in real if v.case.severity == severity and takes(v)]
        )
    ]


def _answers(group: str, name: str, verdicts: Sequence[Verdict]) -> Iterable[Figure]:
    times = [v.answered_s for v in verdicts if v.answered_s is not None]
    count = len(verdicts)
    yield Figure(group, name, "incidents", count, "")
    for mark in ANSWERED_S:
        in_time = sum(t <= mark for t in times)
        yield _share(group, name, f"answered_{mark}", in_time, count)
    yield Figure(group, name, "never_answered", count - len(times), "")
    for percent in (50, 95):
        yield Figure(group, name, f"answer_p{percent}", _percentile(times, percent), "s")
    for level in LEVELS:
        at = sum(v.answered_by == level for v in verdicts)
        yield _share(group, name, f"answered_by_{level}", at, count)
    if group == Severity.RED:
        going = [v for v in verdicts if v.must_go]
        arrived = sum(v.arrived_s is not None and v.arrived_s <= ARRIVED_S for v in going)
        yield _share(group, name, "arrived_15", arrived, len(going))


def outcomes(verdicts: Sequence[Verdict], *, elder_months: float) -> list[Figure]:
    """How incidents ended, and false alarms beside confirmed events, per elder-month."""
    closed = [v.case for v in verdicts if v.case.state == "closed" and not v.case.test]
    by_outcome = Counter(case.outcome or "" for case in closed)
    false = by_outcome["false_alarm"]
    confirmed = sum(by_outcome[word] for word in CONFIRMED)
    tests = sum(v.case.test for v in verdicts)
    return [
        Figure("incidents", "all", "opened", len(verdicts) - tests, ""),
        Figure("incidents", "all", "tests", tests, ""),
        Figure("incidents", "all", "closed", len(closed), ""),
        *(
            Figure("incidents", word, "outcome", count, "")
            for word, count in sorted(by_outcome.items())
        ),
        _share("incidents", "all", "false_alarm_rate", false, len(closed)),
        _share("incidents", "all", "false_per_elder_month", false, elder_months, unit=""),
        _share("incidents", "all", "confirmed_per_elder_month", confirmed, elder_months, unit=""),
    ]


def desks(joins: Mapping[str, Sequence[datetime]], *, zone: ZoneInfo, nights: int) -> list[Figure]:
    """Incidents that reached each desk between 22:00 and 06:00, per night; and the worst night."""
    found = []
    for station, times in sorted(joins.items()):
        by_night = Counter(night for t in times if (night := _night(t, zone)) is not None)
        total = sum(by_night.values())
        found.append(_share("desks", station, "per_night", total, nights, unit=""))
        worst = max(by_night.values(), default=0)
        found.append(Figure("desks", station, "worst_night", worst, ""))
    return found


def repeat_devices(verdicts: Sequence[Verdict]) -> list[Figure]:
    """Devices behind three or more incidents that ended as false alarms, the worst first."""
    false = Counter(
        device for v in verdicts if v.case.outcome == "false_alarm" for device in v.case.devices
    )
    worst = sorted(false.items(), key=lambda item: (-item[1], item[0]))
    return [
        Figure("devices", device, "false_alarms", count, "")
        for device, count in worst
        if count >= _REPEATS
    ]


def care(population: Iterable[Population]) -> list[Figure]:
    """月探访率."""
    people = list(population)
    visited, wanted = sum(p.visited for p in people), sum(p.to_visit for p in people)
    return [
        Figure("care", "all", "elders", sum(p.elders for p in people), ""),
        _share("care", "all", "visit_rate", visited, wanted),
    ]


def coverage(gaps: Mapping[str, Sequence[tuple[datetime, datetime]]]) -> list[Figure]:
    """Hours of the month in which nobody's shift ran, by desk."""
    return [
        Figure("desks", station, "uncovered_hours", _hours(spans), "h")
        for station, spans in sorted(gaps.items())
    ]


def _hours(spans: Sequence[tuple[datetime, datetime]]) -> float:
    return sum((end - start for start, end in spans), timedelta()) / timedelta(hours=1)


def _share(
    group: str, name: str, measure: str, part: float, whole: float, *, unit: str = "%"
) -> Figure:
    scale = 100 if unit == "%" else 1
    value = scale * part / whole if whole else None
    return Figure(group, name, measure, value, unit, part, whole)


def _percentile(values: Sequence[float], percent: int) -> float | None:
    if len(values) < 2:
        return values[0] if values else None
    return quantiles(values, n=100, method="inclusive")[percent - 1]


def _night(when: datetime, zone: ZoneInfo) -> int | None:
    """The night a moment falls into, as the ordinal of the day on which it began."""
    local = when.astimezone(zone)
    if local.hour >= _NIGHT[0]:
        return local.toordinal()
    return local.toordinal() - 1 if local.hour < _NIGHT[1] else None
