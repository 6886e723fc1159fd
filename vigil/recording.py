"""Recordings on disk: captures that begin a new file now and then.

A recording is a folder of files, each named by the received time of its first message, so that
their names sort as their contents do; or one file, where a file is named. What was settled is on
the disk, whatever becomes of the process.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from contextlib import ExitStack
from pathlib import Path
from typing import IO, NamedTuple

import numpy as np
import structlog
import zstandard

from ingest.source import Mark as Bit
from ingest.source import Messages
from schemas.capture import Captured, format_line
from schemas.times import SECOND, from_micros
from vigil import capture_files
from vigil.replay.marks import ADVANCED, RESUMED, mark_line

logger = structlog.get_logger(__name__)


class Rotation(NamedTuple):
    """A new file is begun behind so many bytes of lines, or so much received time (µs)."""

    size: int
    span: int


class Recording:
    """Messages in the order in which they are added. Not for several threads."""

    def __init__(self, place: Path, rotation: Rotation, *, compressed: bool = True) -> None:
        """`place`: a folder, made if it is not there; or a file of its own, which never rotates,
        if it ends in .jsonl or .zst. FileExistsError where a file is there already."""
        self._single = place.suffix in (".jsonl", capture_files.SUFFIX)
        self._place, self._rotation = place, rotation
        self._suffix = ".jsonl" + (capture_files.SUFFIX if compressed else "")
        self._open = ExitStack()
        self._file: IO[bytes] | None = None
        self._path = place
        self._begun = self._size = 0
        self.messages = 0
        self.bytes = 0
        """Of the lines, as they were before compression."""
        (place.parent if self._single else place).mkdir(parents=True, exist_ok=True)

    def add(self, messages: Iterable[Captured]) -> None:
        for message in messages:
            line = format_line(message)
            file = self._at(message.received)
            file.write(line)
            self._size += len(line)
            self.bytes += len(line)
            self.messages += 1

    def flush(self) -> None:
        """Hand everything that was added to the operating system."""
        if isinstance(self._file, zstandard.ZstdCompressionWriter):
            self._file.flush(zstandard.FLUSH_BLOCK)
        if self._file is not None:
            self._file.flush()

    def settle(self) -> None:
        """Return when everything that was added is on the disk."""
        if self._file is None:
            return
        self.flush()
        with self._path.open("rb") as same:
            os.fsync(same.fileno())

    def close(self) -> None:
        """Settle, and end the file."""
        self.settle()
        self._open.close()
        self._file = None

    def _at(self, received: int) -> IO[bytes]:
        if self._file is not None and (self._single or self._fits(received)):
            return self._file
        if self._file is not None:
            self.close()
        name = f"capture-{from_micros(received):%Y%m%dT%H%M%S.%fZ}{self._suffix}"
        self._path = self._place if self._single else self._place / name
        self._file = self._open.enter_context(capture_files.writing(self._path))
        self._begun, self._size = received, 0
        return self._file

    def _fits(self, received: int) -> bool:
        return self._size < self._rotation.size and received - self._begun < self._rotation.span


def captured(messages: Messages, *, heard: int | None = None) -> list[Captured]:
    """Messages of a session as lines to be."""
    topics = [topic.decode("utf-8", "replace") for topic in messages.topics]
    marks = messages.marks
    return [
        Captured(received, topic, payload, qos, bool(retain), bool(backlog), heard)
        for received, topic, payload, qos, retain, backlog in zip(
            messages.received.tolist(),
            topics,
            messages.payloads,
            (marks >> np.uint8(1) & np.uint8(3)).tolist(),
            (marks & np.uint8(Bit.RETAIN)).tolist(),
            (marks & np.uint8(Bit.BACKLOG)).tolist(),
            strict=True,
        )
    ]


class IngestRecorder:
    """What ingest commits, as a recording whose replay gives the same alerts: `Recorder`.

    Written behind the commit and not synced: a crash may cost the recording its last moment, and
    a full disk ends it; neither keeps ingest from its work.
    """

    def __init__(self, folder: Path, rotation: Rotation) -> None:
        self._recording: Recording | None = Recording(folder, rotation)
        self._flushed = 0

    def committed(
        self,
        messages: Messages,
        *,
        heard: int | None,
        resumed: int | None,
        advanced: int | None,
    ) -> None:
        if self._recording is None:
            return
        lines = captured(messages, heard=heard)
        lines += [mark_line(RESUMED, resumed)] if resumed is not None else []
        lines += [mark_line(ADVANCED, advanced)] if advanced is not None else []
        try:
            self._recording.add(lines)
            if lines and lines[-1].received >= self._flushed + SECOND:
                self._recording.flush()
                self._flushed = lines[-1].received
        except OSError as error:
            logger.error("the recording ends here", error=str(error))  # noqa: TRY400
            self._recording = None

    def close(self) -> None:
        if self._recording is not None:
            self._recording.close()
