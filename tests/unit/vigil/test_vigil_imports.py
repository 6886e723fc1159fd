"""A process loads what it needs: its start and its memory are those of its own work."""

import subprocess
import sys

PROGRAM = """
import sys
from vigil.cli import app, vigil
from vigil.commands import {command}
print(*sorted({{name.partition(".")[0] for name in sys.modules}}))
"""


def loaded(command: str) -> set[str]:
    program = [sys.executable, "-c", PROGRAM.format(command=command)]
    said = subprocess.run(program, capture_output=True, text=True, check=True, timeout=60)
    return set(said.stdout.split())


def test_ingest_knows_no_console() -> None:
    found = loaded("ingest")
    assert {"ingest", "rules", "numpy"} <= found
    assert not found & {"starlette", "uvicorn", "jinja2", "apprise", "simulator"}


def test_stations_decode_nothing() -> None:
    found = loaded("stations")
    assert {"stations", "starlette"} <= found
    assert not found & {"simulator"}
