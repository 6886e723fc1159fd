"""Readings as columns in a file: for long runs, where decoding costs more than judging.

    magic · u32 length · header (zstd of JSON), then frames of u32 length · zstd of `to_bytes`

The header names the devices, elders and gateways whose rows the columns speak of, so that a file
fits any later version of its registry: who has left it is passed over. Columns lie one after
another and hold what repeats, so that general compression does the rest (docs/reference/captures.md
has the figures); a format of more parts, such as Parquet, would bring a large library for what
four lines do here.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import msgspec
import numpy as np
import zstandard
from numpy.typing import NDArray

from schemas.readings import Readings
from schemas.registry import Registry

SUFFIX = ".columns"
MAGIC = b"VCOLUMN1"
ROWS = 262_144
"""A frame holds about so many; bounds the memory of whoever reads."""
_LEVEL = 3
_LENGTH = struct.Struct("<I")


class ColumnsError(ValueError):
    """Not such a file, or a broken one; the text says where."""


class _Header(msgspec.Struct):
    devices: list[str]
    elders: list[str]
    gateways: list[str]


class Writer:
    """Gathers batches until a frame is full. Memory is bounded by one frame."""

    def __init__(self, file: IO[bytes], registry: Registry) -> None:
        self._file = file
        self._zstd = zstandard.ZstdCompressor(level=_LEVEL)
        self._held: list[Readings] = []
        self._rows = 0
        header = _Header(
            list(registry.devices.ids), list(registry.elders.ids), list(registry.gateways.ids)
        )
        file.write(MAGIC)
        self._frame(msgspec.json.encode(header))

    def write(self, rows: Readings) -> None:
        """Rows in the order in which they were received."""
        self._held.append(rows)
        self._rows += len(rows)
        if self._rows >= ROWS:
            self.flush()

    def flush(self) -> None:
        if self._rows:
            self._frame(Readings.concat(self._held).to_bytes())
            self._held, self._rows = [], 0

    def _frame(self, content: bytes) -> None:
        packed = self._zstd.compress(content)
        self._file.write(_LENGTH.pack(len(packed)) + packed)


@contextmanager
def writing(path: Path, registry: Registry) -> Iterator[Writer]:
    """A new file; FileExistsError where it is there already."""
    with path.open("xb") as file:
        writer = Writer(file, registry)
        yield writer
        writer.flush()


def is_columns(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(len(MAGIC)) == MAGIC


def read(
    path: Path,
    registry: Registry,
    *,
    problems: list[str],
    progress: Callable[[int, int], None] = lambda _done, _size: None,
) -> Iterator[Readings]:
    """Batches with the rows of `registry`; ColumnsError for another kind of file.

    A file that breaks off is read up to there, which goes to `problems`; so does how many devices
    the registry does not know.
    """
    size = path.stat().st_size
    with path.open("rb") as file:
        if file.read(len(MAGIC)) != MAGIC:
            raise ColumnsError(f"{path} holds no columns of readings")
        frames = _frames(file, problems)
        header = next(frames, None)
        if header is None:
            raise ColumnsError(f"{path} breaks off in its header")
        rows = _Rows.of(msgspec.json.decode(header, type=_Header), registry, problems)
        for content in frames:
            try:
                found = Readings.from_bytes(content)
            except ValueError as error:
                raise ColumnsError(f"{path}: {error}") from None
            progress(file.tell(), size)
            yield rows.fit(found)


def _frames(file: IO[bytes], problems: list[str]) -> Iterator[bytes]:
    zstd = zstandard.ZstdDecompressor()
    while head := file.read(_LENGTH.size):
        try:
            (length,) = _LENGTH.unpack(head)
            yield zstd.decompress(file.read(length))
        except (struct.error, zstandard.ZstdError):
            problems.append("the file breaks off; what stands before was read")
            return


@dataclass(frozen=True)
class _Rows:
    """Rows of the file to rows of a registry; the last element is for none."""

    device: NDArray[np.int32]
    elder: NDArray[np.int32]
    gateway: NDArray[np.int32]
    same: bool

    @classmethod
    def of(cls, header: _Header, registry: Registry, problems: list[str]) -> _Rows:
        device = _map(header.devices, registry.devices.row)
        gone = int((device[:-1] < 0).sum())
        if gone:
            problems.append(f"{gone} devices of the file are not in the registry: passed over")
        elder = _map(header.elders, registry.elders.row)
        gateway = _map(header.gateways, registry.gateways.row)
        same = all(
            bool((rows[:-1] == np.arange(len(rows) - 1)).all()) for rows in (device, elder, gateway)
        )
        return cls(device, elder, gateway, same)

    def fit(self, rows: Readings) -> Readings:
        if self.same:
            return rows
        known = (rows.device < 0) | (self.device[rows.device] >= 0)
        if not known.all():
            rows = rows.take(known)
        rows.device[:] = self.device[rows.device]
        rows.elder[:] = self.elder[rows.elder]
        rows.gateway[:] = self.gateway[rows.gateway]
        return rows


def _map(ids: Sequence[str], rows: dict[str, int]) -> NDArray[np.int32]:
    return np.array([*(rows.get(id_, -1) for id_ in ids), -1], np.int32)
