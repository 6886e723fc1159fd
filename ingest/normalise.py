"""Rows to columns: times settled, values rounded and checked, keys made. All vectorised."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ingest.decode import Row
from ingest.times import AHEAD, OLDEST
from schemas.quantities import CHOICES, NUMBERS
from schemas.readings import Flag, Int64, Readings
from schemas.times import NEVER


def normalise(rows: Sequence[Row]) -> Readings:
    """Columns in the order of the rows.

    Device times more than 5 min ahead of `received`, or before 2020, become `received` and are
    flagged CLOCK_SUSPECT; missing ones become `received`, NO_TIME. Values are rounded to the stored
    step; one out of its plausible range becomes unknown and flags the row IMPLAUSIBLE. The key is
    the device's sequence, else the wrapper's, else a hash of the normalised values.
    """
    out = Readings.blank(len(rows))
    if not rows:
        return out
    out.received[:] = [r.received for r in rows]
    out.device[:] = [r.device for r in rows]
    out.elder[:] = [r.elder for r in rows]
    out.gateway[:] = [r.gateway for r in rows]
    out.online[:] = [r.online for r in rows]
    out.flags[:] = [r.flags for r in rows]
    _settle_times(out, rows)
    _fill_values(out, rows)
    _make_keys(out, rows)
    return out


def _settle_times(out: Readings, rows: Sequence[Row]) -> None:
    given = [NEVER if r.reading is None or r.reading.ts is None else r.reading.ts for r in rows]
    ts = np.clip(np.array(given, dtype=object), NEVER, -NEVER).astype(np.int64)
    missing = ts == NEVER
    suspect = ~missing & ((ts > out.received + AHEAD) | (ts < OLDEST))
    out.ts[:] = np.where(missing | suspect, out.received, ts)
    _raise_flag(out, missing, Flag.NO_TIME)
    _raise_flag(out, suspect, Flag.CLOCK_SUSPECT)


def _fill_values(out: Readings, rows: Sequence[Row]) -> None:
    places: dict[str, list[int]] = {}
    values: dict[str, list[float]] = {}
    for place, row in enumerate(rows):
        if row.reading is not None:
            for name, value in row.reading.values.items():
                places.setdefault(name, []).append(place)
                values.setdefault(name, []).append(value)
    for quantity in NUMBERS:
        if quantity.name in places:
            where = np.array(places[quantity.name])
            numbers = np.array(values[quantity.name], dtype=np.float64)
            fits = (numbers >= quantity.low) & (numbers <= quantity.high)
            column = getattr(out, quantity.name)
            column[where[fits]] = quantity.from_steps(quantity.to_steps(numbers[fits]))
            wrong = np.zeros(len(out), bool)
            wrong[where[~fits & ~np.isnan(numbers)]] = True
            _raise_flag(out, wrong, Flag.IMPLAUSIBLE)
    for choice in CHOICES:
        if choice.name in places:
            getattr(out, choice.name)[places[choice.name]] = values[choice.name]


def _make_keys(out: Readings, rows: Sequence[Row]) -> None:
    given = [r.reading.key if r.reading is not None else None for r in rows]
    lacking = np.array([k is None for k in given])
    keys = np.array([0 if k is None else k for k in given], dtype=np.int64)
    out.key[:] = np.where(lacking, content_key(out), keys)


def content_key(readings: Readings) -> Int64:
    """A negative 63-bit hash of the normalised values of each row: int64, length n.

    Multiply-xorshift over the columns, so that it is the same on every machine and numpy version.
    """
    mixed = np.full(len(readings), 0x9E3779B97F4A7C15, dtype=np.uint64)
    for steps in _columns(readings):
        mixed ^= steps.astype(np.int64).view(np.uint64)
        mixed *= np.uint64(0xFF51AFD7ED558CCD)
        mixed ^= mixed >> np.uint64(32)
    return -1 - (mixed >> np.uint64(1)).astype(np.int64)


def _columns(readings: Readings) -> list[NDArray[np.int16] | NDArray[np.int8]]:
    columns: list[NDArray[np.int16] | NDArray[np.int8]] = []
    for quantity in NUMBERS:
        values = getattr(readings, quantity.name)
        unknown = np.isnan(values)
        steps = quantity.to_steps(np.where(unknown, 0, values))
        columns.append(np.where(unknown, np.int16(-32768), steps))
    columns += [getattr(readings, choice.name) for choice in CHOICES]
    return columns


def _raise_flag(out: Readings, where: NDArray[np.bool_], flag: Flag) -> None:
    out.flags[where] |= np.int16(flag)
