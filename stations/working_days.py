"""Working days: Monday to Friday, but for the holidays that a site names. Pure."""

from collections.abc import Collection
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

_SATURDAY = 5


def before(now: datetime, days: int, zone: ZoneInfo, holidays: Collection[date] = ()) -> datetime:
    """The latest moment such that `days` whole working days of `zone` lie between it and `now`
    (UTC): what began before it has waited that long. Time on days off does not count."""
    local = now.astimezone(zone)
    day = local.date()
    if not _works(day, holidays):  # nothing of today counts: stand at the end of the last day that
        while not _works(day, holidays):  # did
            day -= timedelta(days=1)
        local = datetime.combine(day + timedelta(days=1), datetime.min.time(), zone)
        day += timedelta(days=1)
    left = days
    while left:
        day -= timedelta(days=1)
        left -= _works(day, holidays)
    at = datetime.combine(day, local.timetz(), zone) if local.date() != day else local
    return at.astimezone(UTC)


def _works(day: date, holidays: Collection[date]) -> bool:
    return day.weekday() < _SATURDAY and day not in holidays
