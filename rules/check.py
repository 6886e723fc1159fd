"""Run the data tests of a catalogue: every rule has some, and they hold however they are cut.

Each test runs alone with its rule, at batch sizes 1, 7 and all, and once more with the engine
killed in the middle and restored from its snapshot. The same alerts must come of each.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import chain
from pathlib import Path
from typing import NamedTuple

from rules.engine import Engine
from rules.load import CATALOGUE, RuleError, line_of, load_rule, problems_of
from rules.rule import Rule
from rules.timeline import Case, Expected, micros, read_cases, readings_of, registry_of
from schemas.alerts import Change, ChangeKind
from schemas.readings import Readings
from schemas.registry import Registry
from schemas.times import format_rfc3339

WAYS: tuple[int | None, ...] = (1, 7, None)
"""Batch sizes; None is everything at once."""


class Failure(NamedTuple):
    """What is wrong, and where. `line`: 0 where it is about the whole file; `test`: its name."""

    file: str
    test: str
    message: str
    line: int = 0

    def __str__(self) -> str:
        where = f"{self.file}, line {self.line}" if self.line else self.file
        return f"{where}: {self.test}: {self.message}" if self.test else f"{where}: {self.message}"


_STATES = (ChangeKind.CLEARED, ChangeKind.STALE)

Outcome = dict[str, tuple[str, ...]]
"""By alert id: what it is and what became of it, in words."""


def check(folder: Path | None = None) -> list[Failure]:
    """Every failure in a folder of rules (default: the packaged catalogue); empty if none."""
    folder = CATALOGUE if folder is None else folder
    files = sorted(f for f in folder.glob("*.toml") if not f.name.endswith(".test.toml"))
    if not files:
        return [Failure(str(folder), "", "expected rule files (*.toml), found none")]
    strays = set(folder.glob("*.test.toml")) - {_tests_of(f) for f in files}
    failures = [Failure(f.name, "", "there is no such rule") for f in sorted(strays)]
    return failures + list(chain.from_iterable(check_rule(file) for file in files))


def check_rule(file: Path) -> list[Failure]:
    """The failures of one rule file and of the tests beside it."""
    try:
        rule = load_rule(file)
    except RuleError as error:
        return [Failure(p.file, "", p.message, p.line) for p in error.problems]
    tests = _tests_of(file)
    if not tests.exists():
        return [Failure(file.name, "", f"expected data tests in {tests.name}, found none")]
    text = tests.read_text(encoding="utf-8")
    try:
        cases = read_cases(tests)
    except ValueError as error:
        return [Failure(p.file, "", p.message, p.line) for p in problems_of(tests, text, error)]
    return [
        Failure(tests.name, case.name, message, line_of(text, ("test", number)))
        for number, case in enumerate(cases)
        for message in _run(rule, case)
    ]


def count_tests(folder: Path | None = None) -> int:
    """How many data tests a folder holds."""
    folder = CATALOGUE if folder is None else folder
    return sum(len(read_cases(file)) for file in folder.glob("*.test.toml"))


def _tests_of(file: Path) -> Path:
    return file.with_name(f"{file.stem}.test.toml")


def _run(rule: Rule, case: Case) -> Iterable[str]:
    try:
        registry = registry_of(case)
        readings = readings_of(case, registry)
    except (ValueError, KeyError, AttributeError) as error:
        return [f"cannot be set up: {error}"]
    expected = dict(_expected(case, one) for one in case.expect)
    ends = None if case.ends is None else micros(case.ends, case.zone)
    for size in WAYS:
        found = _outcome(_play(rule, registry, readings, size=size, ends=ends))
        if messages := _compare(expected, found):
            return [f"{message} (in batches of {size or 'all'})" for message in messages]
    middle = _outcome(_play(rule, registry, readings, size=7, ends=ends, restart=True))
    return [f"{m} (restored in the middle)" for m in _compare(expected, middle)]


def _play(
    rule: Rule,
    registry: Registry,
    readings: Readings,
    *,
    size: int | None,
    ends: int | None,
    restart: bool = False,
) -> list[Change]:
    engine = Engine([rule], registry)
    changes: list[Change] = []
    size = size or max(1, len(readings))
    for start in range(0, len(readings), size):
        if restart and start >= len(readings) // 2:
            data, restart = engine.snapshot(), False
            engine = Engine([rule], registry)
            engine.restore(data)
        changes += engine.apply(readings.take(slice(start, start + size)))
        engine.commit()
    if ends is not None:
        changes += engine.advance(ends)
        engine.commit()
    return changes


def _outcome(changes: Sequence[Change]) -> Outcome:
    """Alerts in words; times are RFC 3339 UTC."""
    lines: dict[str, list[str]] = {}
    for c in changes:
        story = lines.setdefault(c.id, [])
        if c.kind is ChangeKind.RAISED:
            marks = [m for m, is_so in (("late", c.late), ("test", c.test)) if is_so]
            story.append(" ".join([_subject(c), *marks]))
        story[:] = [line for line in story if not line.startswith(("cleared", "stale"))]
        if c.kind is not ChangeKind.FRESH:
            word = c.kind if c.kind in _STATES else c.severity
            story.append(f"{word} at {format_rfc3339(c.at)}")
    return {" / ".join(story[:2]): tuple(story) for story in lines.values()}


def _subject(change: Change) -> str:
    if change.device:
        return f"device:{change.device}"
    return f"elder:{change.elder}" if change.elder else f"gateway:{change.gateway}"


def _expected(case: Case, one: Expected) -> tuple[str, tuple[str, ...]]:
    marks = [m for m, is_so in (("late", one.late), ("test", one.test)) if is_so]
    story = [" ".join([one.subject, *marks])]
    story += [f"{s.severity} at {format_rfc3339(micros(s.at, case.zone))}" for s in one.steps]
    if one.cleared is not None:
        story.append(f"cleared at {format_rfc3339(micros(one.cleared, case.zone))}")
    if one.stale is not None:
        story.append(f"stale at {format_rfc3339(micros(one.stale, case.zone))}")
    return " / ".join(story[:2]), tuple(story)


def _compare(expected: Outcome, found: Outcome) -> list[str]:
    messages = []
    for key in sorted(expected.keys() | found.keys()):
        want, got = expected.get(key), found.get(key)
        if want != got:
            messages.append(f"expected {_told(want)}, got {_told(got)}")
    return messages


def _told(story: tuple[str, ...] | None) -> str:
    return "; ".join(story) if story else "no such alert"
