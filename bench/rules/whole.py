"""The whole catalogue over a fleet: batches, ticks, what is remembered, and a new registry."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from functools import partial
from itertools import islice
from typing import Any

import numpy as np

from bench.result import Result
from bench.rules.day import SLICE, Day
from bench.rules.fleet import fleet
from rules.engine import Engine
from rules.kinds.timers import AHEAD
from rules.load import load_catalogue
from schemas.readings import Readings
from schemas.registry import Registry
from schemas.times import HOUR, MINUTE, SECOND

BATCH, BATCHES = 20_000, 40
TICKS = 12
NIGHT = 13 * HOUR + 10 * MINUTE
"""After noon: ten past one in the morning, nearly everybody in bed."""
TURN = 13 * HOUR
"""A half hour of the night ends for everybody: each bed's next row is not like the one before."""


def measure(homes: int) -> list[Result]:
    registry, day = fleet(homes), Day(homes)
    turning = BATCH / float(np.median(_apply_from(Engine(load_catalogue(), registry), day, TURN)))
    engine = Engine(load_catalogue(), registry)
    applied = _apply_from(engine, day, NIGHT)
    ticked = _tick_on(engine)
    again = _spent(lambda: engine.set_registry(registry))
    snapshot = engine.snapshot()
    snapped = _spent(engine.snapshot)
    restored = _spent(lambda: Engine(load_catalogue(), registry).restore(snapshot))
    rate, worst = BATCH / float(np.median(applied)), 1e3 * max(ticked)
    size = memory(engine, registry) / homes
    of = f"{homes:,} elders"
    return [
        Result(
            f"rules: batches of 20,000 consecutive readings, {of}",
            rate,
            "readings/s",
            against="budget",
            ratio=rate / 2e6,
            budget="≥ 2,000,000/s",
            ok=rate >= 2e6,
        ),
        Result(f"rules: batches as a half hour ends for everybody, {of}", turning, "readings/s"),
        Result(f"rules: tick of the whole catalogue, {of}", 1e3 * float(np.median(ticked)), "ms"),
        Result(
            f"rules: worst tick of the whole catalogue, {of}",
            worst,
            "ms",
            against="budget",
            ratio=worst / 150,
            budget="≤ 150 ms",
            ok=worst <= 150,
        ),
        Result(
            f"rules: state, {of}",
            size,
            "bytes/elder",
            against="budget",
            ratio=size / 600,
            budget="≤ 600",
            ok=size <= 600,
        ),
        Result(f"rules: snapshot, {of}", len(snapshot) / homes, "bytes/elder"),
        Result(f"rules: taking a snapshot, {of}", 1e3 * snapped, "ms"),
        Result(f"rules: a new engine from a snapshot, {of}", 1e3 * restored, "ms"),
        Result(f"rules: following a changed registry, {of}", 1e3 * again, "ms"),
    ]


def _apply_from(engine: Engine, day: Day, begin: int) -> list[float]:
    """Seconds of each batch, after every mattress and radar has spoken for some minutes."""
    for rows in _stream(day, begin - 3 * MINUTE, begin):
        _apply(engine, rows)
    batches = islice(_stream(day, begin, begin + HOUR), BATCHES)
    return [_spent(partial(_apply, engine, rows)) for rows in batches]


def _tick_on(engine: Engine) -> list[float]:
    """Seconds of ticks, each far enough from the one before that every deadline is looked at."""
    times = [engine.clock + n * (AHEAD + SECOND) for n in range(1, TICKS)]
    return [_spent(partial(_tick, engine, now)) for now in times]


def _stream(day: Day, begin: int, end: int) -> Iterator[Readings]:
    """Consecutive readings in batches: a device speaks once in a batch, or a few times."""
    rest = Readings.blank(0)
    for at in range(begin, end, SLICE):
        rest = Readings.concat([rest, day.between(at, at + SLICE)])
        whole = len(rest) // BATCH * BATCH
        for start in range(0, whole, BATCH):
            yield rest.take(slice(start, start + BATCH))
        rest = rest.take(slice(whole, None))


def _apply(engine: Engine, rows: Readings) -> None:
    engine.apply(rows)
    engine.commit()


def _tick(engine: Engine, now: int) -> None:
    engine.advance(now)
    engine.commit()


def _spent(work: Callable[[], object]) -> float:
    began = time.process_time()
    work()
    return time.process_time() - began


def memory(engine: Engine, registry: Registry) -> int:
    """Bytes of all arrays that an engine keeps, those of the registry left out."""
    theirs = _arrays(registry, set())
    return sum(
        size for array, size in _arrays(engine, {id(registry)}).items() if array not in theirs
    )


def _arrays(root: object, seen: set[int]) -> dict[int, int]:
    """By identity the bytes of every array that can be reached, past what was `seen`."""
    found: dict[int, int] = {}
    heap: list[Any] = [root]
    while heap:
        one = heap.pop()
        if id(one) in seen:
            continue
        seen.add(id(one))
        if isinstance(one, np.ndarray):
            whole = one if one.base is None else one.base
            if isinstance(whole, np.ndarray):
                found[id(whole)] = whole.nbytes
        elif isinstance(one, dict):
            heap += one.values()
        elif isinstance(one, list | tuple):
            heap += one
        else:
            heap += _parts(one)
    return found


def _parts(one: object) -> list[Any]:
    slots = [getattr(one, name, None) for name in getattr(type(one), "__slots__", ())]
    return slots + list(getattr(one, "__dict__", {}).values())
