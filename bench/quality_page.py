"""docs/reference/alert-quality.md: the figures of a score as a page of the reference."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence

from schemas.alerts import Severity
from simulator.score.figures import FOR_DOCTORS
from simulator.score.plots import duration
from simulator.score.score import Score

_INTRO = """# Alert quality

How good the default catalogue is, measured on a simulated fleet whose truth is known: what had to
be found and was, how soon, and what was cried in vain. Sensitivity and false alarms belong
together: either alone can be had for nothing. The figures are those of a simulation; how it lives
and what goes wrong in it is described in [simulator.md](simulator.md), how figures are counted in
[score.md](score.md). This page is written by `make alert-quality`; do not edit it.
"""


def write(score: Score, arguments: str) -> str:
    """The whole page."""
    asked, found, in_time = score.red
    period = score.period
    staff = score.staffing
    parts = [
        _INTRO,
        f"{period.elders:,} elders, {period.elder_months:,.0f} elder-months of 30 days, all faults"
        f" on, {len(score.matching.alerts):,} alerts"
        + (f" (`python -m bench.quality {arguments}`)." if arguments else "."),
        _table(
            ("", "here", "aim"),
            [
                ("had to turn red, and did", f"{found} of {asked}", "every one"),
                ("of them by when the truth asks", f"{in_time} of {asked}", ""),
                ("false reds per elder-month", f"{score.false_red:.4f}", "≤ 0.02"),
                ("false alarms that staff see per elder-month", f"{score.false_staff:.3f}", "≤ 1"),
            ],
        ),
        "## Found",
        _table(
            ("incident", "must be", "expected", "found", "in time", "p50", "p95", "slowest"),
            (
                (s.kind, s.severity, s.expected, s.found, s.in_time)
                + (tuple(map(duration, s.delay)) if s.delay else ("–",) * 3)
                for s in score.sensitivity
            ),
        ),
        "## In vain",
        _false(score),
        "## Missed",
        _missed(score),
        "## Answered",
        (
            f"{len(staff.calls):,} calls, answered by simulated workers on the duty roster"
            " (the model is stated in [score.md](score.md))."
        ),
        _table(
            ("", "share", "mark"),
            [
                ("answered within 60 s", _share(staff.answered(60)), "97.5 %"),
                ("answered within 180 s", _share(staff.answered(180)), "99 %"),
                ("reds alone within 60 s", _share(staff.answered_red(60)), ""),
                ("on site within 15 min, reds in need", _share(staff.arrived(900)), ""),
            ],
        ),
        "## A desk's night",
        _table(
            ("desk", "alerts a night", "of them in vain", "most in one night"),
            (
                (n.desk, f"{n.per_night:.2f}", f"{n.false / n.nights:.2f}", n.most)
                for n in score.nights[:12]
            ),
        ),
    ]
    return "\n\n".join(parts).replace("\n\n\n", "\n\n") + "\n"


def summary(score: Score) -> str:
    asked, found, in_time = score.red
    lines = [
        (
            f"red {found}/{asked} found, {in_time} in time; false red {score.false_red:.4f},"
            f" staff-facing {score.false_staff:.3f} per elder-month"
        )
    ]
    lines += [f"  false {f.rule} {f.severity} {f.per_elder_month:.4f}" for f in score.false_alarms]
    lines += [
        f"  {s.kind} {s.severity} {s.found}/{s.expected} ({s.in_time} in time)"
        for s in score.sensitivity
    ]
    return "\n".join(lines)


def _false(score: Score) -> str:
    by_rule: defaultdict[str, dict[Severity, float]] = defaultdict(dict)
    for row in score.false_alarms:
        by_rule[row.rule][row.severity] = row.per_elder_month
    rows = []
    for rule, rates in sorted(by_rule.items(), key=lambda item: -sum(item[1].values())):
        figures = [f"{rates.get(severity, 0):.4f}" for severity in reversed(Severity)]
        rows.append((rule, *figures, "doctors" if rule in FOR_DOCTORS else "staff"))
    return _table(("rule", "red", "orange", "blue", "seen by"), rows) + "\n\nPer elder-month."


def _missed(score: Score) -> str:
    if not score.missed:
        return "Nothing."
    counts: defaultdict[tuple[str, str, str], int] = defaultdict(int)
    for f in score.missed:
        counts[str(f.incident.kind), f.expected.rule, f.expected.severity] += 1
    return _table(
        ("incident", "rule", "severity", "missed"),
        ((*key, n) for key, n in sorted(counts.items(), key=lambda item: -item[1])),
    )


def _share(value: float | None) -> str:
    return "–" if value is None else f"{value:.1%}"


def _table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    lines += ["| " + " | ".join(map(str, row)) + " |" for row in rows]
    return "\n".join(lines)
