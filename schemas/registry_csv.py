"""Read and write the registry folder: CSV files in UTF-8 with a header row.

Every error says file, line and column; all of them are reported at once.
"""

import csv
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

from pydantic import ValidationError

from schemas.directory import MODELS, OPTIONAL, Directory, Row


class Problem(NamedTuple):
    file: str
    line: int
    column: str
    message: str

    def __str__(self) -> str:
        column = f", column {self.column}" if self.column else ""
        return f"{self.file}, line {self.line}{column}: {self.message}"


class RegistryError(ValueError):
    """The folder cannot be used; `problems` lists everything that is wrong with it."""

    def __init__(self, problems: list[Problem]) -> None:
        self.problems = problems
        super().__init__("\n".join(map(str, problems)))


class _Table(NamedTuple):
    rows: list[Row]
    lines: list[int]


def read_folder(folder: Path) -> Directory:
    """The directory in a folder; RegistryError with every problem, or FileNotFoundError."""
    if not folder.is_dir():
        raise FileNotFoundError(f"no registry folder at {folder}")
    problems: list[Problem] = []
    tables: dict[str, _Table] = {}
    for name, model in MODELS.items():
        path = folder / model.file
        if path.exists():
            tables[name] = _read(path, model, problems)
        else:
            tables[name] = _Table([], [])
            if name not in OPTIONAL:
                problems.append(Problem(model.file, 1, "", "this file is missing"))
    _check_keys(tables, problems)
    _check_references(tables, problems)
    _check_areas(tables["areas"], problems)
    if problems:
        raise RegistryError(problems)
    return Directory.model_validate({name: tuple(t.rows) for name, t in tables.items()})


def write_folder(directory: Directory, folder: Path) -> None:
    """Write every file of the folder; reading it again gives an equal directory."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, model in MODELS.items():
        rows: Iterable[Row] = getattr(directory, name)
        columns = [f.alias or n for n, f in model.model_fields.items()]
        with (folder / model.file).open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, columns, lineterminator="\n")
            writer.writeheader()
            for row in rows:
                cells = row.model_dump(mode="json", by_alias=True, exclude_none=True)
                writer.writerow({k: _cell(v) for k, v in cells.items()})


def _cell(value: Any) -> Any:
    return ",".join(value) if isinstance(value, list) else value


def _read(path: Path, model: type[Row], problems: list[Problem]) -> _Table:
    table = _Table([], [])
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        line = path.read_bytes()[: error.start].count(b"\n") + 1
        problems.append(Problem(model.file, line, "", "not UTF-8: save the file as UTF-8"))
        return table
    reader = csv.DictReader(text.splitlines(keepends=True), strict=True)
    try:
        header = list(reader.fieldnames or [])
        known = {f.alias or n: f for n, f in model.model_fields.items()}
        problems += [
            Problem(model.file, 1, c, "unknown column; known are " + ", ".join(known))
            for c in header
            if c not in known
        ]
        missing = [c for c, f in known.items() if f.is_required() and c not in header]
        problems += [Problem(model.file, 1, c, "this column is missing") for c in missing]
        if missing or not set(header) <= set(known):
            return table
        for cells in reader:
            _add(table, cells, model, reader.line_num, problems)
    except csv.Error as error:
        problems.append(Problem(model.file, reader.line_num, "", f"not CSV: {error}"))
    return table


def _add(
    table: _Table, cells: dict[str, Any], model: type[Row], line: int, problems: list[Problem]
) -> None:
    if None in cells or None in cells.values():
        problems.append(Problem(model.file, line, "", "more or fewer cells than the header"))
        return
    try:
        row = model.model_validate({k: v for k, v in cells.items() if v.strip()})
    except ValidationError as error:
        for e in error.errors():
            column = str(e["loc"][0]) if e["loc"] else ""
            problems.append(Problem(model.file, line, column, e["msg"]))
        return
    table.rows.append(row)
    table.lines.append(line)


_KEYED = ("areas", "stations", "homes", "elders", "gateways", "devices", "staff")

_REFERENCES = (
    ("areas", "parent", "areas"),
    ("stations", "area", "areas"),
    ("homes", "area", "areas"),
    ("elders", "home", "homes"),
    ("gateways", "area", "areas"),
    ("devices", "gateway", "gateways"),
    ("devices", "elder", "elders"),
    ("devices", "home", "homes"),
    ("contacts", "elder", "elders"),
    ("staff", "station", "stations"),
    ("duty", "station", "stations"),
    ("duty", "staff", "staff"),
    ("duty_dates", "station", "stations"),
    ("duty_dates", "staff", "staff"),
    ("away", "elder", "elders"),
    ("overrides", "elder", "elders"),
)


def _check_keys(tables: dict[str, _Table], problems: list[Problem]) -> None:
    for name in _KEYED:
        first: dict[str, int] = {}
        for row, line in zip(*tables[name], strict=True):
            id_: str = getattr(row, "id")  # noqa: B009 (every keyed row has one; Row does not)
            if id_ in first:
                message = f"{id_!r} stands already in line {first[id_]}"
                problems.append(Problem(row.file, line, "id", message))
            first.setdefault(id_, line)


def _check_references(tables: dict[str, _Table], problems: list[Problem]) -> None:
    ids = {name: {getattr(r, "id") for r in tables[name].rows} for name in _KEYED}  # noqa: B009
    for name, column, target in _REFERENCES:
        for row, line in zip(*tables[name], strict=True):
            id_ = getattr(row, column)
            if id_ is not None and id_ not in ids[target]:
                message = f"no {id_!r} in {MODELS[target].file}"
                problems.append(Problem(row.file, line, column, message))


def _check_areas(table: _Table, problems: list[Problem]) -> None:
    """Parents lead to one top without a circle."""
    parent = {getattr(r, "id"): getattr(r, "parent") for r in table.rows}  # noqa: B009
    for row, line in zip(*table, strict=True):
        seen = {id_ := getattr(row, "id")}  # noqa: B009
        while (id_ := parent.get(id_)) is not None:
            if id_ in seen:
                problems.append(Problem(row.file, line, "parent", "these areas form a circle"))
                break
            seen.add(id_)
    tops = [line for row, line in zip(*table, strict=True) if getattr(row, "parent") is None]  # noqa: B009
    if len(tops) > 1:
        message = f"a second area without a parent (the first is in line {tops[0]})"
        problems.append(Problem("areas.csv", tops[1], "parent", message))
