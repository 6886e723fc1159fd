"""What commands share."""

import json
import signal
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager
from types import FrameType
from typing import Any

import psycopg
import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

from rules.load import RuleError
from schemas.registry_csv import RegistryError
from store.directory import DirectoryError
from store.migrate import MigrationError
from store.partition import Fenced
from vigil.embedded.process import EmbeddedError
from vigil.wiring import NotReadyError

EXPECTED = (
    psycopg.OperationalError,
    OSError,
    RegistryError,
    RuleError,
    MigrationError,
    EmbeddedError,
    NotReadyError,
    Fenced,
    DirectoryError,
)
"""Failures whose own message says what, where and what to do."""

err = Console(stderr=True, soft_wrap=True)


def out(text: str) -> None:
    typer.echo(text)


def out_json(value: Any) -> None:
    typer.echo(json.dumps(value, ensure_ascii=False))


def fail(message: str, status: int = 1) -> typer.Exit:
    """Say why on standard error; raise what comes back."""
    typer.echo(f"vigil: {message}", err=True)
    return typer.Exit(status)


def stopped_by_signals() -> Callable[[], bool]:
    """Whether SIGINT or SIGTERM has come since; a second SIGINT ends at once."""
    came: list[int] = []

    def stop(number: int, _frame: FrameType | None) -> None:
        came.append(number)
        if len(came) > 1:
            sys.exit(1)

    signal.signal(signal.SIGINT, stop)
    signal.signal(signal.SIGTERM, stop)
    return lambda: bool(came)


class ProgressBar(AbstractContextManager["ProgressBar"]):
    """A bar on standard error for long work, silent where that is no terminal."""

    def __init__(self, label: str) -> None:
        columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn())
        self._progress = Progress(*columns, TimeRemainingColumn(), console=err, transient=True)
        self._task = self._progress.add_task(label, total=None)

    def __enter__(self) -> "ProgressBar":
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    @property
    def update(self) -> Callable[[float, float], None]:
        def step(done: float, total: float) -> None:
            self._progress.update(self._task, completed=done, total=total)

        return step
