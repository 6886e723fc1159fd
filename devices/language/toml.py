"""TOML files checked by pydantic models, with errors that name file, line and key."""

import re
import tomllib
from pathlib import Path
from typing import NamedTuple, TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

M = TypeVar("M", bound=BaseModel)
Loc = tuple[int | str, ...]

_HEADER = re.compile(r"\s*(\[\[?)\s*(.+?)\s*\]\]?\s*(?:#.*)?$")
_KEY = re.compile(r"""\s*((?:[A-Za-z0-9_-]+|"[^"]*"|'[^']*')(?:\s*\.\s*[\w"'-]+)*)\s*=""")
_PART = re.compile(r"""[A-Za-z0-9_-]+|"[^"]*"|'[^']*'""")


class Problem(NamedTuple):
    file: str
    line: int
    key: str
    message: str

    def __str__(self) -> str:
        key = f", {self.key}" if self.key else ""
        return f"{self.file}, line {self.line}{key}: {self.message}"


class ProfileError(ValueError):
    """A profile or its examples cannot be used; `problems` lists everything that is wrong."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__("\n".join(map(str, problems)))
        self.problems = problems


class MistakeError(ValueError):
    """Raised by a model's check: what is wrong stands at `loc` below the model."""

    def __init__(self, loc: Loc, message: str) -> None:
        super().__init__(message)
        self.loc = loc


def load(path: Path, model: type[M]) -> M:
    """The checked file; ProfileError with every problem, FileNotFoundError if there is none."""
    name = f"{path.parent.name}/{path.name}"
    try:
        text = path.read_text(encoding="utf-8")
        table = tomllib.loads(text)
    except UnicodeDecodeError:
        raise ProfileError([Problem(name, 1, "", "not UTF-8: save the file as UTF-8")]) from None
    except tomllib.TOMLDecodeError as error:
        line = re.search(r"at line (\d+)", str(error))
        at = int(line[1]) if line else text.count("\n") + 1
        raise ProfileError([Problem(name, at, "", f"not TOML: {error}")]) from None
    try:
        return model.model_validate(table)
    except ValidationError as error:
        raise ProfileError([_problem(name, text, table, e) for e in error.errors()]) from None


def _problem(name: str, text: str, table: object, error: ErrorDetails) -> Problem:
    loc, message = error["loc"], error["msg"].removeprefix("Value error, ")
    fault = error.get("ctx", {}).get("error")
    if isinstance(fault, MistakeError):
        loc = (*loc, *fault.loc)
    loc = _as_written(loc, table)
    return Problem(name, line_of(text, loc), _dotted(loc), message)


def _as_written(loc: Loc, node: object) -> Loc:
    """Without the index of a list that the file leaves out where it has but one element."""
    written: Loc = ()
    for part in loc:
        if part == "[key]" or (isinstance(part, int) and not isinstance(node, list)):
            continue
        written += (part,)
        if isinstance(node, dict):
            node = node.get(part)
        elif isinstance(node, list) and isinstance(part, int) and part < len(node):
            node = node[part]
    return written


def line_of(text: str, loc: Loc) -> int:
    """The line (from 1) of the key, or of the nearest table around it."""
    best, line_best = 0, 1
    for line, here in _places(text):
        depth = _common(here, loc)
        if depth > best:
            best, line_best = depth, line
    return line_best


def _common(here: Loc, loc: Loc) -> int:
    """How much of `loc` is named by `here`; 0 if `here` leads elsewhere."""
    if len(here) > len(loc) or here != loc[: len(here)]:
        return 0
    return len(here)


def _places(text: str) -> list[tuple[int, Loc]]:
    places: list[tuple[int, Loc]] = []
    counts: dict[Loc, int] = {}
    table: Loc = ()
    for line, content in enumerate(text.splitlines(), 1):
        if header := _HEADER.match(content):
            table = _table(_parts(header[2]), header[1] == "[[", counts)
            places.append((line, table))
        elif key := _KEY.match(content):
            parts = _parts(key[1])
            places += [(line, table + parts[: i + 1]) for i in range(len(parts))]
    return places


def _table(names: tuple[str, ...], is_array: bool, counts: dict[Loc, int]) -> Loc:
    """The header's place, with the index of each array of tables on the way."""
    loc: Loc = ()
    for i, name in enumerate(names):
        loc += (name,)
        if i == len(names) - 1 and is_array:
            counts[loc] = counts.get(loc, -1) + 1
        if loc in counts:
            loc += (counts[loc],)
    return loc


def _parts(text: str) -> tuple[str, ...]:
    return tuple(part.strip("\"'") for part in _PART.findall(text))


def _dotted(loc: Loc) -> str:
    text = ""
    for part in loc:
        text += f"[{part}]" if isinstance(part, int) else f".{part}"
    return text.lstrip(".")
