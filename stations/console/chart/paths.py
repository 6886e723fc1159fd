"""SVG path data from places. Unknown values break a line; they never draw one to zero."""

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from stations.console.chart.scale import Floats, Up, runs

_LONE = 1.5
"""Half the length of the dash that a single value between two gaps gets."""


def line(xs: Sequence[float], values: Floats, up: Up) -> str:
    """Through the known values; a gap where one is unknown."""
    parts = []
    for first, end in runs(~np.isnan(values)):
        places = [(xs[n], up.y(float(values[n]))) for n in range(first, end)]
        if len(places) == 1:
            ((x, y),) = places
            places = [(x - _LONE, y), (x + _LONE, y)]
        parts.append("M" + "L".join(_place(x, y) for x, y in places))
    return "".join(parts)


def between(xs: Sequence[float], low: Floats, high: Floats, up: Up) -> str:
    """The area from the smallest to the largest value."""
    parts = []
    for first, end in runs(~(np.isnan(low) | np.isnan(high))):
        above = [(xs[n], up.y(float(high[n]))) for n in range(first, end)]
        below = [(xs[n], up.y(float(low[n]))) for n in reversed(range(first, end))]
        parts.append("M" + "L".join(_place(x, y) for x, y in above + below) + "Z")
    return "".join(parts)


def bars(xs: Sequence[float], width: float, values: Floats, up: Up) -> str:
    """Upright bars from the panel's ground; none for 0 and for unknown."""
    ground, parts = up.y(up.low), []
    for x, value in zip(xs, values.tolist(), strict=True):
        if value > up.low:  # false for NaN
            parts.append(f"M{_place(x, ground)}V{up.y(value):.1f}H{x + width:.1f}V{ground:.1f}Z")
    return "".join(parts)


def where(values: Floats, mask: NDArray[np.bool_]) -> Floats:
    """The values where the mask holds, unknown elsewhere."""
    return np.where(mask, values, np.nan)


def spread(wanted: Iterable[float], *, apart: float, left: float, right: float) -> list[float]:
    """Places for marks that want to stand at `wanted` (rising), none nearer than `apart` to the
    next, all within [left, right] as long as they fit."""
    places: list[float] = []
    for x in wanted:
        places.append(max(x, places[-1] + apart) if places else max(x, left))
    limit = right
    for n in reversed(range(len(places))):
        places[n] = min(places[n], limit)
        limit = places[n] - apart
    return places


def _place(x: float, y: float) -> str:
    return f"{x:.1f} {y:.1f}"
