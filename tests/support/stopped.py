"""Processes that stand still (SIGSTOP) or are looked at from outside, all their children too."""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path


def tree(pid: int) -> list[int]:
    """A process and everything below it; a server's workers have sessions of their own."""
    children: dict[int, list[int]] = {}
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            with suppress(OSError):
                stat = (folder / "stat").read_text()
                parent = int(stat.rpartition(")")[2].split()[1])
                children.setdefault(parent, []).append(int(folder.name))
    found = [pid]
    for each in found:
        found += children.get(each, [])
    return found


@contextmanager
def stopped(pid: int) -> Iterator[None]:
    """The whole tree stands still; the first one first, so that it starts no more."""
    os.kill(pid, signal.SIGSTOP)
    still = tree(pid)
    try:
        for each in still[1:]:
            with suppress(ProcessLookupError):
                os.kill(each, signal.SIGSTOP)
        yield
    finally:
        for each in reversed(still):
            with suppress(ProcessLookupError):
                os.kill(each, signal.SIGCONT)


def peak_memory(pid: int) -> int:
    """The most physical memory (bytes) that a process has ever had."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024
    raise AssertionError(f"no such figure of process {pid}")
