"""Columns as said to columns as stored: times settled, values rounded and checked, keys made."""

import numpy as np
from numpy.typing import NDArray

from ingest.said import Said
from ingest.times import believed
from schemas.quantities import CHOICES, NUMBERS, Number
from schemas.readings import Flag, Int64, Readings
from schemas.times import NEVER


def normalise(said: Said) -> Readings:
    """Readings in the order of the rows.

    Device times more than 5 min ahead of `received`, or before 2020, become `received` and are
    flagged CLOCK_SUSPECT; missing ones become `received`, NO_TIME. Values are rounded to the stored
    step; one out of its plausible range becomes unknown and flags the row IMPLAUSIBLE. The key is
    the device's sequence, else the wrapper's, else a hash of the normalised values.
    """
    out = Readings.blank(len(said))
    for name in ("received", "device", "elder", "gateway", "online", "flags"):
        getattr(out, name)[:] = getattr(said, name)
    _settle_times(out, said.ts)
    for number in NUMBERS:
        if number.name in said.numbers:
            _settle_number(out, number, said.numbers[number.name])
    for name, codes in said.codes.items():
        getattr(out, name)[:] = codes
    out.key[:] = said.key if said.keyed.all() else np.where(said.keyed, said.key, content_key(out))
    return out


def _settle_times(out: Readings, ts: Int64) -> None:
    missing = ts == NEVER
    good = believed(ts, out.received)
    out.ts[:] = np.where(good, ts, out.received)
    _raise_flag(out, missing, Flag.NO_TIME)
    _raise_flag(out, ~good & ~missing, Flag.CLOCK_SUSPECT)


def _settle_number(out: Readings, quantity: Number, numbers: NDArray[np.float64]) -> None:
    fits = (numbers >= quantity.low) & (numbers <= quantity.high)
    steps = quantity.to_steps(np.where(fits, numbers, 0))
    getattr(out, quantity.name)[:] = np.where(fits, quantity.from_steps(steps), np.float32(np.nan))
    _raise_flag(out, ~fits & ~np.isnan(numbers), Flag.IMPLAUSIBLE)


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
    if where.any():
        out.flags[where] |= np.int16(flag)
