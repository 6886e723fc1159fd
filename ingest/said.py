"""What a batch said, as columns, before anything is settled: `normalise` makes readings of it."""

from __future__ import annotations

from collections.abc import Container, Sequence
from dataclasses import dataclass, fields
from typing import Any, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from devices.decoded import Reading
from schemas.quantities import CHOICES, NUMBERS, UNKNOWN
from schemas.readings import Int8, Int16, Int32, Int64
from schemas.times import NEVER

T = TypeVar("T", bound=np.generic)

_NUMBERS = frozenset(q.name for q in NUMBERS)
_CHOICES = frozenset(q.name for q in CHOICES)
_NO_NUMBER, _NO_CODE = np.float64(np.nan), np.int8(UNKNOWN)


class Row(NamedTuple):
    """One row to be: a reading, or (without one) a sign of life. Rows of the directory."""

    received: int
    device: int
    elder: int
    gateway: int
    reading: Reading | None
    online: int
    flags: int


@dataclass(slots=True)
class Said:
    """Columns of equal length, in the order the rows were received.

    `received`: int64 µs UTC, strictly increasing. `device`, `elder`, `gateway`: int32 rows of the
    directory, -1 for none. `ts`: int64 µs as the device says it, NEVER where it says none. `key`:
    its sequence or the hash of a wrapper's id, int64, where `keyed` (bool). `online`: int8, a
    gateway's status, -1 for none. `flags`: int16 of `schemas.readings.Flag`. Of the quantities that
    any row names, `numbers`: float64 as said, NaN unknown; `codes`: int8, -1 unknown.
    """

    received: Int64
    device: Int32
    elder: Int32
    gateway: Int32
    ts: Int64
    key: Int64
    keyed: NDArray[np.bool_]
    online: Int8
    flags: Int16
    numbers: dict[str, NDArray[np.float64]]
    codes: dict[str, Int8]

    def __len__(self) -> int:
        return len(self.received)

    def take(self, rows: NDArray[np.bool_] | NDArray[np.integer]) -> Said:
        """The rows that a mask or an index array selects."""
        columns: dict[str, Any] = {name: getattr(self, name)[rows] for name in _COLUMNS}
        return Said(
            **columns,
            numbers={name: column[rows] for name, column in self.numbers.items()},
            codes={name: column[rows] for name, column in self.codes.items()},
        )

    @classmethod
    def of(cls, rows: Sequence[Row]) -> Said:
        readings = [row.reading or _NOTHING for row in rows]
        keys = [reading.key for reading in readings]
        return cls(
            received=np.array([row.received for row in rows], np.int64),
            device=np.array([row.device for row in rows], np.int32),
            elder=np.array([row.elder for row in rows], np.int32),
            gateway=np.array([row.gateway for row in rows], np.int32),
            ts=np.array([NEVER if r.ts is None else r.ts for r in readings], np.int64),
            key=np.array([0 if key is None else key for key in keys], np.int64),
            keyed=np.array([key is not None for key in keys], np.bool_),
            online=np.array([row.online for row in rows], np.int8),
            flags=np.array([row.flags for row in rows], np.int16),
            numbers=_columns(readings, _NUMBERS, _NO_NUMBER),
            codes=_columns(readings, _CHOICES, _NO_CODE),
        )

    @classmethod
    def merged(cls, one: Said, other: Said) -> Said:
        """The rows of both, by `received`."""
        if not len(one) or not len(other):
            return one if len(one) else other
        order = np.argsort(np.concatenate((one.received, other.received)), kind="stable")
        columns: dict[str, Any] = {
            name: np.concatenate((getattr(one, name), getattr(other, name)))[order]
            for name in _COLUMNS
        }
        sizes = len(one), len(other)
        return cls(
            **columns,
            numbers=_joined(one.numbers, other.numbers, sizes, order, _NO_NUMBER),
            codes=_joined(one.codes, other.codes, sizes, order, _NO_CODE),
        )


_COLUMNS = tuple(f.name for f in fields(Said) if f.name not in ("numbers", "codes"))
_NOTHING = Reading("", None, None, {})


def _joined(
    one: dict[str, NDArray[T]],
    other: dict[str, NDArray[T]],
    sizes: tuple[int, int],
    order: NDArray[np.intp],
    unsaid: T,
) -> dict[str, NDArray[T]]:
    """The columns of both in a new order, `unsaid` where only the other names a quantity."""
    joined = {}
    for name in {**one, **other}:
        parts = [
            said[name] if name in said else np.full(size, unsaid)
            for said, size in zip((one, other), sizes, strict=True)
        ]
        joined[name] = np.concatenate(parts)[order]
    return joined


def _columns(
    readings: Sequence[Reading], names: Container[str], unsaid: T
) -> dict[str, NDArray[T]]:
    places: dict[str, list[int]] = {}
    said: dict[str, list[float]] = {}
    for place, reading in enumerate(readings):
        for name, value in reading.values.items():
            if name in names:
                places.setdefault(name, []).append(place)
                said.setdefault(name, []).append(value)
    columns = {}
    for name, where in places.items():
        columns[name] = np.full(len(readings), unsaid)
        columns[name][where] = said[name]
    return columns
