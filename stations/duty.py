"""Who is on duty: weekly shifts in the station's own zone, over midnight and daylight saving."""

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from schemas.directory import WEEKDAYS
from store.stations_route import Shift


def covered(shifts: Iterable[Shift], zone: ZoneInfo, now: datetime) -> bool:
    """Whether any of one station's shifts runs at `now`."""
    today = now.astimezone(zone).date()
    return any(
        _runs(shift, day, zone, now)
        for shift in shifts
        for day in (today - timedelta(days=1), today)
    )


def gaps(
    shifts: Iterable[Shift], zone: ZoneInfo, start: datetime, end: datetime
) -> list[tuple[datetime, datetime]]:
    """The spans of [start, end) in which none of one station's shifts runs, in order, UTC."""
    first = start.astimezone(zone).date() - timedelta(days=1)
    last = end.astimezone(zone).date()
    days = [first + timedelta(days=n) for n in range((last - first).days + 1)]
    runs = sorted(r for s in shifts for day in days if (r := _run(s, day, zone)) is not None)
    found, free = [], start
    for starts, ends in runs:
        if starts >= end:
            break
        if starts > free:
            found.append((free, starts))
        free = max(free, ends)
    if free < end:
        found.append((free, end))
    return found


def _runs(shift: Shift, day: date, zone: ZoneInfo, now: datetime) -> bool:
    run = _run(shift, day, zone)
    return run is not None and run[0] <= now < run[1]


def _run(shift: Shift, day: date, zone: ZoneInfo) -> tuple[datetime, datetime] | None:
    """When a shift that begins on `day` runs, UTC; None if it does not begin then."""
    if WEEKDAYS[day.weekday()] not in shift.weekdays:
        return None
    last = day if shift.ends > shift.starts else day + timedelta(days=1)
    return (
        datetime.combine(day, shift.starts, zone).astimezone(UTC),
        datetime.combine(last, shift.ends, zone).astimezone(UTC),
    )
