"""How long a reading waits for its commit, at rising rates until a backlog grows.

Time counts from the moment at which a reading is due, so that waiting in the generator's and the
broker's queues is part of it; the store tells when each was committed.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from bench import fleet
from bench.brokers import brokers
from bench.contenders import Contender, Latencies
from bench.generator import Speaker
from bench.ingest import HOMES, KEEPS_COMMIT_TIMES, at_work
from bench.proc import Meter, resident, threads
from bench.result import Result
from tests.support.registry import town
from vigil.embedded.postgres import Postgres

RATES = (1_000, 2_000, 5_000, 10_000, 15_000, 20_000, 25_000, 30_000, 40_000, 50_000)
SHOWN = (1_000, 5_000, 20_000)
STEP_S, LONG_S = 5.0, 10.0
GROWING_MS = 500.0
"""A reading of a step's last second waits longer than this: a backlog grows."""
P99_MS = 150.0


class Step(NamedTuple):
    rate: float
    latencies: Latencies
    cores: dict[str, float]

    @property
    def sustained(self) -> bool:
        return self.latencies.at_the_end() < GROWING_MS


def measure(folder: Path) -> list[Result]:
    """Single readings, for each broker that is there."""
    results = []
    directory = town(homes=HOMES)
    speakers = fleet.singles(directory)
    for name, serve in brokers().items():
        place = folder / name
        place.mkdir()
        with (
            Postgres(place / "store", settings=KEEPS_COMMIT_TIMES) as store,
            at_work(serve, store, directory, place) as (vigil, broker),
        ):
            services = {"ingest": vigil.pid, "broker": broker.pid, "store": store.pid}
            steps = _climb(vigil, speakers, services)
            most = max((step.rate for step in steps if step.sustained), default=RATES[0])
            working = _step(vigil, speakers, 0.8 * most, services, seconds=LONG_S)
            shown = [step for step in steps if step.rate in SHOWN and step.sustained]
            results += [
                Result(f"rate without a growing backlog, {name}", most, "readings/s"),
                *(r for step in shown for r in _waits(step, f"{step.rate:,}/s, {name}")),
                *_waits(working, f"80 % load, {name}", p99=P99_MS),
                *_cores(working, name),
                *_threads(vigil.pid, name),
                Result(f"memory of ingest, {name}", resident(vigil.pid) / 2**20, "MiB"),
            ]
    return results


def _climb(vigil: Contender, speakers: list[Speaker], services: dict[str, int]) -> Sequence[Step]:
    steps: list[Step] = []
    for rate in RATES:
        steps.append(_step(vigil, speakers, rate, services, seconds=STEP_S))
        if not steps[-1].sustained:
            break
    return steps


def _step(
    vigil: Contender,
    speakers: list[Speaker],
    rate: float,
    services: dict[str, int],
    *,
    seconds: float,
) -> Step:
    meter = Meter(services)
    latencies = vigil.latencies(speakers, rate=rate, seconds=seconds)
    return Step(rate, latencies, meter.cores())


def _waits(step: Step, where: str, *, p99: float | None = None) -> list[Result]:
    worst = step.latencies.percentile(99)
    return [
        Result(f"due to committed p50, {where}", step.latencies.percentile(50), "ms"),
        Result(
            f"due to committed p99, {where}",
            worst,
            "ms",
            against="budget" if p99 else "",
            ratio=worst / p99 if p99 else None,
            budget=f"≤ {p99:g} ms" if p99 else "",
            ok=worst <= p99 if p99 else None,
        ),
    ]


def _cores(step: Step, name: str) -> list[Result]:
    return [
        Result(f"processor at 80 % load: {who}, {name}", cores, "cores")
        for who, cores in step.cores.items()
    ]


def _threads(pid: int, name: str) -> list[Result]:
    used = threads(pid)
    return [
        Result(f"processor of ingest since its start: {who}, {name}", seconds, "s")
        for who, seconds in used.items()
    ]
