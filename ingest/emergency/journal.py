"""The file of what went ahead of the store, so that it keeps its time, and so its id, through a
crash.

One JSON object a line: first whose messages they are, then each emergency before its alert is
sent, and a line when it is in the store. A half-written last line is ignored.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path

import msgspec
import structlog

from ingest.state import State

logger = structlog.get_logger(__name__)

_MOST = 32 * 1024 * 1024  # bytes; an entry has about 200


class Heard(msgspec.Struct, frozen=True):
    """A message with an emergency, as it was heard."""

    digest: str
    """Hex of 8 bytes of BLAKE2b over topic and payload."""
    topic: str
    received: int  # µs UTC
    ids: tuple[str, ...] = ()
    """The alerts that it set off; none where it belongs to an earlier one."""


class _Line(msgspec.Struct, omit_defaults=True):
    session: str | None = None
    heard: Heard | None = None
    stored: Heard | None = None


class Journal:
    """Appends to this process's file; `session` names the broker session whose messages these
    are. A disk that fails is said and counted, and holds nothing up: the alert goes out anyway."""

    def __init__(self, state: State, *, session: str) -> None:
        self._state, self._path, self._session = state, state.file, session
        self._size = 0

    def load(self) -> list[Heard]:
        """What this process, those before it and those beside it sent ahead for the same broker
        session and is not known to be in the store, in order.

        The files of those that have ended become this process's own.
        """
        own = dict.fromkeys(self._mine())
        foreign: dict[Heard, None] = {}
        ended: list[Path] = []
        for path, free in self._state.others():
            whose, heard = _read(path)
            if whose == self._session:
                foreign |= dict.fromkeys(heard)
            if free and whose in (self._session, None):
                ended.append(path)
        self.add([one for one in foreign if one not in own])
        for path in ended:
            with suppress(OSError):
                path.unlink()
        return sorted(own | foreign, key=lambda one: one.received)

    def _mine(self) -> list[Heard]:
        """Of this process, from when it owned the partition before."""
        if self._path is None:
            return []
        with suppress(OSError):
            self._size = self._path.stat().st_size
        heard = _read(self._path)[1]
        if not heard:
            self.clear()
        return heard

    def add(self, heard: Sequence[Heard]) -> None:
        """On disk when this returns."""
        if not heard:
            return
        lines = [_Line(heard=one) for one in heard]
        if self._size == 0:
            lines.insert(0, _Line(session=self._session))
        self._write(lines, sync=True)

    def stored(self, heard: Sequence[Heard]) -> None:
        """These are in the store. Lost by a crash, the batch log says it again."""
        if self._size and heard:
            self._write([_Line(stored=one) for one in heard], sync=False)

    def clear(self) -> None:
        """Everything is in the store."""
        if self._path is None or self._size == 0:
            return
        self._size = 0
        try:
            os.truncate(self._path, 0)
        except OSError:
            logger.exception("the journal cannot be emptied")

    def _write(self, lines: Sequence[_Line], *, sync: bool) -> None:
        content = b"".join(msgspec.json.encode(line) + b"\n" for line in lines)
        if self._path is None or self._size + len(content) > _MOST:
            logger.error("an emergency goes ahead of the store without a journal")
            return
        try:
            with self._path.open("ab") as file:
                file.write(content)
                if sync:
                    file.flush()
                    os.fsync(file.fileno())
        except OSError:
            logger.exception("the journal cannot be written")
        self._size += len(content)


def _read(path: Path) -> tuple[str | None, list[Heard]]:
    session: str | None = None
    heard: dict[Heard, None] = {}
    for line in _lines(path):
        session = line.session or session
        if line.heard is not None:
            heard[line.heard] = None
        if line.stored is not None:
            heard.pop(line.stored, None)
    return session, list(heard)


def _lines(path: Path) -> Iterable[_Line]:
    try:
        content = path.read_bytes()
    except OSError:
        logger.exception("a journal cannot be read")
        return
    for line in content.splitlines():
        with suppress(msgspec.DecodeError):
            yield msgspec.json.decode(line, type=_Line)
