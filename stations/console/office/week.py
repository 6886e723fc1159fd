"""A week of a station's calendar, laid out day by day in its own zone. Pure."""

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from stations import duty
from stations.duty import Run
from store.console_duty import Special, Worked
from store.stations_duty import Calendar


class Span(NamedTuple):
    """A shift of the calendar, or (`staff` None) a gap in it. `confirmed`: when its worker said
    that they were there."""

    starts: datetime
    ends: datetime
    staff: str | None = None
    confirmed: datetime | None = None


class Day(NamedTuple):
    """`spans`: shifts that begin on the day and the day's gaps, in order."""

    date: date
    spans: list[Span]
    special: list[Special]


def days(
    calendar: Calendar,
    zone: ZoneInfo,
    monday: date,
    *,
    worked: Sequence[Worked],
    special: Sequence[Special],
) -> list[Day]:
    """Seven days from `monday` on. A shift stands on the day on which it begins."""
    start, end = bounds(monday, zone)
    runs = duty.runs(calendar, zone, start, end)
    gaps = duty.gaps(calendar, zone, start, end)
    found = []
    for n in range(7):
        day = monday + timedelta(days=n)
        first, last = _moment(day, zone), _moment(day + timedelta(days=1), zone)
        shifts = [
            Span(run.starts, run.ends, run.staff, _confirmed(run, worked))
            for run in runs
            if first <= run.starts < last or (n == 0 and run.starts < first)
        ]
        free = [Span(max(a, first), min(b, last)) for a, b in gaps if a < last and b > first]
        spans = sorted(shifts + free, key=lambda span: span.starts)
        found.append(Day(day, spans, [s for s in special if s.day == day]))
    return found


def bounds(monday: date, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """[first moment, first moment after] of a week."""
    return _moment(monday, zone), _moment(monday + timedelta(days=7), zone)


def gap_hours(week: Sequence[Day]) -> float:
    """How long nobody is to be there."""
    gaps = [s.ends - s.starts for day in week for s in day.spans if s.staff is None]
    return sum(gaps, timedelta()) / timedelta(hours=1)


def _moment(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time(), zone)


def _confirmed(run: Run, worked: Sequence[Worked]) -> datetime | None:
    """When the worker confirmed the shift, or one that ran into it."""
    for shift in worked:
        until = shift.ended_at or shift.ends_at
        if shift.staff == run.staff and shift.confirmed_at < run.ends and until > run.starts:
            return shift.confirmed_at
    return None
