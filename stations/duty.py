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


def _runs(shift: Shift, day: date, zone: ZoneInfo, now: datetime) -> bool:
    if WEEKDAYS[day.weekday()] not in shift.weekdays:
        return False
    last = day if shift.ends > shift.starts else day + timedelta(days=1)
    starts = datetime.combine(day, shift.starts, zone).astimezone(UTC)
    ends = datetime.combine(last, shift.ends, zone).astimezone(UTC)
    return starts <= now < ends
