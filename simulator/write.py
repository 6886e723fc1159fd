"""A run into a folder: the registry, the truth, and what the fleet says as lines of a capture."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import IO, NamedTuple

from schemas.directory import Directory
from schemas.registry_csv import write_folder
from schemas.times import MINUTE
from simulator import capture, truth
from simulator.announced import announce
from simulator.faults import NONE
from simulator.incidents import Plan, plan
from simulator.kinds import Fault, Incident, Kind
from simulator.live import messages
from simulator.message import Message

Progress = Callable[[int, int], None]
"""Called with simulated µs done and in all, about once a simulated minute."""


class Course(NamedTuple):
    """What a run is made with: [start, until) in µs UTC; `every` as `incidents.plan` has it."""

    seed: int
    start: int
    until: int
    faults: frozenset[Fault] = NONE
    every: float | None = None


class Run(NamedTuple):
    """What was written."""

    messages: int
    incidents: int


def prepare(out: Path, directory: Directory, course: Course) -> tuple[Plan, int]:
    """Write `registry/` and `truth.jsonl`; the plan from which the fleet speaks, and how many
    incidents it has. ValueError where there is nothing to simulate."""
    if course.until <= course.start:
        raise ValueError("there is nothing to simulate: the run ends where it begins")
    out.mkdir(parents=True, exist_ok=True)
    planned = plan(directory, staged=False, **course._asdict())
    trips: list[Incident] = []
    incidents = truth.write(out / "truth.jsonl", _noting(trips, planned))
    write_folder(announce(directory, trips, seed=course.seed), out / "registry")
    return planned, incidents


def _noting(trips: list[Incident], planned: Plan) -> Iterator[Incident]:
    for incident in planned:
        if incident.kind is Kind.TRIP:
            trips.append(incident)
        yield incident


def write_run(
    out: Path,
    directory: Directory,
    course: Course,
    *,
    progress: Progress | None = None,
    name: str = "capture.jsonl",
    opened: Callable[[Path], AbstractContextManager[IO[bytes]]] = lambda path: path.open("xb"),
) -> Run:
    """Write `registry/`, the capture and `truth.jsonl` under `out`.

    The capture is called `name`, and written through what `opened` gives, as it is made, so that
    memory does not grow with the length of the run. Equal arguments give equal bytes. ValueError
    where there is nothing to simulate; FileExistsError where `out` already holds a run.
    """
    if (out / name).exists():
        raise FileExistsError(f"{out} already holds a run")
    planned, incidents = prepare(out, directory, course)
    span = {"start": course.start, "until": course.until}
    fleet = messages(directory, seed=course.seed, plan=planned, **span)
    with opened(out / name) as file:
        return Run(_record(fleet, file, progress=progress, **span), incidents)


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
