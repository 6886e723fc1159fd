"""vigil simulate: a fleet's registry, capture and truth in a folder, or messages to a broker."""

from contextlib import closing
from datetime import datetime
from importlib.metadata import version
from pathlib import Path
from secrets import token_hex
from typing import Annotated

import typer

from schemas.directory import Directory
from schemas.registry import Registry
from schemas.registry_csv import write_folder
from schemas.times import DAY, format_rfc3339, parse_rfc3339
from simulator import truth
from simulator.columns import columns as fleet_columns
from simulator.faults import NONE, parse
from simulator.fleet import make_directory
from simulator.incidents import Plan, plan
from simulator.kinds import Fault
from simulator.live import messages
from simulator.profiles import PROFILES
from simulator.write import write_run
from vigil import capture_files, columns_file
from vigil.clock import SystemClock
from vigil.commands.common import ProgressBar, err, fail, out
from vigil.publish import Publisher, play
from vigil.run_note import RunNote
from vigil.settings import BrokerSettings

_START = datetime.fromisoformat("2026-01-01T00:00:00+08:00")


def simulate(
    out_dir: Annotated[Path, typer.Option("--out", help="new folder", show_default=False)],
    *,
    profile: Annotated[
        str, typer.Option(help=f"size of the fleet: {', '.join(PROFILES)}")
    ] = "demo",
    homes: Annotated[
        int | None, typer.Option(min=1, help="homes in the fleet, instead of the profile's")
    ] = None,
    days: Annotated[float, typer.Option(min=0.0001, help="days of traffic")] = 1,
    seed: Annotated[int, typer.Option(help="the same seed gives the same bytes")] = 1,
    start: Annotated[
        str | None,
        typer.Option(
            help=f"RFC 3339, with zone; default {_START.isoformat()}, with --mqtt now",
            show_default=False,
        ),
    ] = None,
    faults: Annotated[
        str, typer.Option(help="what goes wrong: none, all, or names with commas between")
    ] = "none",
    columns: Annotated[
        bool,
        typer.Option("--columns", help="readings as columns instead of messages, for long runs"),
    ] = False,
    compressed: Annotated[
        bool, typer.Option("--zstd", help="capture.jsonl.zst, a fifteenth of the size")
    ] = False,
    mqtt: Annotated[
        str | None,
        typer.Option("--mqtt", help="publish to mqtt://host[:port] instead of writing a capture"),
    ] = None,
    speed: Annotated[
        str,
        typer.Option(help="with --mqtt: times as fast as life, or max (as the broker takes it)"),
    ] = "1",
) -> None:
    """Write registry/, a capture, truth.jsonl and run.json of a simulated fleet.

    With --mqtt the messages go to a broker, at their own times or faster, and never faster than it
    acknowledges them; registry/ and truth.jsonl are written before.
    """
    if out_dir.exists() and any(out_dir.iterdir()):
        raise fail(f"{out_dir} is not empty: name a new folder", 2)
    clock = SystemClock()
    try:
        begin = parse_rfc3339(start) if start else _default_start(clock, live=mqtt is not None)
        pace = None if speed == "max" else _positive(speed)
        wrong = parse(faults)
        homes = _homes(profile) if homes is None else homes
    except ValueError as error:
        raise fail(str(error), 2) from None
    note = RunNote(
        homes=homes,
        seed=seed,
        start=begin,
        until=begin + round(days * DAY),
        faults=tuple(sorted(wrong)),
        version=version("vigil"),
    )
    if mqtt is not None:
        _publish(out_dir, note, BrokerSettings(url=mqtt), clock, pace)
    elif columns:
        _write_columns(out_dir, note)
    else:
        _write(out_dir, note, compressed=compressed)
    out(f"written to {out_dir}")


def _default_start(clock: SystemClock, *, live: bool) -> int:
    return clock.now() if live else parse_rfc3339(_START.isoformat())


def _positive(text: str) -> float:
    try:
        if (value := float(text)) > 0:
            return value
    except ValueError:
        pass
    raise ValueError(f"--speed is a number above 0, or max; not {text!r}")


def _write(folder: Path, note: RunNote, *, compressed: bool) -> None:
    name = "capture.jsonl" + (capture_files.SUFFIX if compressed else "")
    with ProgressBar("simulating") as bar:
        write_run(
            folder,
            homes=note.homes,
            days=(note.until - note.start) / DAY,
            seed=note.seed,
            start=note.start,
            faults=_faults(note),
            progress=bar.update,
            name=name,
            opened=capture_files.writing,
        )
    note.write(folder)


def _prepared(folder: Path, note: RunNote) -> tuple[Directory, Plan]:
    """Registry, truth and note are written; what is said comes from these two."""
    directory = make_directory(homes=note.homes, seed=note.seed)
    write_folder(directory, folder / "registry")
    planned = plan(
        directory,
        seed=note.seed,
        start=note.start,
        until=note.until,
        staged=False,
        faults=_faults(note),
    )
    truth.write(folder / "truth.jsonl", planned)
    note.write(folder)
    return directory, planned


def _faults(note: RunNote) -> frozenset[Fault]:
    return frozenset(map(Fault, note.faults)) if note.faults else NONE


def _homes(profile: str) -> int:
    if profile not in PROFILES:
        raise ValueError(f"profiles are {', '.join(PROFILES)}; not {profile!r}")
    return PROFILES[profile].homes


def _write_columns(folder: Path, note: RunNote) -> None:
    directory, planned = _prepared(folder, note)
    said = fleet_columns(
        directory, seed=note.seed, start=note.start, until=note.until, plan=planned
    )
    path = folder / f"capture{columns_file.SUFFIX}"
    whole = note.until - note.start
    with (
        ProgressBar("simulating") as bar,
        columns_file.writing(path, Registry.build(directory)) as file,
    ):
        for rows in said:
            file.write(rows)
            if len(rows):
                bar.update(int(rows.received[-1]) - note.start, whole)


def _publish(
    folder: Path, note: RunNote, broker: BrokerSettings, clock: SystemClock, pace: float | None
) -> None:
    """Ctrl-C ends it in order; the truth and the note then say until when it went."""
    directory, planned = _prepared(folder, note)
    fleet = messages(directory, seed=note.seed, start=note.start, until=note.until, plan=planned)
    name = f"vigil-fleet-{token_hex(4)}"
    whole = note.until - note.start
    reached = note.start
    publisher = Publisher(broker.address, client_id=name)

    def told(at: int) -> None:
        nonlocal reached
        reached = at
        bar.update(at - note.start, whole)

    with closing(publisher), ProgressBar("publishing") as bar:
        try:
            play(fleet, publisher, start=note.start, speed=pace, clock=clock, progress=told)
        except KeyboardInterrupt:
            note.model_copy(update={"until": reached}).write(folder)
            truth.write(folder / "truth.jsonl", planned.before(reached))
            err.print(f"stopped at {format_rfc3339(reached)}")
    figures = publisher.figures
    err.print(
        f"{figures.published} messages published, {figures.acknowledged} acknowledged; "
        f"at most {figures.behind_most:.1f} s behind"
    )
