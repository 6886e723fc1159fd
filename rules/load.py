"""Read the catalogue: one TOML file a rule. Errors say file, line, and what was expected."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from pydantic import ValidationError

from rules.blocks import WORDS, SustainedBlock
from rules.condition import Condition, ConditionError
from rules.kinds import FIGURES
from rules.parameters import figure
from rules.parts import Block, Words
from rules.rule import Rule
from rules.sentence import names
from schemas.quantities import QUANTITIES, Number

CATALOGUE = Path(__file__).parent / "catalogue"

Path_ = tuple[str | int, ...]


class RuleProblem(NamedTuple):
    file: str
    line: int
    message: str

    def __str__(self) -> str:
        return f"{self.file}, line {self.line}: {self.message}"


class RuleError(ValueError):
    """A catalogue cannot be used; `problems` lists everything that is wrong with it."""

    def __init__(self, problems: list[RuleProblem]) -> None:
        self.problems = problems
        super().__init__("\n".join(map(str, problems)))


def load_catalogue(folder: Path | None = None) -> list[Rule]:
    """The rules of a folder (default: the packaged ones) by id; RuleError with every problem."""
    folder = CATALOGUE if folder is None else folder
    files = sorted(f for f in folder.glob("*.toml") if not f.name.endswith(".test.toml"))
    if not files:
        raise RuleError([RuleProblem(str(folder), 1, "expected rule files (*.toml), found none")])
    rules, problems = [], []
    for file in files:
        try:
            rules.append(load_rule(file))
        except RuleError as error:
            problems += error.problems
    if problems:
        raise RuleError(problems)
    return rules


def load_rule(file: Path) -> Rule:
    """One rule; its file is named after its id."""
    text = file.read_text(encoding="utf-8")
    try:
        rule = Rule.model_validate(tomllib.loads(text))
    except ValueError as error:
        raise RuleError(problems_of(file, text, error)) from None
    found_wrong = [
        RuleProblem(file.name, line_of(text, where), message)
        for where, message in _check(rule, file)
    ]
    if found_wrong:
        raise RuleError(found_wrong)
    return rule


def problems_of(file: Path, text: str, error: ValueError) -> list[RuleProblem]:
    """What TOML's or pydantic's error says of the file, with lines."""
    if isinstance(error, ValidationError):
        return [
            RuleProblem(file.name, line_of(text, e["loc"]), f"{_dotted(e['loc'])}: {e['msg']}")
            for e in error.errors()
        ]
    found = re.search(r"line (\d+)", str(error))
    return [RuleProblem(file.name, int(found[1]) if found else 1, f"not TOML: {error}")]


def _check(rule: Rule, file: Path) -> Iterable[tuple[Path_, str]]:
    """What a model alone cannot see: names that lead nowhere."""
    if file.stem != rule.id:
        yield ("id",), f"expected the file's name, {file.stem!r}, got {rule.id!r}"
    yield from _check_figures(rule)
    for index, block in enumerate(rule.alert):
        where: Path_ = ("alert", index)
        for name in block.used():
            if name not in rule.parameters:
                known = ", ".join(rule.parameters)
                yield (
                    (*where, *_key_of(block, name)),
                    (f"no parameter {name!r}: expected one of {known}"),
                )
        for key in WORDS:
            yield from _check_words((*where, key), getattr(block, key, None), FIGURES[block.kind])
        yield from _check_conditions(where, block, rule)


def _check_figures(rule: Rule) -> Iterable[tuple[Path_, str]]:
    for name, text in rule.parameters.items():
        try:
            figure(text)
        except ValueError as error:
            yield ("parameters", name), str(error)
    for index, group in enumerate(rule.when):
        for name, text in group.set.items():
            where: Path_ = ("when", index, "set", name)
            if name not in rule.parameters:
                yield where, f"no parameter {name!r}: expected one of {', '.join(rule.parameters)}"
                continue
            try:
                figure(text)
            except ValueError as error:
                yield where, str(error)


def _check_words(
    where: Path_, words: Words | None, known: frozenset[str]
) -> Iterable[tuple[Path_, str]]:
    for language in ("zh", "en") if words is not None else ():
        for name in sorted(names(getattr(words, language)) - known):
            expected = ", ".join(sorted(known))
            yield (*where, language), f"no figure {{{name}}}: expected one of {expected}"


def _check_conditions(where: Path_, block: Block, rule: Rule) -> Iterable[tuple[Path_, str]]:
    for key, text in _conditions(block):
        try:
            Condition(text, rule.parameters)
        except ConditionError as error:
            yield (*where, *key), f"condition: {error}"
    quotes = getattr(block, "quotes", None)
    if quotes is not None and not isinstance(QUANTITIES.get(quotes), Number):
        yield (*where, "quotes"), f"quotes: expected a number quantity, got {quotes!r}"


def _conditions(block: Block) -> Iterable[tuple[Path_, str]]:
    for key in ("condition", "clear_condition"):
        if (text := getattr(block, key, None)) is not None:
            yield (key,), text
    if isinstance(block, SustainedBlock) and block.needs is not None:
        yield ("needs", "condition"), block.needs.condition


def _key_of(block: Block, name: str) -> Path_:
    """The key under which a block names a parameter."""
    return next(((key,) for key, said in block if said == name), ())


def _dotted(loc: Iterable[str | int]) -> str:
    return ".".join(str(part) for part in loc) or "the file"


def line_of(text: str, loc: Iterable[str | int]) -> int:
    """The line of the deepest key of `loc` that the text names; 1 if it names none.

    Array tables are counted by their headers; parts that only a checker knows (the kind of a
    block) are passed over.
    """
    best, tables, counts = (0, 1), [], dict[str, int]()
    wanted = [str(part) for part in loc]
    here: list[str] = []
    for number, line in enumerate(text.splitlines(), start=1):
        if header := re.match(r"\s*\[\[\s*([\w.\-]+)\s*\]\]", line):
            name = header[1]
            counts[name] = counts.get(name, -1) + 1
            here = [*name.split("."), str(counts[name])]
            tables = here
        elif header := re.match(r"\s*\[\s*([\w.\-]+)\s*\]", line):
            parts = header[1].split(".")
            inside = tables and parts[0] == tables[0] and len(parts) > 1
            here = [*tables, *parts[1:]] if inside else parts
        path = here
        if key := re.match(r"\s*([\w\-]+)\s*=", line):
            path = [*here, key[1]]
        depth = _depth(path, wanted)
        best = max(best, (depth, -number)) if depth else best
    return abs(best[1])


def _depth(path: list[str], wanted: list[str]) -> int:
    """How many parts of `path` follow `wanted` in order; 0 if one does not."""
    at = 0
    for part in path:
        if part not in wanted[at:]:
            return 0
        at = wanted.index(part, at) + 1
    return len(path)
