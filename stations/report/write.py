"""A report as CSV for machines, and as one page of HTML that prints (and so becomes a PDF)."""

import csv
import io
from pathlib import Path
from typing import NamedTuple

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from stations.console.words import Language, Words, load
from stations.report.build import Report, Section
from stations.report.figures import Figure

_FOLDER = Path(__file__).parent
WORDS = _FOLDER / "words"
GROUPS = ("red", "orange", "incidents", "desks", "devices", "care")
"""In the order in which they are read."""
_COLUMNS = ("month", "area", "group", "slice", "measure", "value", "unit", "part", "whole")
_SLICES = ("all", "covered", "uncovered", "late")


def to_csv(report: Report) -> str:
    """One figure a line; words are the codes of docs/reference/reports.md, in no language."""
    text = io.StringIO()
    lines = csv.writer(text, lineterminator="\n")
    lines.writerow(_COLUMNS)
    for section in report.sections:
        for f in section.figures:
            numbers = (_number(f.value), f.unit, _number(f.part), _number(f.whole))
            lines.writerow((report.month, section.area.id, f.group, f.slice, f.measure, *numbers))
    return text.getvalue()


def to_html(report: Report, language: Language) -> str:
    """Self-contained: no script, no picture, nothing fetched."""
    words = load(WORDS)[language]
    page = Environment(
        loader=FileSystemLoader(_FOLDER), autoescape=True, undefined=StrictUndefined,
        trim_blocks=True, lstrip_blocks=True,
    ).get_template("report.html")  # fmt: skip
    return page.render(
        report=report,
        t=words,
        groups=GROUPS,
        sliced=lambda f: _sliced(f, words),
        shown=lambda f: _shown(f, words),
        made_of=_made_of,
    )


class Line(NamedTuple):
    """A figure as people read it."""

    slice: str
    measure: str
    value: str
    made_of: str


def of_group(section: Section, language: Language) -> list[tuple[str, list[Line]]]:
    """A section's figures in words, by group, groups without figures left out."""
    words = load(WORDS)[language]
    found = []
    for group in GROUPS:
        lines = [
            Line(_sliced(f, words), words(f"measure_{f.measure}"), _shown(f, words), _made_of(f))
            for f in section.figures
            if f.group == group
        ]
        if lines:
            found.append((words(f"group_{group}"), lines))
    return found


def _sliced(figure: Figure, words: Words) -> str:
    if figure.measure == "outcome":
        return words.either(f"outcome_{figure.slice}", figure.slice)
    return words(f"slice_{figure.slice}") if figure.slice in _SLICES else figure.slice


def _shown(figure: Figure, words: Words) -> str:
    if figure.value is None:
        return words("none")
    space = "" if figure.unit in ("", "%") else " "
    return f"{_number(figure.value)}{space}{figure.unit}"


def _made_of(figure: Figure) -> str:
    if figure.part is None or figure.whole is None:
        return ""
    return f"{_number(figure.part)} / {_number(figure.whole)}"


def _number(value: float | None) -> str:
    """At most four digits that matter behind the point, the same on every machine."""
    return "" if value is None else f"{round(value, 4):g}" if abs(value) < 1e5 else f"{value:.0f}"
