"""The state as bytes, and back.

A header in JSON, then the columns: only the rows that differ from the column's default, after
their numbers or a bit a row, whichever is shorter. A rule whose fingerprint changed starts
fresh, save its open alerts, which can still rise and clear under the new rule.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from rules.columns import Column, State
from rules.groups import indices
from rules.rule import Rule
from rules.sparse import Sparse

VERSION = 2
"""Of this form and of what the shared columns mean; others cannot be read."""

_MAGIC = b"VIGILRUL"
_KEPT = ("/alert.", "/latest_onset")


class _Entry(msgspec.Struct):
    table: str
    column: str
    dtype: str
    width: int
    rows: int
    bits: bool
    """Whether the rows are told by a bit each, not by their numbers."""


class _Header(msgspec.Struct):
    version: int
    sizes: dict[str, int]
    rules: dict[str, str]
    columns: list[_Entry]


def dump(state: State, rules: Sequence[Rule]) -> bytes:
    entries: list[_Entry] = []
    parts: list[bytes] = []
    for table, column in state.walk():
        rows, values = column.told()
        bits = table.size <= 32 * len(rows)
        dtype = column.dtype.newbyteorder("<")
        entries.append(
            _Entry(table.name, column.name, dtype.str, column.width, len(rows), bits=bits)
        )
        parts.append(_bits(rows, table.size) if bits else rows.astype("<i4").tobytes())
        parts.append(values.astype(dtype, copy=False).tobytes())
    header = _Header(
        VERSION,
        {table.name: table.size for table in state.tables},
        {rule.id: rule.fingerprint() for rule in rules},
        entries,
    )
    head = msgspec.json.encode(header)
    return b"".join([_MAGIC, struct.pack("<I", len(head)), head, *parts])


def load(data: bytes, state: State, rules: Sequence[Rule]) -> list[str]:
    """Replace the state; notes on what starts fresh. ValueError leaves the state as it was."""
    header, body = _read_header(data)
    arrays = list(_read_columns(header, body))
    fresh = {rule.id for rule in rules if header.rules.get(rule.id) != rule.fingerprint()}
    for table in state.tables:
        table.grow(header.sizes.get(table.name, 0))
    columns = {(table.name, column.name): column for table, column in state.walk()}
    for column in columns.values():
        column.reset(np.zeros(0, np.intp), np.zeros(0, column.dtype))
    for entry, rows, values in arrays:
        target = columns.get((entry.table, entry.column))
        if target is None or not _keeps(target, fresh):
            continue
        if (values.dtype, entry.width) == (target.dtype, target.width):
            target.reset(rows, values)
    return [f"rule {id_} is not the one of the snapshot: it starts fresh" for id_ in sorted(fresh)]


def _keeps(column: Column | Sparse, fresh: set[str]) -> bool:
    return column.name.split("/")[0] not in fresh or any(k in column.name for k in _KEPT)


def _read_header(data: bytes) -> tuple[_Header, memoryview]:
    if data[: len(_MAGIC)] != _MAGIC:
        raise ValueError("not a snapshot of rules")
    try:
        (size,) = struct.unpack_from("<I", data, len(_MAGIC))
        start = len(_MAGIC) + 4
        header = msgspec.json.decode(data[start : start + size], type=_Header)
    except (struct.error, msgspec.DecodeError) as error:
        raise ValueError(f"a damaged snapshot: {error}") from None
    if header.version != VERSION:
        raise ValueError(f"a snapshot of version {header.version}; this reads {VERSION}")
    return header, memoryview(data)[start + size :]


def _read_columns(
    header: _Header, body: memoryview
) -> Iterator[tuple[_Entry, NDArray[Any], NDArray[Any]]]:
    at = 0
    for entry in header.columns:
        dtype, size = np.dtype(entry.dtype), header.sizes[entry.table]
        told = (size + 7) // 8 if entry.bits else 4 * entry.rows
        end = at + told + entry.rows * entry.width * dtype.itemsize
        if entry.rows < 0 or end > len(body):
            raise ValueError("a damaged snapshot: it ends early")
        rows = _rows(body[at : at + told], entry, size)
        values = np.frombuffer(body[at + told : end], dtype).astype(dtype.newbyteorder("="))
        yield entry, rows, values.reshape(-1, entry.width) if entry.width > 1 else values
        at = end
    if at != len(body):
        raise ValueError("a damaged snapshot: it goes on after its end")


def _rows(piece: memoryview, entry: _Entry, size: int) -> NDArray[np.intp]:
    if entry.bits:
        rows = indices(np.unpackbits(np.frombuffer(piece, np.uint8), count=size))
    else:
        rows = np.frombuffer(piece, "<i4").astype(np.intp)
    if len(rows) != entry.rows or (len(rows) and not 0 <= rows.min() <= rows.max() < size):
        raise ValueError("a damaged snapshot: its rows are not those of its table")
    return rows


def _bits(rows: NDArray[np.intp], size: int) -> bytes:
    marks = np.zeros(size, bool)
    marks[rows] = True
    return np.packbits(marks).tobytes()
