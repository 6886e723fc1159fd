"""Captures as files: JSON Lines, compressed where the name ends in `.zst`.

Half a kilobyte a message becomes some 30 bytes. What was written is readable up to the last
flush, should the writer be killed.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import zstandard

SUFFIX = ".zst"
_LEVEL = 3
_BUFFER = 1 << 20


@contextmanager
def reading(path: Path, progress: Callable[[int, int], None] | None = None) -> Iterator[IO[bytes]]:
    """The lines of a capture, whichever form it has. `progress` is told the bytes of the file that
    are read, and how many there are. A file that ends in the middle of a frame is read so far."""
    size = path.stat().st_size
    with path.open("rb") as file:
        told = progress or (lambda _done, _size: None)
        raw = io.BufferedReader(_Told(file, lambda done: told(done, size)), _BUFFER)
        if path.suffix != SUFFIX:
            yield raw
            return
        unpack = zstandard.ZstdDecompressor().stream_reader(raw, read_across_frames=True)
        yield io.BufferedReader(unpack, _BUFFER)


@contextmanager
def writing(path: Path) -> Iterator[IO[bytes]]:
    """A new file; FileExistsError where it is there already: a recording is never overwritten."""
    with path.open("xb") as file:
        if path.suffix != SUFFIX:
            yield file
            return
        with zstandard.ZstdCompressor(level=_LEVEL).stream_writer(file, closefd=False) as packed:
            yield packed


class _Told(io.RawIOBase):
    """Tells how much of a file was read."""

    def __init__(self, file: IO[bytes], told: Callable[[int], None]) -> None:
        self._file, self._told = file, told

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        data = self._file.read(len(buffer))
        buffer[: len(data)] = data
        self._told(self._file.tell())
        return len(data)
