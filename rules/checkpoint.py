"""The adopted state as bytes, and back.

A header in JSON, then the columns: only the rows that differ from the column's default where
those are few. A rule whose fingerprint changed starts fresh, save its open alerts, which can
still rise and clear under the new rule.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from rules.columns import Column, State
from rules.rule import Rule

VERSION = 1
"""Of this form and of what the shared columns mean; others cannot be read."""

_MAGIC = b"VIGILRUL"
_KEPT = ("/alert.", "/latest_onset")


class _Entry(msgspec.Struct):
    table: str
    column: str
    dtype: str
    rows: int
    """How many rows follow; -1: all of the table's."""


class _Header(msgspec.Struct):
    version: int
    sizes: dict[str, int]
    rules: dict[str, str]
    columns: list[_Entry]


def dump(state: State, rules: Sequence[Rule]) -> bytes:
    entries: list[_Entry] = []
    parts: list[bytes] = []
    for table, column in state.walk():
        data = state.journal.committed(column)
        rows = np.flatnonzero(~_same(data, column.default))
        dense = len(rows) * (4 + data.itemsize) >= data.nbytes
        little = data.astype(data.dtype.newbyteorder("<"), copy=False)
        entries.append(
            _Entry(table.name, column.name, little.dtype.str, -1 if dense else len(rows))
        )
        parts += (
            [little.tobytes()] if dense else [rows.astype("<i4").tobytes(), little[rows].tobytes()]
        )
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
        column.data[:] = column.default
    for entry, rows, values in arrays:
        target = columns.get((entry.table, entry.column))
        if target is None or not _keeps(target, fresh):
            continue
        if values.dtype == target.data.dtype:
            target.data[rows] = values
    return [f"rule {id_} is not the one of the snapshot: it starts fresh" for id_ in sorted(fresh)]


def _keeps(column: Column, fresh: set[str]) -> bool:
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
        count = size if entry.rows < 0 else entry.rows
        length = count * dtype.itemsize + (0 if entry.rows < 0 else 4 * count)
        piece = body[at : at + length]
        if len(piece) != length:
            raise ValueError("a damaged snapshot: it ends early")
        split = 0 if entry.rows < 0 else 4 * count
        rows = np.arange(count) if entry.rows < 0 else np.frombuffer(piece[:split], "<i4")
        if count and (rows.min() < 0 or rows.max() >= size):
            raise ValueError("a damaged snapshot: a row is out of range")
        yield entry, rows, np.frombuffer(piece[split:], dtype).astype(dtype.newbyteorder("="))
        at += length
    if at != len(body):
        raise ValueError("a damaged snapshot: it goes on after its end")


def _same(data: NDArray[Any], default: float) -> NDArray[np.bool_]:
    if np.isnan(default):
        return np.asarray(np.isnan(data))
    return np.asarray(data == default)
