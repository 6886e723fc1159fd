"""What one process of a replay does: everything from the files, or the store, for its share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

from devices.catalogue import Catalogue
from rules.engine import Engine
from rules.load import load_catalogue
from schemas.alerts import Alert
from schemas.directory import Directory
from schemas.registry import Registry
from schemas.registry_csv import read_folder
from store.connect import connect_read_only
from store.directory import load_directory, load_registry
from vigil import columns_file
from vigil.capture_files import reading
from vigil.replay.book import AlertBook, Run
from vigil.replay.capture import Summary, replay_capture
from vigil.replay.marks import Problem, read_capture
from vigil.replay.parts import WHOLE, Part
from vigil.replay.processes import Progress
from vigil.replay.store import replay_columns, replay_store
from vigil.settings import Settings


class Result(NamedTuple):
    """Of one share. `problems`: of the file, in words; `notes`: of the rules."""

    alerts: list[Alert]
    summary: Summary = Summary()
    rows: int = 0
    problems: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class CaptureJob:
    """A capture, of lines or of columns."""

    registry: Path
    capture: Path
    rules: Path | None = None

    def __call__(self, part: Part, progress: Progress) -> Result:
        judge = Engine(load_catalogue(self.rules), Registry.build(Directory()))
        result, (alerts,) = judge_files(
            self.registry, self.capture, [judge], part=part, progress=progress
        )
        return result._replace(alerts=alerts)


@dataclass(frozen=True)
class StoreJob:
    """What the store of the settings received in [since, until), µs UTC."""

    since: int
    until: int
    rules: Path | None = None

    def __call__(self, part: Part, progress: Progress) -> Result:
        settings = Settings()
        judge = Engine(load_catalogue(self.rules), Registry.build(Directory()))
        models = Catalogue.load(extra=settings.devices.folder).models()
        with connect_read_only(settings.store.dsn, application="vigil replay") as connection:
            book = AlertBook(load_directory(connection))
            rows = replay_store(
                connection,
                since=self.since,
                until=self.until,
                partition_name=settings.ingest.partition,
                registry=load_registry(connection)[1].fitted(models),
                run=Run(judge, book),
                part=part,
                progress=lambda _, at: progress(at - self.since, self.until - self.since),
            )
        return Result(book.in_order(), rows=rows, notes=tuple(judge.notes))


def judge_files(
    registry: Path,
    capture: Path,
    judges: Sequence[Engine],
    *,
    part: Part = WHOLE,
    progress: Progress = lambda _done, _size: None,
) -> tuple[Result, list[list[Alert]]]:
    """Each judge's alerts of the same capture, which is decoded once."""
    files = _Files(registry, capture)
    runs = [Run(judge, AlertBook(files.directory)) for judge in judges]
    judged = _columns if columns_file.is_columns(capture) else _lines
    result = judged(files, runs, part, progress)
    notes = dict.fromkeys(note for judge in judges for note in judge.notes)
    return result._replace(notes=tuple(notes)), [run.book.in_order() for run in runs]


@dataclass(frozen=True)
class _Files:
    folder: Path
    capture: Path

    @cached_property
    def directory(self) -> Directory:
        return read_folder(self.folder)

    @cached_property
    def catalogue(self) -> Catalogue:
        return Catalogue.load(extra=Settings().devices.folder)


def _lines(files: _Files, runs: Sequence[Run], part: Part, progress: Progress) -> Result:
    problems: list[Problem] = []
    with reading(files.capture, progress) as lines:
        summary = replay_capture(
            read_capture(lines, problems),
            directory=files.directory,
            catalogue=files.catalogue,
            runs=runs,
            part=part,
            settings=Settings().ingest,
        )
    said = tuple(f"line {p.line}: {p.message}" for p in problems)
    return Result([], summary=summary, rows=summary.readings, problems=said)


def _columns(files: _Files, runs: Sequence[Run], part: Part, progress: Progress) -> Result:
    """Read anew for each run: a comparison of two catalogues reads twice."""
    registry = Registry.build(files.directory).fitted(files.catalogue.models())
    problems: list[str] = []
    rows = 0
    for run in runs:
        problems.clear()
        found = columns_file.read(files.capture, registry, problems=problems, progress=progress)
        rows = replay_columns(found, registry=registry, run=run, part=part)
    return Result([], Summary(rows, rows), rows, tuple(problems))
