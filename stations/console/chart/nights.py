"""Thirty nights as rows of one small drawing: when in bed, and the rates beside what is usual.

A night is 18:00 to 12:00 by the elder's clock and bears the date of its evening. Its rate is the
median of the hourly means from 22:00 to 06:00 (at least three hours); what is usual is the median
of the 28 nights before the newest one, give or take three times their median absolute deviation
(made comparable to a standard deviation, with a floor): the reckoning of the rule vital-trend, on
whole hours instead of half ones. Fewer than 14 nights show no band.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

import numpy as np

from schemas.times import from_micros
from stations.console.chart.day import Span
from store.series import Night, Series

SHOWN = 30
LEARNT = 28
LEAST = 14
FLOORS = {"heart_rate": 1.5, "respiratory_rate": 0.5}
"""Least median absolute deviation, /min: medians of whole numbers repeat (vital-trend's floors)."""
RATES = tuple(FLOORS)
_SPREAD = 3 * 1.4826
_EVENING, _LENGTH = 18, 18
_SLEEP = range(22, 30)
_LEAST_HOURS = 3

STRIP, STRIP_HEIGHT = 180.0, 20.0
SCALE = 90.0


class Usual(NamedTuple):
    """What is usual for the elder, in the rate's unit."""

    median: float
    low: float
    high: float

    def beyond(self, rate: float) -> bool:
        return not self.low <= rate <= self.high


class Rate(NamedTuple):
    """A night's rate. `x`: its place on the column's scale."""

    value: float
    x: float
    beyond: bool


class Scale(NamedTuple):
    """A column's scale: the band from `x` on for `width`, and the median; None without a band."""

    usual: Usual | None
    x: float
    width: float
    median: float


@dataclass(frozen=True, slots=True)
class Row:
    """One night. `hours`: spans in bed, as high as the hour's share; `bed`, `rise`: first and last
    minute in bed, local, None unknown; `minutes` in bed between them, by the hours' shares."""

    night: date
    hours: str
    bed: datetime | None
    rise: datetime | None
    minutes: int
    rates: dict[str, Rate | None]


@dataclass(frozen=True, slots=True)
class Nights:
    """`rows`: the newest first. `ticks`: places of the strip's labels and their hours."""

    rows: list[Row]
    scales: dict[str, Scale]
    ticks: list[tuple[float, int]]


def usual(rates: Sequence[float], *, floor: float) -> Usual | None:
    """Of earlier nights' rates (/min), oldest first; None for fewer than 14."""
    learnt = np.asarray(rates[-LEARNT:], float)
    if len(learnt) < LEAST:
        return None
    median = float(np.median(learnt))
    spread = max(float(np.median(np.abs(learnt - median))), floor)
    return Usual(median, median - _SPREAD * spread, median + _SPREAD * spread)


def nights(
    said: Sequence[Night], hourly: Sequence[Series], *, zone: ZoneInfo, newest: date
) -> Nights:
    """Up to 30 nights until `newest`, of the elder's own bed devices; of several the first that
    knew. Nights nobody told anything of are rows too."""
    hours = _by_night(hourly, zone)
    dates = [newest - timedelta(days=n) for n in range(SHOWN)]
    figures = {
        rate: {night: figure for night in hours if (figure := _figure(hours[night], rate))}
        for rate in RATES
    }
    scales = {rate: _scale(figures[rate], FLOORS[rate], newest) for rate in RATES}
    kept = _whole(said)
    first = min(kept, default=newest)
    return Nights(
        rows=[
            _row(night, kept.get(night), hours.get(night, {}), figures, scales, zone)
            for night in dates
            if night >= first
        ],
        scales={rate: scale for rate, (scale, _) in scales.items()},
        ticks=[((h - _EVENING) / _LENGTH * STRIP, h % 24) for h in (18, 22, 26, 30, 34)],
    )


class _Hour(NamedTuple):
    in_bed: float
    heart_rate: float
    respiratory_rate: float


_Hours = dict[int, _Hour]
"""By hours since midnight of the evening's date: 18 to 35."""
_Line = tuple[float, float]
_Figures = Mapping[str, Mapping[date, float]]


def _by_night(hourly: Sequence[Series], zone: ZoneInfo) -> dict[date, _Hours]:
    found: dict[date, _Hours] = {}
    for series in hourly:
        for n, at in enumerate(series.times.tolist()):
            local = from_micros(at).astimezone(zone)
            if 12 <= local.hour < _EVENING:
                continue
            evening = (local - timedelta(hours=12)).date()
            hour = local.hour if local.hour >= _EVENING else local.hour + 24
            said = _Hour(
                float(series.in_bed[n]),
                float(series.heart_rate.mean[n]),
                float(series.respiratory_rate.mean[n]),
            )
            before = found.setdefault(evening, {}).get(hour)
            if before is not None:
                said = _Hour(*(s if np.isnan(b) else b for b, s in zip(before, said, strict=True)))
            found[evening][hour] = said
    return found


def _figure(hours: _Hours, rate: str) -> float | None:
    means = [getattr(hours[h], rate) for h in _SLEEP if h in hours]
    known = [m for m in means if not np.isnan(m)]
    return float(np.median(known)) if len(known) >= _LEAST_HOURS else None


def _scale(figures: Mapping[date, float], floor: float, newest: date) -> tuple[Scale, _Line]:
    """The column's scale, and the values at its ends."""
    before = [figures[night] for night in sorted(figures) if night < newest]
    band = usual(before, floor=floor)
    shown = [*figures.values(), *(band[1:] if band else ())] or [0.0]
    low, high = min(shown), max(shown)
    margin = max((high - low) * 0.08, floor)
    ends = low - margin, high + margin
    if band is None:
        return Scale(None, 0, 0, 0), ends
    left, right, middle = (_x(v, ends) for v in (band.low, band.high, band.median))
    return Scale(band, left, right - left, middle), ends


def _row(
    night: date,
    kept: Night | None,
    hours: _Hours,
    figures: _Figures,
    scales: Mapping[str, tuple[Scale, _Line]],
    zone: ZoneInfo,
) -> Row:
    rates: dict[str, Rate | None] = {}
    for name, (scale, ends) in scales.items():
        value = figures[name].get(night)
        rates[name] = None if value is None else Rate(
            value, _x(value, ends), scale.usual is not None and scale.usual.beyond(value)
        )  # fmt: skip
    bed = kept.in_bed_first.astimezone(zone) if kept and kept.in_bed_first else None
    rise = kept.in_bed_last.astimezone(zone) if kept and kept.in_bed_last else None
    bars = _bars(night, hours, bed, rise)
    minutes = round(60 * sum((last - first) * share for first, last, share in bars))
    return Row(night, _strip(bars), bed, rise, minutes, rates)


def _bars(
    night: date, hours: _Hours, bed: datetime | None, rise: datetime | None
) -> list[tuple[float, float, float]]:
    """(from, to, share in bed): by the hour, the first and the last one cut to the minute."""
    ends = (_EVENING, _EVENING + _LENGTH) if not bed or not rise else (
        _hour_of(night, bed), _hour_of(night, rise) + 1 / 60
    )  # fmt: skip
    found = []
    for hour, said in sorted(hours.items()):
        first, last = max(hour, ends[0]), min(hour + 1, ends[1])
        if said.in_bed > 0 and first < last:
            found.append((first, last, min(1.0, said.in_bed / (last - first))))
    return found


def _strip(bars: Sequence[tuple[float, float, float]]) -> str:
    """As high as the share."""
    parts = []
    for first, last, share in bars:
        span = Span(_along(first), _along(last) - _along(first))
        top = STRIP_HEIGHT * (1 - share)
        parts.append(
            f"M{span.x:.1f} {STRIP_HEIGHT:.1f}V{top:.1f}h{span.width:.1f}V{STRIP_HEIGHT:.1f}Z"
        )
    return "".join(parts)


def _hour_of(night: date, local: datetime) -> float:
    """Hours since midnight of the evening's date, by the wall clock."""
    return (local.date() - night).days * 24 + local.hour + local.minute / 60


def _along(hour: float) -> float:
    return (hour - _EVENING) / _LENGTH * STRIP


def _x(value: float, ends: _Line) -> float:
    low, high = ends
    return (value - low) / (high - low) * SCALE


def _whole(said: Sequence[Night]) -> dict[date, Night]:
    """Of several devices the one that saw the bed taken the longest."""
    found: dict[date, Night] = {}
    for one in said:
        if one.night not in found or one.in_bed_minutes > found[one.night].in_bed_minutes:
            found[one.night] = one
    return found
