"""When a station's workers are to be there: weekly shifts and dated exceptions in its own zone,
over midnight and daylight saving. Pure."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from schemas.directory import WEEKDAYS
from store.stations_duty import Calendar, Shift


class Run(NamedTuple):
    """One shift as it runs, UTC."""

    starts: datetime
    ends: datetime
    staff: str


def runs(calendar: Calendar, zone: ZoneInfo, start: datetime, end: datetime) -> list[Run]:
    """Every shift that touches [start, end), in order of its start."""
    first = start.astimezone(zone).date() - timedelta(days=1)
    days = (end.astimezone(zone).date() - first).days + 1
    found = (run for n in range(days) for run in _of_day(calendar, first + timedelta(days=n), zone))
    return sorted(run for run in found if run.starts < end and run.ends > start)


def on_duty(calendar: Calendar, zone: ZoneInfo, now: datetime) -> list[str]:
    """Who is to be there at `now`, each once."""
    at_work = runs(calendar, zone, now, now + timedelta(microseconds=1))
    return list(dict.fromkeys(run.staff for run in at_work))


def gaps(
    calendar: Calendar, zone: ZoneInfo, start: datetime, end: datetime
) -> list[tuple[datetime, datetime]]:
    """The spans of [start, end) in which nobody is to be there, in order, UTC."""
    found, free = [], start
    for run in runs(calendar, zone, start, end):
        if run.starts > free:
            found.append((free, run.starts))
        free = max(free, run.ends)
    if free < end:
        found.append((free, end))
    return found


def end_of_shift(
    calendar: Calendar, zone: ZoneInfo, staff: str, now: datetime, *, early: timedelta
) -> datetime | None:
    """When the worker's shift ends that runs now or begins within `early`, shifts that follow
    without a break included; None if the calendar has none for them."""
    ends: datetime | None = None
    for run in runs(calendar, zone, now, now + timedelta(days=2)):
        if run.staff == staff and run.starts <= (ends or now + early):
            ends = max(run.ends, ends or run.ends)
    return ends


def _of_day(calendar: Calendar, day: date, zone: ZoneInfo) -> Iterator[Run]:
    """The shifts that begin on a day."""
    dated = [d for d in calendar.dates if d.date == day]
    off = {d.staff for d in dated if d.starts is None}
    for shift in calendar.shifts:
        if _begins(shift, day) and not off & {None, shift.staff}:
            yield _run(shift.staff, day, shift.starts, shift.ends, zone)
    for d in dated:
        if d.staff is not None and d.starts is not None and d.ends is not None:
            yield _run(d.staff, day, d.starts, d.ends, zone)


def _begins(shift: Shift, day: date) -> bool:
    first, last = shift.since or date.min, shift.until or date.max
    return WEEKDAYS[day.weekday()] in shift.weekdays and first <= day <= last


def _run(staff: str, day: date, starts: time, ends: time, zone: ZoneInfo) -> Run:
    last = day if ends > starts else day + timedelta(days=1)
    return Run(
        datetime.combine(day, starts, zone).astimezone(UTC),
        datetime.combine(last, ends, zone).astimezone(UTC),
        staff,
    )
