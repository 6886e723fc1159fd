"""The three rules by everybody in one run: speeds beside each other, and the same alerts."""

from __future__ import annotations

import importlib
import sys
import time
from collections.abc import Callable

from bench.result import Result
from bench.rules.day import Day
from bench.rules.fleet import fleet
from bench.rules.peers import plain
from bench.rules.peers.story import Moment, Told, tell
from rules.engine import Engine
from rules.load import load_catalogue
from schemas.alerts import Change, ChangeKind
from schemas.readings import Readings
from schemas.times import HOUR, MINUTE

RULES = ("heart-rate", "device-silent", "sos")
LENGTH = 40 * MINUTE
BATCH = 100_000
_MARKS = (ChangeKind.STALE, ChangeKind.FRESH)

Judge = Callable[[Readings, int], list[Told]]


def measure(homes: int) -> list[Result]:
    day = Day(homes, trouble=10)
    day.keep_mattresses_speaking()
    rows = day.between(13 * HOUR, 13 * HOUR + LENGTH)
    ours, mine = _timed(_engine, rows, homes)
    results = [
        Result(f"rules: three rules, {len(rows):,} readings, Vigil", len(rows) / mine, "readings/s")
    ]
    for name, judge in _peers().items():
        theirs, spent = _timed(judge, rows, homes)
        if theirs != ours:
            raise AssertionError(
                f"{name} tells other alerts: {sorted(set(ours) ^ set(theirs))[:5]}"
            )
        rate = len(rows) / spent
        results.append(
            Result(
                f"rules: three rules, {name}",
                rate,
                "readings/s",
                against="Vigil, same run, same alerts",
                ratio=spent / mine,
            )
        )
    return [*results, Result("rules: changes told alike by all", len(ours), "changes")]


def _peers() -> dict[str, Judge]:
    peers = {"a row at a time": _told_by(plain.judge)}
    for name in ("pandas", "polars"):
        try:
            module = importlib.import_module(f"bench.rules.peers.with_{name}")
        except ModuleNotFoundError as error:
            print(f"without {error.name}: make bench-rules installs it", file=sys.stderr)
            continue
        peers[name] = _told_by(module.judge)
    return peers


def _told_by(judge: Callable[[Readings, int], list[Moment]]) -> Judge:
    return lambda rows, homes: tell(judge(rows, homes))


def _engine(rows: Readings, homes: int) -> list[Told]:
    engine = Engine([r for r in load_catalogue() if r.id in RULES], fleet(homes))
    told: list[Told] = []
    for start in range(0, len(rows), BATCH):
        changes = engine.apply(rows.take(slice(start, start + BATCH)))
        engine.commit()
        told += (_told(c, homes) for c in changes if c.kind not in _MARKS)
    return sorted(told)


def _told(change: Change, homes: int) -> Told:
    """Elders and mattresses have the same numbers here."""
    id_ = change.device or change.elder or ""
    subject = "emrb".index(id_[0])
    row = int(id_[1:]) + max(subject - 1, 0) * homes
    return Told(change.rule, row, change.at, change.kind.value, change.severity.value)


def _timed(judge: Judge, rows: Readings, homes: int) -> tuple[list[Told], float]:
    began = time.process_time()
    told = judge(rows, homes)
    return told, time.process_time() - began
