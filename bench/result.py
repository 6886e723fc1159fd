"""What a benchmark says, and how it is shown."""

import json
import platform
import subprocess
from dataclasses import asdict, dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table


@dataclass(frozen=True)
class Result:
    """`against` says what `ratio` compares with; `ok` is None where there is no budget yet."""

    name: str
    value: float
    unit: str
    against: str = ""
    ratio: float | None = None
    budget: str = ""
    ok: bool | None = None
    machine: str = ""
    commit: str = ""


def stamp(results: list[Result]) -> list[Result]:
    """With the machine and the commit they were measured on."""
    machine, commit = _machine(), _commit()
    return [Result(**{**asdict(r), "machine": machine, "commit": commit}) for r in results]


def show(results: list[Result]) -> None:
    """JSON Lines on standard output, the table on standard error."""
    for result in results:
        print(json.dumps(asdict(result)))
    table = Table("benchmark", "value", "unit", "against", "ratio", "budget", "", box=None)
    for r in results:
        ok = {True: "ok", False: "MISSED", None: ""}[r.ok]
        ratio = "" if r.ratio is None else f"{r.ratio:.2f}"
        table.add_row(r.name, f"{r.value:,.6g}", r.unit, r.against, ratio, r.budget, ok)
    Console(stderr=True, width=160).print(table)


def keep(results: list[Result], path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(asdict(r)) + "\n" for r in results))


def _machine() -> str:
    cpu = next(
        (
            line.split(":", 1)[1].strip()
            for line in _read("/proc/cpuinfo").splitlines()
            if line.startswith("model name")
        ),
        platform.processor() or platform.machine(),
    )
    cores = _read("/proc/cpuinfo").count("processor\t") or 1
    system, python = f"{platform.system()} {platform.release()}", platform.python_version()
    return f"{cores} cores, {cpu}, {system}, Python {python}"


def _read(path: str) -> str:
    try:
        return Path(path).read_text()
    except OSError:
        return ""


def _commit() -> str:
    git = ["git", "rev-parse", "--short", "HEAD"]
    done = subprocess.run(git, capture_output=True, text=True, check=False)
    return done.stdout.strip()
