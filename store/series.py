"""What the console and the reports draw: an elder's hours, days and nights, from the summaries.

Every answer is bounded by what may be asked for. Behind the summaries' progress the newest two
minutes or so are taken from the readings themselves; nothing here scans them for a device.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray
from psycopg import AsyncConnection, sql
from psycopg.rows import TupleRow, dict_row

from schemas.directory import DEFAULT_ZONE
from schemas.times import DAY, from_micros, to_micros

Connection = AsyncConnection[TupleRow]
Floats = NDArray[np.float32]

_MOST_DEVICES = 32
_MOST = {"minute": 2 * DAY, "hour": 62 * DAY}
_MOST_NIGHTS = 400
_STEP = 10  # of the three vitals, per unit


class Vital(NamedTuple):
    """float32 columns, NaN where nothing was known: mean, smallest and largest, in the unit."""

    mean: Floats
    low: Floats
    high: Floats


@dataclass(frozen=True, slots=True)
class Series:
    """One device's buckets, in order; buckets without a reading are left out.

    `times`: int64 µs UTC, where each bucket begins. `in_bed`, `presence`: float32 share of what
    said so of what knew (readings in a minute, minutes in an hour), NaN unknown. The others count
    readings that said it, tests left out.
    """

    device: int
    times: NDArray[np.int64]
    heart_rate: Vital
    respiratory_rate: Vital
    movement: Vital
    in_bed: Floats
    presence: Floats
    sos_pressed: NDArray[np.int64]
    fall_suspected: NDArray[np.int64]
    fall_confirmed: NDArray[np.int64]


class Night(NamedTuple):
    """One device's night: 18:00 to 12:00 local time, by the date of its evening. Rates in their
    units, None where unknown; `in_bed_minutes` of `in_bed_known` minutes that knew."""

    device: int
    night: date
    heart_rate: float | None
    heart_rate_low: float | None
    heart_rate_high: float | None
    respiratory_rate: float | None
    respiratory_rate_low: float | None
    respiratory_rate_high: float | None
    movement: float | None
    in_bed_minutes: int
    in_bed_known: int
    in_bed_first: datetime | None
    in_bed_last: datetime | None


_BED = {"minute": ("in_bed_true", "in_bed_n"), "hour": ("in_bed_minutes", "in_bed_known")}
_PRESENCE = {
    "minute": ("presence_true", "presence_n"),
    "hour": ("presence_minutes", "presence_known"),
}
_EVENTS = ("sos_pressed", "fall_suspected", "fall_confirmed")
_SERIES = """
SELECT * FROM {level} WHERE device = ANY (%(devices)s)
    AND bucket >= %(since)s AND bucket < %(until)s
    AND (%(elder)s::int IS NULL OR elder IS NULL OR elder = %(elder)s)
ORDER BY device, bucket
"""
_MEANS = ", ".join(
    f"({q}_sum::float8 / {_STEP} / nullif({q}_n, 0))::float8 AS {q}"
    for q in ("heart_rate", "respiratory_rate", "movement")
)
_ENDS = ", ".join(
    f"{q}_{end}::float8 / {_STEP} AS {q}_{name}"
    for q in ("heart_rate", "respiratory_rate")
    for end, name in (("min", "low"), ("max", "high"))
)
_NIGHTS = f"""
SELECT device, night, {_MEANS}, {_ENDS}, in_bed_minutes, in_bed_known, in_bed_first, in_bed_last
FROM {{nights}} WHERE device = ANY (%(devices)s) AND night >= %(first)s AND night <= %(last)s
    AND (%(elder)s::int IS NULL OR elder IS NULL OR elder = %(elder)s)
ORDER BY device, night
"""  # noqa: S608 (our own column names)


async def series(
    conn: Connection,
    devices: Sequence[int],
    *,
    since: int,
    until: int,
    level: Literal["minute", "hour"],
    elder: int | None = None,
) -> dict[int, Series]:
    """By device row, the buckets that begin in [since, until) (µs UTC); devices without any are
    left out. `elder`: the row of the one elder of whom it may tell, besides what is said of a whole
    home: a device may have been somebody else's before. ValueError for more than 32 devices, or 2
    days of minutes, or 62 days of hours."""
    _few(devices)
    if until - since > _MOST[level]:
        raise ValueError(f"{level}s of more than {_MOST[level] // DAY} days")
    query = sql.SQL(_SERIES).format(level=sql.Identifier(level))
    async with conn.cursor(row_factory=dict_row) as cursor:
        asked = {"devices": list(devices), "elder": elder}
        await cursor.execute(
            query, {**asked, "since": from_micros(since), "until": from_micros(until)}
        )
        rows = await cursor.fetchall()
    by_device: dict[int, list[dict[str, Any]]] = {}
    for row in rows:
        by_device.setdefault(row["device"], []).append(row)
    return {device: _series(device, found, level) for device, found in by_device.items()}


async def nights(
    conn: Connection,
    devices: Sequence[int],
    *,
    first: date,
    last: date,
    zone: str = DEFAULT_ZONE,
    elder: int | None = None,
) -> list[Night]:
    """By device row and date, first and last included; nights without a reading are left out.

    `zone`: the elder's. Nights of the default zone are kept; those of another are added up from
    its hours. `elder`: as for `series`. ValueError for more than 32 devices or 400 nights.
    """
    _few(devices)
    if (last - first).days >= _MOST_NIGHTS:
        raise ValueError(f"more than {_MOST_NIGHTS} nights")
    asked = {
        "devices": list(devices),
        "elder": elder,
        "first": first,
        "last": last,
        "zone": zone,
        # Wide of any zone's noon; the dates say the rest.
        "since": first - timedelta(days=1),
        "until": last + timedelta(days=3),
    }
    kept = zone == DEFAULT_ZONE
    source = "night" if kept else "night_in(%(zone)s, %(since)s, %(until)s)"
    async with conn.cursor(row_factory=dict_row) as cursor:
        await cursor.execute(_NIGHTS.format(nights=source).encode(), asked)
        return [Night(**row) for row in await cursor.fetchall()]


def _few(devices: Sequence[int]) -> None:
    if len(devices) > _MOST_DEVICES:
        raise ValueError(f"more than {_MOST_DEVICES} devices at once")


def _series(device: int, rows: list[dict[str, Any]], level: str) -> Series:
    def column(name: str) -> Floats:
        return np.array([row[name] for row in rows], np.float32)  # None becomes NaN

    def share(names: tuple[str, str]) -> Floats:
        said, knew = map(column, names)
        return np.divide(said, knew, out=np.full(len(rows), np.nan, np.float32), where=knew > 0)

    def vital(name: str) -> Vital:
        ends = column(f"{name}_min"), column(f"{name}_max")
        mean, low, high = (
            (steps / np.float32(_STEP)).astype(np.float32)
            for steps in (share((f"{name}_sum", f"{name}_n")), *ends)
        )
        return Vital(mean, low, high)

    counts = {name: np.array([row[name] for row in rows], np.int64) for name in _EVENTS}
    return Series(
        device=device,
        times=np.array([to_micros(row["bucket"]) for row in rows], np.int64),
        heart_rate=vital("heart_rate"),
        respiratory_rate=vital("respiratory_rate"),
        movement=vital("movement"),
        in_bed=share(_BED[level]),
        presence=share(_PRESENCE[level]),
        **counts,
    )
