"""An elder's day as panels over one time axis: bed, heart, breath, movement, and what alerted."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple
from zoneinfo import ZoneInfo

import numpy as np

from schemas.times import to_micros
from stations.console.chart import paths
from stations.console.chart.bins import BIN, Bins
from stations.console.chart.limits import Limits, Reach
from stations.console.chart.scale import Across, Tick, Up, hours, room_for, runs
from store.series import Vital


class Size(NamedTuple):
    """A drawing's measures. `every`: hours between two labels."""

    name: str
    width: float
    left: float
    right: float
    every: int
    heart: float
    breath: float


WIDE = Size("wide", 720, 46, 46, 2, 130, 90)
NARROW = Size("narrow", 336, 38, 32, 6, 110, 80)
"""For a phone of 360 px: one unit is a pixel there, so that its letters keep their size."""

_MARKS = 30.0
_LANE = 20.0
_GAP = 20.0
_APART = 22.0


class Span(NamedTuple):
    x: float
    width: float


class Line(NamedTuple):
    """A level with its figure: a threshold, or a step of the axis."""

    y: float
    value: float


@dataclass(frozen=True, slots=True)
class Panel:
    """One quantity. `beyond`: the parts of the line outside the limits."""

    name: str
    top: float
    height: float
    line: str
    between: str
    beyond: str
    steps: list[Line]
    limits: list[Line]


class Mark(NamedTuple):
    """An alert: where it is on the axis (`x`), and where its numbered sign stands (`at`)."""

    x: float
    at: float
    severity: str
    number: int


class Happened(NamedTuple):
    at: datetime
    severity: str


@dataclass(frozen=True, slots=True)
class Lane:
    top: float
    height: float
    spans: list[Span]


@dataclass(frozen=True, slots=True)
class Day:
    """A drawing of `width` by `height`. `silent`: spans without any word of the elder's devices,
    over all panels from `top` to `bottom`."""

    size: Size
    width: float
    height: float
    top: float
    bottom: float
    ticks: list[Tick]
    marks: list[Mark]
    bed: Lane
    room: Lane | None
    panels: list[Panel]
    movement: Lane
    moves: str
    silent: list[Span]


def day(
    bins: Bins, *, limits: Limits, happened: Sequence[Happened], zone: ZoneInfo, size: Size
) -> Day:
    """`happened`: alerts by time, numbered from 1 in that order."""
    across = Across(int(bins.times[0]), bins.until, size.left, size.width - size.right)
    xs = [across.x(at + BIN / 2) for at in bins.times.tolist()]
    top = _MARKS
    bed = Lane(top, _LANE, _spans(bins.in_bed == 1, bins.minutes, across))
    at = top + _LANE
    room = None
    if not np.isnan(bins.presence).all():
        room = Lane(at + 6, _LANE * 0.7, _spans(bins.presence >= 0.5, bins.times, across))
        at = room.top + room.height
    panels = []
    for name, vital, height, reach, (low, high, step) in (
        ("heart_rate", bins.heart_rate, size.heart, limits.heart_rate, (40, 140, 20)),
        (
            "respiratory_rate",
            bins.respiratory_rate,
            size.breath,
            limits.respiratory_rate,
            (6, 26, 4),
        ),
    ):
        axis = room_for([vital.low, vital.high], low=low, high=high, step=step)
        panels.append(_panel(name, vital, Up(*axis, at + _GAP, height), reach, xs, step))
        at += _GAP + height
    ground = Up(0, 100, at + _GAP, 34)
    bottom = ground.top + ground.height
    return Day(
        size=size,
        width=size.width,
        height=bottom + 24,
        top=top,
        bottom=bottom,
        ticks=hours(across, zone, every=size.every),
        marks=_marks(happened, across),
        bed=bed,
        room=room,
        panels=panels,
        movement=Lane(ground.top, ground.height, []),
        moves=paths.bars([across.x(t) for t in bins.times.tolist()],
                         (across.right - across.left) / len(xs), bins.movement, ground),
        silent=_spans(~bins.heard, bins.times, across),
    )  # fmt: skip


def _panel(
    name: str, vital: Vital, up: Up, reach: Reach, xs: Sequence[float], step: float
) -> Panel:
    outside = (vital.high >= reach.high) | (vital.low <= reach.low)
    worst = np.where(vital.high >= reach.high, vital.high, vital.low)
    steps = np.arange(np.ceil(up.low / step) * step, up.high + step / 2, 2 * step)
    return Panel(
        name=name,
        top=up.top,
        height=up.height,
        line=paths.line(xs, vital.mean, up),
        between=paths.between(xs, vital.low, vital.high, up),
        beyond=paths.line(xs, paths.where(worst, outside), up),
        steps=[Line(up.y(v), v) for v in steps.tolist() if up.low <= v <= up.high],
        limits=[Line(up.y(v), v) for v in (reach.low, reach.high) if up.low <= v <= up.high],
    )


def _spans(
    mask: np.typing.NDArray[np.bool_], times: np.typing.NDArray[np.int64], across: Across
) -> list[Span]:
    """Where a mask holds; `times`: where each of its equal parts begins."""
    part, found = int(times[1] - times[0]), []
    for first, end in runs(mask):
        x = across.x(int(times[first]))
        found.append(Span(x, across.x(int(times[end - 1]) + part) - x))
    return found


def _marks(happened: Sequence[Happened], across: Across) -> list[Mark]:
    xs = [across.x(to_micros(one.at)) for one in happened]
    places = paths.spread(xs, apart=_APART, left=across.left, right=across.right)
    return [
        Mark(x, at, one.severity, number)
        for number, (x, at, one) in enumerate(zip(xs, places, happened, strict=True), 1)
    ]
