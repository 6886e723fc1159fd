"""The kind `sustained` for the plain engine: runs of a verdict on an elder's bed rows."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.support.reference_engine import ReferenceEngine
    from tests.support.reference_world import Device, Row

Figures = Callable[[str], float]
Verdict = Callable[["Row", "bool | None", Figures], "bool | None"]


def _rate(value: float | None, in_bed: bool | None, figure: Figures) -> bool | None:
    outside = None if value is None else value >= figure("high") or value <= figure("low")
    if in_bed is False or outside is False:
        return False
    return None if in_bed is None or outside is None else True


def _shows_life(row: Row) -> bool:
    return any(
        v is not None and v > 0 for v in (row.heart_rate, row.respiratory_rate, row.movement)
    )


def _no_vitals(row: Row, in_bed: bool | None, _: Figures) -> bool | None:
    return False if _shows_life(row) else in_bed


def _in_bed(_: Row, in_bed: bool | None, __: Figures) -> bool | None:
    return in_bed


@dataclass(frozen=True)
class Spec:
    rule: str
    verdict: Verdict
    steps: tuple[str, ...]
    proven: bool = False


SUSTAINED = (
    Spec("heart-rate", lambda r, b, f: _rate(r.heart_rate, b, f), ("orange", "red")),
    Spec("respiratory-rate", lambda r, b, f: _rate(r.respiratory_rate, b, f), ("orange", "red")),
    Spec("no-vitals", _no_vitals, ("orange", "red"), proven=True),
    Spec("long-in-bed", _in_bed, ("orange",)),
)


@dataclass
class Run:
    outside: bool | None = None
    start: int = 0
    last: int | None = None
    hold: int = 0
    due: int | None = None
    proven: int = 0
    proves: bool = False


class SustainedRule:
    def __init__(self, engine: ReferenceEngine, spec: Spec) -> None:
        self.engine, self.spec = engine, spec
        self.runs: dict[str, Run] = defaultdict(Run)

    def judge(self, row: Row, device: Device, in_bed: bool | None) -> None:
        elder = device.elder
        assert elder is not None
        engine, rule = self.engine, self.spec.rule
        verdict = self.spec.verdict(row, in_bed, lambda name: engine.figure(rule, name, elder))
        run = self.runs[elder]
        if verdict is None or (run.last is not None and row.ts < run.last):
            return
        self.fire(elder, row.ts)
        self._prove(run, row, in_bed)
        if run.outside is not verdict or row.ts > run.hold:
            run.start = row.ts
        run.outside, run.last, run.hold = verdict, row.ts, row.ts + device.stale
        engine._mark(rule, f"elder:{elder}", row.ts, False)
        self._schedule(elder)

    def _prove(self, run: Run, row: Row, in_bed: bool | None) -> None:
        if run.proves and run.last is not None:
            run.proven += max(0, min(row.ts, run.hold) - run.last)
        rates = (row.heart_rate, row.respiratory_rate)
        run.proves = in_bed is not False and any(v is not None and v > 0 for v in rates)
        if in_bed is False:
            run.proven = 0

    def _schedule(self, elder: str) -> None:
        run, engine, rule = self.runs[elder], self.engine, self.spec.rule
        alert = engine._alert(rule, f"elder:{elder}")
        after = self._after(elder, run, alert.severity)
        run.due = None if after is None else run.start + after
        if alert.severity is not None and not alert.quiet:
            stale = run.hold + 1
            run.due = stale if run.due is None else min(run.due, stale)

    def _after(self, elder: str, run: Run, severity: str | None) -> int | None:
        engine, rule = self.engine, self.spec.rule
        if run.outside is False and severity is not None:
            return engine.micros(rule, "clear_s", elder)
        if run.outside is not True:
            return None
        if severity is None:
            needed = engine.micros(rule, "proven_s", elder) if self.spec.proven else 0
            enough = needed is not None and run.proven >= needed
            return engine.micros(rule, "orange_s", elder) if enough else None
        if severity == "orange" and "red" in self.spec.steps:
            return engine.micros(rule, "red_s", elder)
        return None

    def fire(self, elder: str, limit: int) -> None:
        run, engine, rule = self.runs[elder], self.engine, self.spec.rule
        subject = f"elder:{elder}"
        while run.due is not None and run.due <= limit:
            if run.due > run.hold:
                run.outside = None
                engine._mark(rule, subject, run.hold + 1, True)
            elif run.outside and engine.is_away(elder, run.due):
                run.outside = None
            elif run.outside:
                rising = engine._alert(rule, subject).severity is not None
                engine._reach(rule, subject, run.due, "red" if rising else "orange")
            else:
                engine._clear(rule, subject, run.due)
            self._schedule(elder)
