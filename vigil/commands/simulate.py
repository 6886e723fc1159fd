"""vigil simulate: a fleet's registry, capture and truth in a folder, or messages to a broker."""

from importlib.metadata import version
from pathlib import Path
from typing import Annotated

import typer

from schemas.times import DAY, format_rfc3339, parse_rfc3339
from simulator.faults import parse
from simulator.profiles import PROFILES
from vigil import simulated
from vigil.clock import SystemClock
from vigil.commands.common import ProgressBar, err, fail, out, stopped_by_signals
from vigil.run_note import RunNote
from vigil.settings import BrokerSettings
from vigil.simulated import Form

_START = "2026-01-01T00:00:00+08:00"

Out = Annotated[Path, typer.Option("--out", help="new folder", show_default=False)]
Profile = Annotated[str, typer.Option(help=f"size of the fleet: {', '.join(PROFILES)}")]
Homes = Annotated[
    int | None, typer.Option(min=1, help="homes in the fleet, instead of the profile's")
]
Days = Annotated[float, typer.Option(min=0.0001, help="days of traffic")]
Seed = Annotated[int, typer.Option(help="the same seed gives the same bytes")]
Start = Annotated[
    str | None,
    typer.Option(
        help=f"RFC 3339, with zone; default {_START}, with --mqtt now", show_default=False
    ),
]
Faults = Annotated[str, typer.Option(help="what goes wrong: none, all, or names, with commas")]
Streets = Annotated[
    str | None,
    typer.Option(
        help="street by street, each in a folder of its own, without holding the fleet: all, "
        "a number, or first-last (so that several processes share a city); city: all",
        show_default=False,
    ),
]
Columns = Annotated[
    bool, typer.Option("--columns", help="readings as columns instead of messages, for long runs")
]
Packed = Annotated[bool, typer.Option("--zstd", help="capture.jsonl.zst, a fifteenth of the size")]
Mqtt = Annotated[
    str | None,
    typer.Option("--mqtt", help="publish to mqtt://host[:port] instead of writing a capture"),
]
Speed = Annotated[
    str, typer.Option(help="with --mqtt: times as fast as life, or max (as the broker takes it)")
]


def simulate(
    out_dir: Out,
    *,
    profile: Profile = "demo",
    homes: Homes = None,
    days: Days = 1,
    seed: Seed = 1,
    start: Start = None,
    faults: Faults = "none",
    streets: Streets = None,
    columns: Columns = False,
    compressed: Packed = False,
    mqtt: Mqtt = None,
    speed: Speed = "1",
) -> None:
    """Write registry/, a capture, truth.jsonl and run.json of a simulated fleet.

    With --mqtt the messages go to a broker, at their own times or faster, and never faster than it
    acknowledges them; registry/ and truth.jsonl are written before. Ctrl-C ends that in order.
    """
    if out_dir.exists() and any(out_dir.iterdir()):
        raise fail(f"{out_dir} is not empty: name a new folder", 2)
    clock = SystemClock()
    try:
        streets = _by_street(profile, homes, streets, mqtt)
        wanted = _wanted(streets)
        pace = _pace(speed)
        begin = clock.now() if mqtt and not start else parse_rfc3339(start or _START)
        note = RunNote(
            homes=_homes(profile) if homes is None else homes,
            seed=seed,
            start=begin,
            until=begin + round(days * DAY),
            faults=tuple(sorted(parse(faults))),
            version=version("vigil"),
        )
    except ValueError as error:
        raise fail(str(error), 2) from None
    if mqtt is not None:
        _publish(out_dir, note, BrokerSettings(url=mqtt), clock, pace)
    else:
        form = Form.COLUMNS if columns else Form.PACKED if compressed else Form.LINES
        _write(out_dir, note, form, streets=streets is not None, wanted=wanted)
    out(f"written to {out_dir}")


def _homes(profile: str) -> int:
    if profile not in PROFILES:
        raise ValueError(f"profiles are {', '.join(PROFILES)}; not {profile!r}")
    return PROFILES[profile].homes


def _by_street(
    profile: str, homes: int | None, streets: str | None, mqtt: str | None
) -> str | None:
    """Which streets go one by one; None: the fleet goes whole."""
    if streets is None and homes is None and _homes(profile) and not PROFILES[profile].whole:
        streets = "all"
    if streets is not None and mqtt is not None:
        raise ValueError("--mqtt publishes a whole fleet: name fewer --homes, and no --streets")
    return streets


def _wanted(streets: str | None) -> range | None:
    """By number from 0; None: all."""
    if streets in (None, "all"):
        return None
    first, _, last = streets.partition("-")
    try:
        wanted = range(int(first) - 1, int(last or first))
    except ValueError:
        wanted = range(0)
    if not wanted or wanted.start < 0:
        raise ValueError(f"--streets is all, a number from 1, or first-last; not {streets!r}")
    return wanted


def _pace(speed: str) -> float | None:
    """None: as fast as the broker takes it."""
    if speed == "max":
        return None
    try:
        if (value := float(speed)) > 0:
            return value
    except ValueError:
        pass
    raise ValueError(f"--speed is a number above 0, or max; not {speed!r}")


def _write(folder: Path, note: RunNote, form: Form, *, streets: bool, wanted: range | None) -> None:
    with ProgressBar("simulating") as bar:
        if not streets:
            simulated.write_whole(folder, note, form, bar.update)
            return
        try:
            number = simulated.write_streets(folder, note, form, bar.update, wanted=wanted)
        except ValueError as error:
            raise fail(str(error), 2) from None
    err.print(f"{number} streets, each in a folder of its own")


def _publish(
    folder: Path, note: RunNote, broker: BrokerSettings, clock: SystemClock, pace: float | None
) -> None:
    stopped = stopped_by_signals()
    with ProgressBar("publishing") as bar:
        figures, reached = simulated.publish(
            folder, note, broker, clock=clock, speed=pace, progress=bar.update, stopped=stopped
        )
    if stopped():
        err.print(f"stopped at {format_rfc3339(reached)}")
    err.print(
        f"{figures.published} messages published, {figures.acknowledged} acknowledged; "
        f"at most {figures.behind_most:.1f} s behind"
    )
