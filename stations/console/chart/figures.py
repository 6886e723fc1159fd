"""What the charts show, as figures: for a reader in a hurry, for screen readers, for print."""

from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple
from zoneinfo import ZoneInfo

import numpy as np

from schemas.times import HOUR, MINUTE, from_micros
from stations.console.chart.bins import BIN, Bins
from stations.console.chart.limits import Reach
from stations.console.chart.scale import Floats, runs
from store.series import Vital

_OLD = 15 * MINUTE
"""Bins end up to five minutes ahead of the clock."""


class Range(NamedTuple):
    """Smallest and largest value of a time, and the last one with the minute that told it."""

    low: float
    high: float
    last: float
    last_at: datetime
    beyond: bool
    """Whether the last one is at or outside the limits."""
    old: bool
    """Whether it was told more than ten minutes before the end."""


@dataclass(frozen=True, slots=True)
class Summary:
    """`in_bed`: whether in bed when last heard, None unknown; `in_bed_since`: from when on that
    holds; `exits`: how often the bed was left; `silent_minutes` without a word."""

    in_bed: bool | None
    in_bed_since: datetime | None
    in_bed_minutes: int
    exits: int
    heart_rate: Range | None
    respiratory_rate: Range | None
    silent_minutes: int


class HourRow(NamedTuple):
    """One hour of the table: rates as (mean, smallest, largest) or None."""

    at: datetime
    in_bed_minutes: int | None
    heart_rate: tuple[float, float, float] | None
    respiratory_rate: tuple[float, float, float] | None
    movement: float | None


def summary(bins: Bins, *, heart_rate: Reach, respiratory_rate: Reach) -> Summary:
    """Rates to the five minutes of a bin, the bed to the minute."""
    taken = bins.in_bed == 1
    known = ~np.isnan(bins.in_bed)
    last = int(np.flatnonzero(known)[-1]) if known.any() else None
    since = None if last is None else _since(taken, known, last)
    stays = list(runs(taken | _bridged(taken, known)))
    return Summary(
        in_bed=None if last is None else bool(taken[last]),
        in_bed_since=None if since is None else from_micros(int(bins.minutes[since])),
        in_bed_minutes=int(taken.sum()),
        exits=sum(end <= (last or 0) for _, end in stays),
        heart_rate=_range(bins, "heart_rate", heart_rate),
        respiratory_rate=_range(bins, "respiratory_rate", respiratory_rate),
        silent_minutes=int((~bins.heard).sum()) * BIN // MINUTE,
    )


def table(bins: Bins, *, zone: ZoneInfo) -> list[HourRow]:
    """By hour, the oldest first; hours without anything known are left out."""
    hours, by_minute = bins.times // HOUR, bins.minutes // HOUR
    found = []
    for hour in np.unique(hours).tolist():
        part = hours == hour
        row = HourRow(
            at=from_micros(hour * HOUR).astimezone(zone),
            in_bed_minutes=_minutes(bins.in_bed[by_minute == hour]),
            heart_rate=_three(bins.heart_rate, part),
            respiratory_rate=_three(bins.respiratory_rate, part),
            movement=_mean(bins.movement[part]),
        )
        if any(value is not None for value in row[1:]):
            found.append(row)
    return found


class Edge(NamedTuple):
    """The bed was left or taken (to the minute), a button pressed, a fall confirmed (to five)."""

    at: datetime
    what: str


def edges(bins: Bins) -> list[Edge]:
    """What the readings say happened, by time."""
    known = np.flatnonzero(~np.isnan(bins.in_bed))
    taken = bins.in_bed[known] == 1
    turns = np.flatnonzero(taken[1:] != taken[:-1]) + 1
    found = [
        Edge(from_micros(int(bins.minutes[known[n]])), "in_bed" if taken[n] else "out_of_bed")
        for n in turns.tolist()
    ]
    for what, counts in (("sos", bins.sos), ("fall", bins.falls)):
        found += [
            Edge(from_micros(int(bins.times[n])), what) for n in np.flatnonzero(counts).tolist()
        ]
    return sorted(found)


def _since(
    taken: np.typing.NDArray[np.bool_], known: np.typing.NDArray[np.bool_], last: int
) -> int:
    """From which minute on the bed has been as it was last."""
    n = last
    while n > 0 and (not known[n - 1] or taken[n - 1] == taken[last]):
        n -= 1
    while not known[n]:
        n += 1
    return n


def _bridged(
    taken: np.typing.NDArray[np.bool_], known: np.typing.NDArray[np.bool_]
) -> np.typing.NDArray[np.bool_]:
    """Unknown minutes between two that were in bed: nobody saw anybody leave."""
    found = np.zeros_like(taken)
    for first, end in runs(~known):
        found[first:end] = first > 0 and end < len(taken) and bool(taken[first - 1] & taken[end])
    return found


def _range(bins: Bins, rate: str, reach: Reach) -> Range | None:
    if rate not in bins.latest:
        return None
    vital: Vital = getattr(bins, rate)
    at, value = bins.latest[rate]
    return Range(
        low=float(np.nanmin(vital.low)),
        high=float(np.nanmax(vital.high)),
        last=value,
        last_at=from_micros(at),
        beyond=value >= reach.high or value <= reach.low,
        old=bins.until - at > _OLD,
    )


def _minutes(taken: Floats) -> int | None:
    known = taken[~np.isnan(taken)]
    return int(known.sum()) if len(known) else None


def _mean(values: Floats) -> float | None:
    known = values[~np.isnan(values)]
    return float(known.mean()) if len(known) else None


def _three(vital: Vital, part: np.typing.NDArray[np.bool_]) -> tuple[float, float, float] | None:
    mean = _mean(vital.mean[part])
    if mean is None:
        return None
    return mean, float(np.nanmin(vital.low[part])), float(np.nanmax(vital.high[part]))
