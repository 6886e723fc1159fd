"""A whole day of a district from recorded columns: bytes as the batch log keeps them are read
back, judged by the whole catalogue and committed. Only that is timed, not the making of them."""

from __future__ import annotations

import sys
import time
from collections import Counter
from collections.abc import Iterator
from itertools import islice

from bench.result import Result
from bench.rules.day import Day
from bench.rules.fleet import fleet
from rules.engine import Engine
from rules.load import load_catalogue
from schemas.readings import Readings


def measure(homes: int) -> list[Result]:
    engine = Engine(load_catalogue(), fleet(homes))
    spent, rows, said = 0.0, 0, Counter[str]()
    for data in _recorded(homes):
        began = time.process_time()
        readings = Readings.from_bytes(data)
        changes = engine.apply(readings)
        engine.commit()
        spent += time.process_time() - began
        rows += len(readings)
        said.update(c.rule for c in changes)
    print(f"changes: {dict(said)}", file=sys.stderr)
    return [
        Result(f"rules: readings of a day of {homes:,} elders", rows, "readings"),
        Result(
            f"rules: a day of {homes:,} elders from recorded columns",
            spent,
            "s",
            against="budget",
            ratio=spent / 60,
            budget="≤ 60 s",
            ok=spent <= 60,
        ),
        Result("rules: judged in that day", rows / spent, "readings/s"),
    ]


def _recorded(homes: int) -> Iterator[bytes]:
    """Five minutes each."""
    slices = Day(homes).slices()
    while part := list(islice(slices, 10)):
        yield Readings.concat(part).to_bytes()
