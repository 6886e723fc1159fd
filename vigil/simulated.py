"""A simulated run on file or to a broker: whole, or street by street.

What is too large to be held goes street by street, each into a folder of its own, named after the
street's area: a run by itself, with its registry, truth and note, that can be replayed, scored and
imported like any other. The note is written last: a folder that has one is complete.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from enum import StrEnum
from pathlib import Path
from secrets import token_hex

from schemas.directory import Directory, Level
from schemas.registry import Registry
from simulator import truth
from simulator.columns import columns
from simulator.faults import NONE
from simulator.fleet import Fleet, make_directory
from simulator.kinds import Fault
from simulator.life import usual_rate
from simulator.live import messages
from simulator.write import Course, prepare, write_run
from vigil import capture_files, columns_file
from vigil.publish import Clock, Figures, Publisher, play
from vigil.run_note import RunNote
from vigil.settings import BrokerSettings

Progress = Callable[[float, float], None]


class Form(StrEnum):
    """Of a capture."""

    LINES = "capture.jsonl"
    PACKED = "capture.jsonl" + capture_files.SUFFIX
    COLUMNS = "capture" + columns_file.SUFFIX


def write_whole(folder: Path, note: RunNote, form: Form, progress: Progress) -> None:
    directory = make_directory(homes=note.homes, seed=note.seed)
    _write(folder, directory, _course(note), form=form, progress=progress)
    note.write(folder)


def write_streets(
    folder: Path, note: RunNote, form: Form, progress: Progress, *, wanted: range | None = None
) -> int:
    """Streets `wanted` (by number from 0; None: all), one after another, of which no two are held;
    how many there were. ValueError where the fleet has no such streets."""
    fleet = Fleet(homes=note.homes, seed=note.seed)
    number = len(fleet.streets)
    wanted = range(number) if wanted is None else wanted
    if not wanted or wanted.stop > number:
        raise ValueError(f"this fleet has streets 1 to {number}")
    for done, k in enumerate(wanted):
        _write_street(folder, note, fleet, k, form=form, progress=_within(progress, done, wanted))
    return len(wanted)


def _write_street(
    folder: Path, note: RunNote, fleet: Fleet, k: int, *, form: Form, progress: Progress
) -> None:
    """It meets as much as it does within the whole."""
    every = usual_rate(note.homes, note.start, note.until)
    street = fleet.street(k)
    area = next(a.id for a in street.areas if a.level is Level.STREET)
    course = _course(note)._replace(every=every)
    _write(folder / area, street, course, form=form, progress=progress)
    note.model_copy(update={"street": area}).write(folder / area)


def _within(progress: Progress, done: int, wanted: range) -> Progress:
    return lambda some, whole: progress(done + some / whole, len(wanted))


def _write(
    folder: Path, directory: Directory, course: Course, *, form: Form, progress: Progress
) -> None:
    if form is Form.COLUMNS:
        _write_columns(folder, directory, course, progress)
        return
    opened = capture_files.writing
    write_run(folder, directory, course, progress=progress, name=form.value, opened=opened)


def _write_columns(folder: Path, directory: Directory, course: Course, progress: Progress) -> None:
    planned, _ = prepare(folder, directory, course)
    start, until = course.start, course.until
    path, registry = folder / Form.COLUMNS.value, Registry.build(directory)
    with columns_file.writing(path, registry) as file:
        for rows in columns(directory, seed=course.seed, start=start, until=until, plan=planned):
            file.write(rows)
            if len(rows):
                progress(int(rows.received[-1]) - start, until - start)


def _course(note: RunNote) -> Course:
    faults = frozenset(map(Fault, note.faults)) if note.faults else NONE
    return Course(note.seed, note.start, note.until, faults)


def publish(
    folder: Path,
    note: RunNote,
    broker: BrokerSettings,
    *,
    clock: Clock,
    speed: float | None,
    progress: Progress,
    stopped: Callable[[], bool],
) -> tuple[Figures, int]:
    """To a broker; registry, truth and note are written before. Until when it went: where that was
    `stopped`, the truth and the note say so too."""
    directory = make_directory(homes=note.homes, seed=note.seed)
    planned, _ = prepare(folder, directory, _course(note))
    note.write(folder)
    start, until = note.start, note.until
    fleet = messages(directory, seed=note.seed, start=start, until=until, plan=planned)
    publisher = Publisher(broker.address, client_id=f"vigil-fleet-{token_hex(4)}")
    with closing(publisher):
        reached = play(
            fleet,
            publisher,
            start=start,
            speed=speed,
            clock=clock,
            progress=lambda at: progress(at - start, until - start),
            stopped=stopped,
        )
    if stopped():
        note.model_copy(update={"until": reached}).write(folder)
        truth.write(folder / "truth.jsonl", planned.before(reached))
    return publisher.figures, reached
