"""What one ingest process keeps on its own disk: a file that is locked as long as it lives.

The file is the journal of emergencies that went out ahead of the store (`ingest.emergency`). Its
name is the process's token in the store, and its lock shows every other process of this machine
whether the one that wrote it is alive: the kernel lets go of it, whatever ends the process.
Several processes, of different sites even, may share the folder.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import structlog

logger = structlog.get_logger(__name__)

_SUFFIX = ".journal"


class State:
    """This process's file in `folder`. Without a folder that can be written, `file` is None:
    ingest works all the same, but what it says ahead of the store is forgotten with it."""

    def __init__(self, folder: Path, *, token: str) -> None:
        self.token, self.folder = token, folder
        self._locks: dict[str, int] = {}
        self.file: Path | None = None
        self._descriptor = -1
        try:
            folder.mkdir(parents=True, mode=0o700, exist_ok=True)
            self._descriptor, self.file = self._claim()
        except OSError:
            logger.exception("no state folder: set VIGIL_INGEST__STATE_FOLDER")

    def _claim(self) -> tuple[int, Path]:
        path = self.folder / f"{self.token}{_SUFFIX}"
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        fcntl.flock(descriptor, fcntl.LOCK_EX)  # its name is new: a moment at most
        return descriptor, path

    def ended(self, token: str) -> bool:
        """Whether the process with that token is known to have ended: its file lies here, and
        nobody holds it. False also where nothing is known of it."""
        return token != self.token and _is_free(self.folder / f"{token}{_SUFFIX}")

    def claim(self, name: str) -> bool:
        """Whether this process may do, alone on this machine, what a name stands for; as long as
        it lives."""
        if name not in self._locks:
            descriptor = _lock(self.folder / name, os.O_RDWR | os.O_CREAT)
            if descriptor < 0:
                return False
            self._locks[name] = descriptor
        return True

    def others(self) -> Iterator[tuple[Path, bool]]:
        """The files of other processes, and whether their writer has ended."""
        if self.file is None:
            return
        for path in sorted(self.folder.glob(f"*{_SUFFIX}")):
            if path != self.file:
                yield path, _is_free(path)

    def close(self) -> None:
        """Let go; an empty file leaves no trace."""
        if self.file is not None:
            with suppress(OSError):
                if self.file.stat().st_size == 0:
                    self.file.unlink()
        for descriptor in (*self._locks.values(), self._descriptor):
            if descriptor >= 0:
                os.close(descriptor)
        self._locks, self._descriptor = {}, -1


def _is_free(path: Path) -> bool:
    descriptor = _lock(path, os.O_RDWR)
    if descriptor >= 0:
        os.close(descriptor)
    return descriptor >= 0


def _lock(path: Path, flags: int) -> int:
    """The descriptor of a file that nobody else holds; -1 where somebody does, or it cannot be."""
    try:
        descriptor = os.open(path, flags | os.O_CLOEXEC, 0o600)
    except OSError:
        return -1
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(descriptor)
        return -1
    return descriptor
