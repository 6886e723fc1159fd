"""Readings as the bytes of a binary COPY, built by numpy. For the way back see `readings_range`.

In a binary COPY a NULL has no bytes, so rows of one NULL pattern have one length. Devices of one
kind leave out the same quantities: a batch is a few blocks of fixed width, joined. The rows reach
the store grouped by pattern; their order is in `received`.
"""

from collections.abc import Iterator
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from schemas.quantities import CHOICES, NUMBERS, UNKNOWN
from schemas.readings import Flag, Readings
from schemas.times import SECOND

HEADER = b"PGCOPY\n\xff\r\n\0" + bytes(8)
TRAILER = b"\xff\xff"
PG_EPOCH = 946_684_800 * SECOND
"""PostgreSQL counts its microseconds from 2000-01-01."""
NULL_STEPS = -32768
"""Stands for NULL where the store sends rows out; no plausible value comes near it."""

_NUMBERS = {q.name: q for q in NUMBERS}
_NULLABLE = ("elder", *_NUMBERS, *(c.name for c in CHOICES))
_TYPES = {
    **dict.fromkeys(("ts", "key", "received"), ">i8"),
    **dict.fromkeys(("position", "device", "elder", "gateway"), ">i4"),
}
COLUMNS = (
    "ts", "device", "key", "received", "elder", "gateway", *_NUMBERS,
    *(c.name for c in CHOICES), "flags",
)  # fmt: skip
"""In the table's order."""
_NOT_STORED = np.int16(~int(Flag.LATE))

Bytes = NDArray[Any]

_PIECE = 1_000  # rows


class _Layout(NamedTuple):
    """A row of one NULL pattern: its fields, and its bytes with every length in place."""

    dtype: np.dtype[Any]
    template: Bytes
    columns: tuple[str, ...]


def encode(readings: Readings, *, positions: NDArray[np.integer] | None = None) -> Iterator[bytes]:
    """The rows as `COPY reading (COLUMNS) FROM STDIN (FORMAT binary)` reads them, in pieces.

    Every number must be known or plausible. With `positions` (length n), a leading integer
    column `position` holds them. LATE is not stored.
    """
    patterns = _patterns(readings)
    sizes = np.bincount(patterns)
    found = np.flatnonzero(sizes).tolist()
    columns = {name: _values(readings, name) for name in COLUMNS}
    if positions is not None:
        columns["position"] = positions
    if len(found) > 1:
        by_pattern = np.argsort(patterns, kind="stable")  # int16: a radix sort
        columns = {name: column[by_pattern] for name, column in columns.items()}
    yield HEADER
    start = 0
    for pattern in found:
        layout = _layout(pattern, positions is not None)
        end = start + int(sizes[pattern])
        yield from _pieces(columns, layout, range(start, end))
        start = end
    yield TRAILER


def _pieces(columns: dict[str, NDArray[Any]], layout: _Layout, rows: range) -> Iterator[bytes]:
    """Small enough to stay in a cache and in memory that the process has already: one large block
    costs four times as much, all of it for pages that the kernel hands out anew each time."""
    block = np.repeat(layout.template, min(len(rows), _PIECE))
    for start in range(rows.start, rows.stop, _PIECE):
        end = min(start + _PIECE, rows.stop)
        piece = block[: end - start]
        for name in layout.columns:
            piece[name] = columns[name][start:end]
        yield piece.tobytes()


def _patterns(readings: Readings) -> NDArray[np.int16]:
    """One bit for each nullable column that is unknown: int16, length n."""
    patterns = np.zeros(len(readings), np.int16)
    for bit, name in enumerate(_NULLABLE):
        column = getattr(readings, name)
        unknown = np.isnan(column) if name in _NUMBERS else column == UNKNOWN
        patterns |= unknown.astype(np.int16) << np.int16(bit)
    return patterns


def _values(readings: Readings, name: str) -> NDArray[Any]:
    """As they are sent; anything where unknown."""
    values: NDArray[Any] = getattr(readings, name)
    if name in _NUMBERS:
        return _NUMBERS[name].to_steps(np.nan_to_num(values))
    if name in ("ts", "received"):
        return values - PG_EPOCH
    return values & _NOT_STORED if name == "flags" else values


@lru_cache(maxsize=4096)
def _layout(pattern: int, positioned: bool) -> _Layout:
    null = {name for bit, name in enumerate(_NULLABLE) if pattern >> bit & 1}
    names = (("position",) if positioned else ()) + COLUMNS
    fields: list[tuple[str, str]] = [("fields", ">i2")]
    for name in names:
        fields.append((f"{name} length", ">i4"))
        if name not in null:
            fields.append((name, _type(name)))
    dtype = np.dtype(fields)
    template = np.zeros(1, dtype)
    template["fields"] = len(names)
    for name in names:
        template[f"{name} length"] = -1 if name in null else dtype[name].itemsize
    return _Layout(dtype, template, tuple(n for n in names if n not in null))


def _type(name: str) -> str:
    return _TYPES.get(name, ">i2")
