"""Plots as SVG that stands in the page itself: no script, no font, nothing to fetch.

Each shows one run, or two above each other in every row: the second is the one it is compared
with, drawn paler. Every figure is also in a table beside it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from html import escape
from math import log10
from typing import NamedTuple

WIDTH, LABEL, RIGHT = 760, 200, 150
ROW, BAR, TOP, FOOT = 34, 13, 8, 30
_PLOT = WIDTH - LABEL - RIGHT
_PALE = ' opacity="0.45"'

COLOURS = {
    "found": "#2f7d4f",
    "late": "#d9a514",
    "missed": "#b3261e",
    "red": "#b3261e",
    "orange": "#e07b16",
    "blue": "#2f6fb3",
    "plain": "#4a5a6a",
}


class Part(NamedTuple):
    """A piece of a bar."""

    value: float
    colour: str


class Bar(NamedTuple):
    """One bar: its pieces from the left, and what stands at its end."""

    parts: tuple[Part, ...]
    says: str

    @property
    def total(self) -> float:
        return sum(part.value for part in self.parts)


class Row(NamedTuple):
    label: str
    bars: tuple[Bar | None, ...]
    """The run's own, and the one it is compared with."""


def bars(rows: Sequence[Row], *, title: str, most: float | None = None) -> str:
    """Horizontal bars from 0 to `most` (the longest, if not given)."""
    longest = most or max((b.total for r in rows for b in r.bars if b), default=0) or 1
    body = []
    for k, row in enumerate(rows):
        y = TOP + k * ROW
        body.append(_label(row.label, y + ROW / 2))
        shown = [b for b in row.bars if b is not None]
        for n, bar in enumerate(row.bars):
            if bar is not None:
                height = BAR if len(shown) > 1 else BAR + 6
                where = y + (ROW - height * len(row.bars)) / 2 + n * height
                body.append(_bar(bar, where, height - 2, longest, pale=n > 0))
    return _svg(body, TOP + len(rows) * ROW + 4, title)


def _bar(bar: Bar, y: float, height: float, longest: float, *, pale: bool) -> str:
    x, pieces = float(LABEL), []
    paler = _PALE if pale else ""
    for part in bar.parts:
        width = part.value / longest * _PLOT
        pieces.append(
            f'<rect x="{x:.1f}" y="{y:.1f}" width="{max(width, 0):.1f}" height="{height:.1f}"'
            f' fill="{COLOURS[part.colour]}"{paler}/>'
        )
        x += width
    pieces.append(
        f'<text x="{x + 6:.1f}" y="{y + height - 2:.1f}" class="figure">{escape(bar.says)}</text>'
    )
    return "".join(pieces)


class Range(NamedTuple):
    """Seconds: the middle, where 95 of 100 lie below, and the longest."""

    label: str
    p50: float
    p95: float
    longest: float
    pale: bool = False


_TICKS = ((1, "1 s"), (10, "10 s"), (60, "1 min"), (600, "10 min"), (3_600, "1 h"), (86_400, "1 d"))


def ranges(rows: Sequence[Range], *, title: str) -> str:
    """Durations on a scale on which each step is ten times as long."""
    end = max([r.longest for r in rows] + [60]) * 1.3
    at = _log_scale(end)
    bottom = TOP + len(rows) * ROW * 0.75
    body = [_tick(at(s), bottom, text) for s, text in _TICKS if s <= end]
    for k, row in enumerate(rows):
        y = TOP + (k + 0.5) * ROW * 0.75
        body.append(_label(row.label, y))
        body.append(_range(row, y, at))
    return _svg(body, bottom + FOOT, title)


def _range(row: Range, y: float, at: Callable[[float], float]) -> str:
    p50, p95, longest = at(row.p50), at(row.p95), at(row.longest)
    pale = _PALE if row.pale else ""
    colour = COLOURS["plain"]
    return (
        f"<g{pale}>"
        f'<line x1="{p50:.1f}" x2="{longest:.1f}" y1="{y:.1f}" y2="{y:.1f}" stroke="{colour}"/>'
        f'<rect x="{p50:.1f}" y="{y - 4:.1f}" width="{max(p95 - p50, 1):.1f}" height="8"'
        f' fill="{colour}"/>'
        f'<circle cx="{p50:.1f}" cy="{y:.1f}" r="6" fill="#fff" stroke="{colour}"'
        f' stroke-width="2"/>'
        f'<text x="{longest + 8:.1f}" y="{y + 4:.1f}" class="figure">{duration(row.p50)}</text></g>'
    )


def _log_scale(end: float) -> Callable[[float], float]:
    def at(seconds: float) -> float:
        return LABEL + 6 + log10(1 + max(seconds, 0)) / log10(1 + end) * (_PLOT - 6)

    return at


class Curve(NamedTuple):
    """Shares (0–1) that were reached within so many seconds; `points` in order of seconds."""

    points: tuple[tuple[float, float], ...]
    pale: bool = False


def curves(curves_: Sequence[Curve], *, end: float, marks: Sequence[float], title: str) -> str:
    """Cumulative shares from 0 to `end` seconds, with lines at `marks`."""
    height, left, width = 220, 60, WIDTH - 90
    body = []
    for share in (0, 0.5, 0.9, 1):
        y = TOP + height * (1 - share)
        body.append(
            f'<line x1="{left}" x2="{left + width}" y1="{y:.1f}" y2="{y:.1f}" class="grid"/>'
            f'<text x="{left - 8}" y="{y + 4:.1f}" class="tick" text-anchor="end">'
            f"{share:.0%}</text>"
        )
    for mark in marks:
        x = left + mark / end * width
        body.append(
            f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{TOP}" y2="{TOP + height}" class="mark"/>'
            f'<text x="{x:.1f}" y="{TOP + height + 18}" class="tick" text-anchor="middle">'
            f"{duration(mark)}</text>"
        )
    for curve in curves_:
        line = " ".join(
            f"{left + min(s, end) / end * width:.1f},{TOP + height * (1 - share):.1f}"
            for s, share in curve.points
        )
        pale = _PALE if curve.pale else ""
        body.append(
            f'<polyline points="{line}" fill="none" stroke="{COLOURS["plain"]}"'
            f' stroke-width="2.5"{pale}/>'
        )
    return _svg(body, TOP + height + FOOT, title)


def duration(seconds: float) -> str:
    """In the unit that people would use."""
    for size, unit in ((86_400, "d"), (3_600, "h"), (60, "min")):
        if seconds >= size:
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds:.2g} s"


def _label(text: str, y: float) -> str:
    return (
        f'<text x="{LABEL - 10}" y="{y + 4:.1f}" class="label" text-anchor="end">'
        f"{escape(text)}</text>"
    )


def _tick(x: float, bottom: float, text: str) -> str:
    return (
        f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{TOP}" y2="{bottom:.1f}" class="grid"/>'
        f'<text x="{x:.1f}" y="{bottom + 18:.1f}" class="tick" text-anchor="middle">{text}</text>'
    )


def _svg(body: Sequence[str], height: float, title: str) -> str:
    return (
        f'<svg viewBox="0 0 {WIDTH} {height:.0f}" role="img" aria-label="{escape(title)}"'
        f' xmlns="http://www.w3.org/2000/svg">{"".join(body)}</svg>'
    )
