"""A week of a station's calendar, laid out day by day in its own zone. Pure."""

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from stations import duty
from stations.duty import Run
from store.console_duty import Special, Worked
from store.stations_duty import Calendar


class Planned(NamedTuple):
    """A shift of the calendar. `confirmed`: the worker said that they were there, when."""

    run: Run
    confirmed: datetime | None


class Day(NamedTuple):
    """`gaps`: spans of the day without a shift in the calendar, UTC."""

    date: date
    planned: list[Planned]
    gaps: list[tuple[datetime, datetime]]
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
        planned = [
            Planned(run, _confirmed(run, worked))
            for run in runs
            if first <= run.starts < last or (n == 0 and run.starts < first)
        ]
        own = [(max(a, first), min(b, last)) for a, b in gaps if a < last and b > first]
        found.append(Day(day, planned, own, [s for s in special if s.day == day]))
    return found


def bounds(monday: date, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """[first moment, first moment after] of a week."""
    return _moment(monday, zone), _moment(monday + timedelta(days=7), zone)


def hours(gaps: Sequence[tuple[datetime, datetime]]) -> float:
    """Their length together."""
    return sum((end - start for start, end in gaps), timedelta()) / timedelta(hours=1)


def _moment(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time(), zone)


def _confirmed(run: Run, worked: Sequence[Worked]) -> datetime | None:
    """When the worker confirmed the shift, or one that ran into it."""
    for shift in worked:
        until = shift.ended_at or shift.ends_at
        if shift.staff == run.staff and shift.confirmed_at < run.ends and until > run.starts:
            return shift.confirmed_at
    return None
