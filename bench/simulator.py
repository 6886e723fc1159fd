"""How fast fleets are made: a district's day as columns, some of it as JSON Lines, and streets of a
city that is never held whole. Each in a process of its own, whose peak memory is its own too.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from time import perf_counter, process_time

from bench.result import Result
from schemas.times import DAY, MINUTE, parse_rfc3339
from simulator import capture
from simulator.columns import columns
from simulator.fleet import Fleet, make_directory
from simulator.incidents import plan
from simulator.life import EVERY
from simulator.live import messages
from simulator.profiles import PROFILES

START = parse_rfc3339("2026-01-01T00:00:00+08:00")
SEED = 1
_DAY_S, _DAY_MB = 60, 2_000
_STREETS = 3

Made = tuple[int, float]
"""Rows, and seconds of wall clock."""


def measure(_folder: Path) -> list[Result]:
    day, lines, city = (_apart(what) for what in (_day, _lines, _city))
    per_line = lines["seconds"] / lines["rows"]
    per_row = day["seconds"] / day["rows"]
    return [
        Result(
            "simulate-day",
            day["seconds"],
            "s for a day of 22,000 homes as columns, incidents included",
            against=f"JSON Lines of as many readings ({day['cpu']:.0f} s of CPU)",
            ratio=per_row / per_line,
            budget=f"<= {_DAY_S} s",
            ok=day["seconds"] <= _DAY_S,
        ),
        Result(
            "simulate-day-memory",
            day["peak_mb"],
            "MB at most",
            budget=f"<= {_DAY_MB} MB",
            ok=day["peak_mb"] <= _DAY_MB,
        ),
        Result("simulate-columns", day["rows"] / day["seconds"], "readings/s as columns"),
        Result("simulate-lines", lines["rows"] / lines["seconds"], "messages/s as JSON Lines"),
        Result(
            "simulate-city-memory",
            city["peak_mb"],
            f"MB at most, {_STREETS} streets of a city of 1.6 million homes one after another",
            against="a day of 22,000 homes",
            ratio=city["peak_mb"] / day["peak_mb"],
        ),
    ]


def _day() -> Made:
    homes, until = PROFILES["district"].homes, START + DAY
    began = perf_counter()
    directory = make_directory(homes=homes, seed=SEED)
    planned = plan(directory, seed=SEED, start=START, until=until, staged=False)
    said = columns(directory, seed=SEED, start=START, until=until, plan=planned)
    return sum(map(len, said)), perf_counter() - began


def _lines() -> Made:
    """Ten minutes, from when the fleet stands."""
    until = START + 10 * MINUTE
    directory = make_directory(homes=PROFILES["district"].homes, seed=SEED)
    planned = plan(directory, seed=SEED, start=START, until=until, staged=False, every=EVERY)
    began = perf_counter()
    fleet = messages(directory, seed=SEED, start=START, until=until, plan=planned)
    written = sum(1 for message in fleet if capture.line(message))
    return written, perf_counter() - began


def _city() -> Made:
    until, rows = START + 10 * MINUTE, 0
    began = perf_counter()
    streets = Fleet(homes=PROFILES["city"].homes, seed=SEED).parts()
    for _, street in zip(range(_STREETS), streets, strict=False):
        planned = plan(street, seed=SEED, start=START, until=until, staged=False, every=EVERY)
        said = columns(street, seed=SEED, start=START, until=until, plan=planned)
        rows += sum(map(len, said))
    return rows, perf_counter() - began


def _apart(what: Callable[[], Made]) -> dict[str, float]:
    done = subprocess.run(
        [sys.executable, "-m", "bench.simulator", what.__name__],
        check=True,
        capture_output=True,
        text=True,
    )
    found: dict[str, float] = json.loads(done.stdout)
    return found


if __name__ == "__main__":
    _rows, _seconds = {"_day": _day, "_lines": _lines, "_city": _city}[sys.argv[1]]()
    _peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    found = {"rows": _rows, "seconds": _seconds, "cpu": process_time(), "peak_mb": _peak}
    print(json.dumps(found))
