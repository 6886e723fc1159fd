"""A score, or two beside each other, as one HTML file that needs nothing else."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from schemas.alerts import Severity
from schemas.times import from_micros
from simulator.score import figures, plots
from simulator.score.plots import Bar, Curve, Part, Range, Row
from simulator.score.score import Score
from simulator.score.staffing import ANSWER_MARKS_S

_MOST_DESKS = 20
_CURVE_END_S = 300.0


def render(score: Score, against: Score | None = None) -> str:
    """The whole page."""
    both = [score] if against is None else [score, against]
    environment = Environment(
        loader=PackageLoader("simulator", "score"), autoescape=True, undefined=StrictUndefined
    )
    environment.filters.update(duration=plots.duration, share=_percent, when=_when)
    template = environment.get_template("page.html")
    return template.render(
        score=score, against=against, both=both, tiles=_tiles(both), **_pictures(both)
    )


def _tiles(both: Sequence[Score]) -> list[tuple[str, list[str], str]]:
    """What it is, each run's figure, and what is aimed at."""
    return [
        ("Had to turn red, and did", [_of(s.red[1], s.red[0]) for s in both], "aim: every one"),
        ("of them in time", [_of(s.red[2], s.red[0]) for s in both], "by when the truth asks"),
        (
            "False reds per elder and month",
            [f"{s.false_red:.3f}" for s in both],
            "aim: at most 0.02",
        ),
        (
            "False alarms of any colour that staff see, per elder and month",
            [f"{s.false_staff:.2f}" for s in both],
            "aim: at most 1",
        ),
    ]


def _of(found: int, expected: int) -> str:
    share = f" ({found / expected:.1%})" if expected else ""
    return f"{found:,} of {expected:,}{share}"


def _pictures(both: Sequence[Score]) -> dict[str, Any]:
    return {
        "found": Markup(_found(both)),  # noqa: S704 (plots escape what they are given)
        "delays": Markup(_delays(both)),  # noqa: S704
        "in_vain": Markup(_false(both)),  # noqa: S704
        "desks": Markup(_desks(both)),  # noqa: S704
        "answers": Markup(_answers(both)),  # noqa: S704
        "loudest": figures.loudest(both[0].matching.false),
    }


def kind_name(kind: str) -> str:
    return kind.removeprefix("fault:").replace("_", " ")


def _keys(lists: Iterable[Iterable[tuple[str, Severity]]]) -> list[tuple[str, Severity]]:
    """Of all runs, in the order in which they come first."""
    return list(dict.fromkeys(key for keys in lists for key in keys))


def _found(both: Sequence[Score]) -> str:
    tables = [{(s.kind, s.severity): s for s in score.sensitivity} for score in both]
    rows = []
    for key in _keys(tables):
        bars: list[Bar | None] = []
        for table in tables:
            if (row := table.get(key)) is None:
                bars.append(None)
                continue
            parts = (
                Part(row.in_time / row.expected, "found"),
                Part((row.found - row.in_time) / row.expected, "late"),
                Part((row.expected - row.found) / row.expected, "missed"),
            )
            bars.append(Bar(parts, f"{row.found} of {row.expected}"))
        rows.append(Row(f"{kind_name(key[0])} → {key[1]}", tuple(bars)))
    return plots.bars(rows, title="Share of incidents that were found", most=1)


def _delays(both: Sequence[Score]) -> str:
    tables = [{(s.kind, s.severity): s for s in score.sensitivity} for score in both]
    rows = [
        Range(f"{kind_name(key[0])} → {key[1]}", *row.delay, pale=n > 0)
        for key in _keys(tables)
        for n, table in enumerate(tables)
        if (row := table.get(key)) is not None and row.delay is not None
    ]
    return plots.ranges(rows, title="Time until an incident was known")


def _false(both: Sequence[Score]) -> str:
    tables = [{(f.rule, f.severity): f for f in score.false_alarms} for score in both]
    rows = [
        Row(
            f"{rule} {severity}",
            tuple(
                Bar((Part(row.per_elder_month, severity.value),), f"{row.per_elder_month:.3f}")
                if (row := table.get((rule, severity)))
                else None
                for table in tables
            ),
        )
        for rule, severity in _keys(tables)
    ]
    return plots.bars(rows, title="False alarms per elder and month")


def _desks(both: Sequence[Score]) -> str:
    tables = [{n.desk: n for n in score.nights} for score in both]
    desks = list(dict.fromkeys(desk for table in tables for desk in table))[:_MOST_DESKS]
    rows = []
    for desk in desks:
        bars: list[Bar | None] = []
        for table in tables:
            if (row := table.get(desk)) is None:
                bars.append(None)
                continue
            false = row.false / row.nights
            parts = (Part(row.per_night - false, "found"), Part(false, "missed"))
            bars.append(Bar(parts, f"{row.per_night:.2f} (most {row.most})"))
        rows.append(Row(desk, tuple(bars)))
    return plots.bars(rows, title="Alerts of a desk in one night")


def _answers(both: Sequence[Score]) -> str:
    drawn = []
    for n, score in enumerate(both):
        calls = score.staffing.calls
        times = sorted(c.answered for c in calls if c.answered is not None)
        points = [(t, (k + 1) / len(calls)) for k, t in enumerate(times) if t <= _CURVE_END_S]
        last = points[-1][1] if points else 0.0
        drawn.append(Curve(((0.0, 0.0), *points, (_CURVE_END_S, last)), pale=n > 0))
    return plots.curves(
        drawn, end=_CURVE_END_S, marks=ANSWER_MARKS_S, title="Share of calls answered in time"
    )


def _percent(share: float | None) -> str:
    return "–" if share is None else f"{share:.1%}"


def _when(micros: int) -> str:
    return f"{from_micros(micros):%Y-%m-%d %H:%M} UTC"
