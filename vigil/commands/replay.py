"""vigil replay: a capture or a store range through the rules, and what they would have said."""

import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, TextIO

import typer

from rules.engine import Engine
from schemas.alerts import Alert
from schemas.registry_csv import read_folder
from schemas.times import parse_rfc3339
from store.connect import connect_read_only
from store.directory import load_directory
from vigil.clock import SystemClock
from vigil.commands.common import ProgressBar, err, fail
from vigil.replay import processes
from vigil.replay.jobs import CaptureJob, Result, StoreJob, judge_files
from vigil.replay.parts import split
from vigil.settings import Settings

_WORTH_IT = 64 * 1024 * 1024  # bytes of a capture: from here on every core gets a process


def replay(
    *,
    registry: Annotated[Path | None, typer.Option("--registry", help="folder of CSV files")] = None,
    capture: Annotated[
        Path | None,
        typer.Option("--capture", help="JSON Lines (.jsonl, .jsonl.zst) or columns (.columns)"),
    ] = None,
    since: Annotated[str | None, typer.Option("--since", help="store range, RFC 3339")] = None,
    until: Annotated[str | None, typer.Option("--until", help="store range, RFC 3339")] = None,
    out: Annotated[Path | None, typer.Option("--out", help="alerts, one JSON a line")] = None,
    rules: Annotated[Path | None, typer.Option("--rules", help="another rule catalogue")] = None,
    processes_: Annotated[
        int | None,
        typer.Option(
            "--processes", min=1, help="shares of the areas; default: one a core for long captures"
        ),
    ] = None,
) -> None:
    """Judge a capture (--registry and --capture) or a range of the store (--since).

    Alerts go to --out or to standard output. It cannot page anybody.
    """
    if capture is not None and registry is not None and since is None:
        alerts = _capture(registry, capture, rules, processes_)
    elif since is not None and capture is None and registry is None:
        alerts = _store(since, until, rules, processes_)
    else:
        raise fail("give either --registry and --capture, or --since", 2)
    with _output(out) as stream:
        for alert in alerts:
            stream.write(alert.model_dump_json() + "\n")


def _capture(registry: Path, capture: Path, rules: Path | None, number: int | None) -> list[Alert]:
    directory = read_folder(registry)
    if number is None:
        number = (os.cpu_count() or 1) if capture.stat().st_size >= _WORTH_IT else 1
    job = CaptureJob(registry, capture, rules)
    with ProgressBar("replaying") as bar:
        results = processes.run(job, split(directory, number), progress=bar.update)
    return _told(capture, results)


def _store(since: str, until: str | None, rules: Path | None, number: int | None) -> list[Alert]:
    settings = Settings()
    try:
        begin = parse_rfc3339(since)
        end = parse_rfc3339(until) if until else SystemClock().now()
    except ValueError as error:
        raise fail(str(error), 2) from None
    with connect_read_only(settings.store.dsn, application="vigil replay") as connection:
        directory = load_directory(connection)
    with ProgressBar("replaying") as bar:
        job = StoreJob(begin, end, rules)
        results = processes.run(job, split(directory, number or 1), progress=bar.update)
    alerts = processes.merged(r.alerts for r in results)
    err.print(f"{sum(r.rows for r in results)} rows judged; {len(alerts)} alerts")
    return alerts


def judge_capture(registry: Path, capture: Path, judges: Sequence[Engine]) -> list[list[Alert]]:
    """Each judge's alerts; what could not be read or used is said on standard error."""
    with ProgressBar("replaying") as bar:
        result, books = judge_files(registry, capture, judges, progress=bar.update)
    _say(capture, [result], [len(book) for book in books])
    return books


def _told(capture: Path, results: Sequence[Result]) -> list[Alert]:
    alerts = processes.merged(r.alerts for r in results)
    _say(capture, results, [len(alerts)])
    return alerts


def _say(capture: Path, results: Sequence[Result], alerts: Sequence[int]) -> None:
    """Every share has read every line: what was wrong with them is told once."""
    problems = results[0].problems
    for problem in problems[:20]:
        err.print(f"{capture}, {problem}", markup=False)
    for note in dict.fromkeys(note for result in results for note in result.notes):
        err.print(note, markup=False)
    total = results[0].summary
    for result in results[1:]:
        total = total.plus(result.summary)
    err.print(
        f"{total.messages} messages: {total.readings} readings, {total.rejected} rejected, "
        f"{total.quarantined} quarantined, {total.duplicates} repeated; "
        f"{len(problems)} lines unreadable; {', '.join(map(str, alerts))} alerts"
    )


@contextmanager
def _output(path: Path | None) -> Iterator[TextIO]:
    if path is None:
        yield sys.stdout
        return
    with path.open("w", encoding="utf-8") as stream:
        yield stream
