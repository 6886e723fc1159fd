"""Ten simple rules over everybody at once, against reading what they look at once.

The conditions are those of the rule language, compiled as the catalogue's are, over the newest
word of each elder: 41 bytes. They are judged a block at a time, which stays in the processor's
caches.
"""

from __future__ import annotations

import time
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.result import Result
from rules.condition import Condition
from schemas.quantities import CHOICES, NUMBERS

BLOCK = 32_768
RULES = (
    "in_bed and (heart_rate >= 131 or heart_rate <= 40)",
    "in_bed and (respiratory_rate >= 25 or respiratory_rate <= 8)",
    "heart_rate >= 111 and heart_rate < 131",
    "respiratory_rate >= 21 and respiratory_rate < 25",
    "battery < 15",
    "signal < -110",
    "tamper",
    "movement > 60 and in_bed",
    "not in_bed and not presence",
    "fall == suspected",
)


def measure(elders: int) -> list[Result]:
    columns = _columns(elders)
    size = sum(c.nbytes for c in columns.values()) / elders
    read = min(_timed(lambda: _read(columns)) for _ in range(7))
    rules = [Condition(text) for text in RULES]
    judged = min(_timed(lambda: _judge(rules, columns)) for _ in range(7))
    return [
        Result(f"rules: reading {size:.0f} B of {elders:,} elders once", 1e3 * read, "ms"),
        Result(
            f"rules: ten simple rules over {elders:,} elders",
            1e3 * judged,
            "ms",
            against="reading it once, same run",
            ratio=judged / read,
            budget="≤ 8 ×",
            ok=judged <= 8 * read,
        ),
    ]


def _columns(elders: int) -> dict[str, NDArray[Any]]:
    """Numbers, words, and the times at which they were said and until which they hold."""
    random = np.random.default_rng(1)
    columns: dict[str, NDArray[Any]] = {
        q.name: random.normal(70, 20, elders).astype(np.float32) for q in NUMBERS
    }
    columns |= {q.name: random.integers(-1, 2, elders).astype(np.int8) for q in CHOICES}
    return columns | {name: random.integers(0, 2**60, elders) for name in ("at", "hold")}


def _read(columns: dict[str, NDArray[Any]]) -> None:
    for column in columns.values():
        column.view(np.int8 if column.itemsize == 1 else np.int64).max()


def _judge(rules: list[Condition], columns: dict[str, NDArray[Any]]) -> list[int]:
    outside = [0] * len(rules)
    for start in range(0, len(columns["at"]), BLOCK):
        block = {name: column[start : start + BLOCK] for name, column in columns.items()}
        for number, rule in enumerate(rules):
            outside[number] += int(np.count_nonzero(rule.holds(block)))
    return outside


def _timed(work: Any) -> float:
    began = time.process_time()
    work()
    return time.process_time() - began
