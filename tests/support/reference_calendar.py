"""Nights on the wall clock, for the plain engine. A night is named by its evening's ordinal."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from statistics import median_low
from zoneinfo import ZoneInfo

from tests.support.reference_figures import MIN

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
EVENING = 18 * 60


def _local(zone: str, ts: int) -> datetime:
    return (EPOCH + timedelta(microseconds=ts)).astimezone(ZoneInfo(zone)).replace(tzinfo=None)


def night_of(zone: str, ts: int) -> int:
    local = _local(zone, ts)
    days = local.toordinal()
    return days if local.time() >= time(18) else days - 1


def at(zone: str, night: int, minutes: int) -> int:
    """UTC µs at which the wall clock shows so many minutes after midnight of the evening's day;
    a time that a change of the clocks repeats is the first of the two."""
    wall = datetime.fromordinal(night) + timedelta(minutes=minutes)
    aware = wall.replace(tzinfo=ZoneInfo(zone))
    return (aware.astimezone(UTC) - EPOCH) // timedelta(microseconds=1)


def minutes_into(zone: str, night: int, ts: int) -> int:
    """Whole minutes on the wall clock since the night's evening, rounded down."""
    since = _local(zone, ts) - datetime.fromordinal(night) - timedelta(minutes=EVENING)
    return since // timedelta(microseconds=1) // MIN


def recent(nights: dict[int, int], night: int) -> list[int]:
    """What is known of the 28 nights before a night."""
    return [value for when, value in nights.items() if 0 < night - when <= 28]


def twice_median(values: list[int]) -> int:
    """Twice the median: the sum of the two in the middle."""
    ordered = sorted(values)
    return median_low(ordered) + ordered[len(ordered) // 2]
