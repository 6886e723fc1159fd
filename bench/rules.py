"""The rules alone: a batch of readings, and a tick over every elder."""

import time
from pathlib import Path

import numpy as np

from bench.result import Result
from rules.engine import Engine
from rules.load import load_catalogue
from schemas.readings import Readings
from schemas.registry import Registry
from schemas.times import SECOND
from tests.support.registry import town

ELDERS = 22_000
BATCH = 20_000
START = 1_768_000_000_000_000


def measure(_folder: Path) -> list[Result]:
    """One core: batches of 20,000 readings, one a mattress, and ticks in between."""
    registry = Registry.build(town(homes=ELDERS))
    engine = Engine(load_catalogue(), registry)
    mattresses = np.flatnonzero(registry.devices.kind == 0)[:BATCH].astype(np.int32)
    applied, ticked = [], []
    for n in range(12):
        rows = _batch(registry, mattresses, START + n * 30 * SECOND)
        began = time.perf_counter()
        engine.apply(rows)
        engine.commit()
        applied.append(time.perf_counter() - began)
        began = time.perf_counter()
        engine.advance(int(rows.received[-1]) + SECOND)
        engine.commit()
        ticked.append(time.perf_counter() - began)
    rate = BATCH / float(np.median(applied[2:]))
    return [
        Result(
            "rules: batch of 20,000 readings",
            rate,
            "readings/s",
            budget="≥ 2,000,000/s",
            against="budget",
            ratio=rate / 2e6,
            ok=rate >= 2e6,
        ),
        Result(
            f"rules: tick over {ELDERS:,} elders",
            1_000 * float(np.median(ticked[2:])),
            "ms",
        ),
        Result("rules: state", len(engine.snapshot()) / ELDERS, "snapshot bytes/elder"),
    ]


def _batch(registry: Registry, devices: np.ndarray, at: int) -> Readings:
    rows = Readings.blank(len(devices))
    rows.received[:] = at + np.arange(len(devices))
    rows.ts[:] = at
    rows.device[:] = devices
    rows.elder[:] = registry.devices.elder[devices]
    rows.gateway[:] = registry.devices.gateway[devices]
    rows.in_bed[:] = 1
    rows.heart_rate[:] = 60 + np.arange(len(devices)) % 30
    return rows
