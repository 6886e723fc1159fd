"""Ingest for longer: does its memory grow? (`python -m bench soak=600`: seconds)"""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np

from bench import fleet
from bench.brokers import brokers
from bench.ingest import HOMES, KEEPS_COMMIT_TIMES, at_work
from bench.proc import resident
from bench.result import Result
from tests.support.registry import town
from vigil.embedded.postgres import Postgres

RATE = 2_000.0  # readings a second: a district at 10 s intervals
LENGTH_S = 600.0
PIECE_S = 30.0
_WARM = 4  # pieces before memory is compared


def measure(folder: Path, *, seconds: float = LENGTH_S) -> list[Result]:
    """On the first broker that is there: memory after warming up, and at the end."""
    directory = town(homes=HOMES)
    speakers = fleet.singles(directory)
    name, serve = next(iter(brokers().items()))
    with (
        Postgres(folder / "store", settings=KEEPS_COMMIT_TIMES) as store,
        at_work(serve, store, directory, folder) as (vigil, _),
    ):
        held: list[float] = []
        waits = []
        until = time.monotonic() + seconds
        while time.monotonic() < until or len(held) <= _WARM:
            found = vigil.latencies(speakers, rate=RATE, seconds=PIECE_S)
            waits.append(found.milliseconds)
            held.append(resident(vigil.pid) / 2**20)
    where = f"{RATE:,.0f}/s for {len(held) * PIECE_S:,.0f} s, {name}"
    return [
        Result(f"memory after {_WARM * PIECE_S:.0f} s at {where}", held[_WARM - 1], "MiB"),
        Result(
            f"memory at the end, {where}",
            held[-1],
            "MiB",
            against="after warming up",
            ratio=held[-1] / held[_WARM - 1],
            budget="≤ 1.1",
            ok=held[-1] <= 1.1 * held[_WARM - 1],
        ),
        Result(
            f"due to committed p99, {where}", float(np.percentile(np.concatenate(waits), 99)), "ms"
        ),
    ]
