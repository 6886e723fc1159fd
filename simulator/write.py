"""A whole run into a folder: the registry, the capture and the truth."""

from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import IO, NamedTuple

from schemas.registry_csv import write_folder
from schemas.times import DAY, MINUTE
from simulator import capture, truth
from simulator.faults import NONE
from simulator.fleet import make_directory
from simulator.incidents import plan
from simulator.kinds import Fault
from simulator.live import messages
from simulator.message import Message

Progress = Callable[[int, int], None]
"""Called with simulated µs done and in all, about once a simulated minute."""


class Run(NamedTuple):
    """What was written."""

    homes: int
    messages: int
    incidents: int


def write_run(
    out: Path,
    *,
    homes: int,
    days: float,
    seed: int,
    start: int,
    faults: frozenset[Fault] = NONE,
    progress: Progress | None = None,
    name: str = "capture.jsonl",
    opened: Callable[[Path], AbstractContextManager[IO[bytes]]] = lambda path: path.open("xb"),
) -> Run:
    """Write `registry/`, the capture and `truth.jsonl` under `out`; `start` is µs UTC.

    The capture is called `name`, and written through what `opened` gives, as it is made, so that
    memory does not grow with `days`. Equal arguments give equal bytes. ValueError where there is
    nothing to simulate; FileExistsError where `out` already holds a run.
    """
    until = start + round(days * DAY)
    if until <= start:
        raise ValueError(f"there is nothing to simulate in {days} days")
    if (out / name).exists():
        raise FileExistsError(f"{out} already holds a run")
    directory = make_directory(homes=homes, seed=seed)
    write_folder(directory, out / "registry")
    planned = plan(directory, seed=seed, start=start, until=until, staged=False, faults=faults)
    incidents = truth.write(out / "truth.jsonl", planned)
    fleet = messages(directory, seed=seed, start=start, until=until, plan=planned)
    with opened(out / name) as file:
        written = _record(fleet, file, start=start, until=until, progress=progress)
    return Run(homes, written, incidents)


def _record(
    fleet: Iterable[Message], file: IO[bytes], *, start: int, until: int, progress: Progress | None
) -> int:
    reported, written = start, 0
    for message in fleet:
        file.write(capture.line(message))
        written += 1
        if progress is not None and message.at >= reported + MINUTE:
            reported = message.at
            progress(reported - start, until - start)
    if progress is not None:
        progress(until - start, until - start)
    return written
