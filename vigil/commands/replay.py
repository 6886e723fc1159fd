"""vigil replay: a capture or a store range through the rules, and what they would have said."""

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, TextIO

import typer

from devices.catalogue import Catalogue
from rules.engine import Engine
from rules.load import load_catalogue
from schemas.directory import Directory
from schemas.registry import Registry
from schemas.registry_csv import read_folder
from schemas.times import parse_rfc3339
from store.connect import connect
from store.directory import load_directory, load_registry
from vigil.clock import SystemClock
from vigil.commands.common import ProgressBar, err, fail
from vigil.replay import AlertBook, Problem, Run, read_capture, replay_capture, replay_store
from vigil.settings import Settings


def replay(
    *,
    registry: Annotated[Path | None, typer.Option("--registry", help="folder of CSV files")] = None,
    capture: Annotated[Path | None, typer.Option("--capture", help="JSON Lines")] = None,
    since: Annotated[str | None, typer.Option("--since", help="store range, RFC 3339")] = None,
    until: Annotated[str | None, typer.Option("--until", help="store range, RFC 3339")] = None,
    out: Annotated[Path | None, typer.Option("--out", help="alerts, one JSON a line")] = None,
    rules: Annotated[Path | None, typer.Option("--rules", help="another rule catalogue")] = None,
) -> None:
    """Judge a capture (--registry and --capture) or a range of the store (--since).

    Alerts go to --out or to standard output. It cannot page anybody.
    """
    judge = Engine(load_catalogue(rules), Registry.build(Directory()))
    if capture is not None and registry is not None and since is None:
        (book,) = judge_capture(registry, capture, [judge])
    elif since is not None and capture is None and registry is None:
        book = _store(since, until, judge)
    else:
        raise fail("give either --registry and --capture, or --since", 2)
    with _output(out) as stream:
        for alert in book.in_order():
            stream.write(alert.model_dump_json() + "\n")


def judge_capture(registry: Path, capture: Path, judges: Sequence[Engine]) -> list[AlertBook]:
    """Each judge's alerts; what could not be read or used is said on standard error."""
    directory = read_folder(registry)
    runs, problems = [Run(judge, AlertBook(directory)) for judge in judges], list[Problem]()
    with capture.open("rb") as lines, ProgressBar("replaying") as bar:
        size = capture.stat().st_size
        summary = replay_capture(
            read_capture(lines, problems),
            directory=directory,
            catalogue=Catalogue.load(extra=Settings().devices.folder),
            runs=runs,
            progress=lambda _: bar.update(lines.tell() if not lines.closed else size, size),
        )
    for problem in problems[:20]:
        err.print(f"{capture}, line {problem.line}: {problem.message}", markup=False)
    for note in dict.fromkeys(note for judge in judges for note in judge.notes):
        err.print(note, markup=False)
    err.print(
        f"{summary.messages} messages: {summary.readings} readings, {summary.rejected} rejected, "
        f"{summary.quarantined} quarantined, {summary.duplicates} repeated; "
        f"{len(problems)} lines unreadable; "
        f"{', '.join(str(len(run.book.in_order())) for run in runs)} alerts"
    )
    return [run.book for run in runs]


def _store(since: str, until: str | None, judge: Engine) -> AlertBook:
    settings = Settings()
    try:
        begin = parse_rfc3339(since)
        end = parse_rfc3339(until) if until else SystemClock().now()
    except ValueError as error:
        raise fail(str(error), 2) from None
    models = Catalogue.load(extra=settings.devices.folder).models()
    with connect(settings.store.dsn, application="vigil replay") as connection:
        book = AlertBook(load_directory(connection))
        judge.set_registry(load_registry(connection)[1].fitted(models))
        rows = replay_store(
            connection,
            since=begin,
            until=end,
            partition_name=settings.ingest.partition,
            judge=judge,
            book=book,
        )
    err.print(f"{rows} rows judged; {len(book.in_order())} alerts")
    return book


@contextmanager
def _output(path: Path | None) -> Iterator[TextIO]:
    if path is None:
        yield sys.stdout
        return
    with path.open("w", encoding="utf-8") as stream:
        yield stream
