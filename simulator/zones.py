"""Local time of a zone for arrays of instants, daylight saving included."""

from datetime import datetime
from functools import lru_cache
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from schemas.times import MINUTE, SECOND, from_micros

_QUARTER = 15 * MINUTE
"""Offsets of all zones of our days change on a quarter of an hour at the finest."""


@lru_cache(maxsize=4096)
def _offset(zone: str, quarter: int) -> int:
    local = from_micros(quarter * _QUARTER).astimezone(ZoneInfo(zone))
    offset = local.utcoffset()
    return 0 if offset is None else int(offset.total_seconds()) * SECOND


def offset_at(zone: str, at: int) -> int:
    """Local time less UTC, µs."""
    return _offset(zone, at // _QUARTER)


def local_datetime(zone: str, at: int) -> datetime:
    return from_micros(at).astimezone(ZoneInfo(zone))


def offsets(zones: list[str], index: NDArray[np.int64], at: NDArray[np.int64]) -> NDArray[np.int64]:
    """Local time less UTC (µs) at each instant; `index` says which of `zones` applies."""
    if not len(at):
        return np.zeros(0, np.int64)
    first, last = int(at.min()) // _QUARTER, int(at.max()) // _QUARTER
    table = np.array([[_offset(z, q) for q in range(first, last + 1)] for z in zones], np.int64)
    return table[index, at // _QUARTER - first]
