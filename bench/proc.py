"""CPU and memory of processes, from /proc (Linux). Services are told by their first process."""

from __future__ import annotations

import os
import time
from pathlib import Path

_TICK = os.sysconf("SC_CLK_TCK")
_PAGE = os.sysconf("SC_PAGE_SIZE")


class Meter:
    """CPU seconds that named services have used since it was made, their children included."""

    def __init__(self, services: dict[str, int]) -> None:
        """`services`: name → pid of the first process."""
        self._services = services
        self._before = {name: cpu_seconds(pid) for name, pid in services.items()}
        self._began = time.perf_counter()

    def cores(self) -> dict[str, float]:
        """Name → cores kept busy on average."""
        passed = time.perf_counter() - self._began
        return {
            name: (cpu_seconds(pid) - self._before[name]) / passed
            for name, pid in self._services.items()
        }


def cpu_seconds(pid: int) -> float:
    """User and system time of a process and its children, dead ones included."""
    return sum(sum(map(int, _stat(p)[11:15])) for p in family(pid)) / _TICK


def threads(pid: int) -> dict[str, float]:
    """CPU seconds of a process's first thread ("work") and of all others ("other threads")."""
    times = {
        int(task.name): sum(map(int, _fields(task / "stat")[11:13])) / _TICK
        for task in Path(f"/proc/{pid}/task").iterdir()
    }
    first = times.pop(pid)
    return {"work": first, "other threads": sum(times.values())}


def resident(pid: int) -> int:
    """Bytes of memory that a process itself holds."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * _PAGE


def family(pid: int) -> list[int]:
    """A process and its living descendants."""
    found = [pid]
    for parent in found:
        children = Path(f"/proc/{parent}/task/{parent}/children")
        found += [int(child) for child in _text(children).split()]
    return found


def _stat(pid: int) -> list[str]:
    return _fields(Path(f"/proc/{pid}/stat")) or ["0"] * 50


def _fields(path: Path) -> list[str]:
    """Behind the name, which may hold anything."""
    return _text(path).rpartition(")")[2].split()


def _text(path: Path) -> str:
    try:
        return path.read_text()
    except OSError:  # it has just ended
        return ""
