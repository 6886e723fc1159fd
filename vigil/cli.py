"""The command line. Exit 0 on success, 1 on failure, 2 on bad use.

A command's module is imported when it is asked for: ingest starts without what the console needs,
and neither waits for the other's libraries.
"""

import sys
from collections.abc import Iterator, Mapping
from importlib import import_module
from typing import Any

import typer
from pydantic import ValidationError
from pydantic_settings import SettingsError
from typer.core import TyperGroup

_COMMANDS = {
    "demo": "demo:demo",
    "ingest": "ingest:ingest",
    "stations": "stations:stations",
    "migrate": "store:migrate",
    "maintain": "store:maintain",
    "settings": "run:show_settings",
    "doctor": "run:doctor",
    "broker": "broker:app",
    "registry": "registry:app",
    "staff": "registry:staff",
    "decode": "catalogue:decode",
    "devices": "quarantine:devices",
    "rules": "rules:app",
    "simulate": "simulate:simulate",
    "capture": "capture:capture",
    "replay": "replay:replay",
    "score": "score:score_alerts",
    "report": "report:report",
    "visit": "visit:visit",
    "duty": "duty:app",
    "elder": "elder:app",
}
"""Name → module in `vigil.commands`, and the function or group in it."""


class _Commands(Mapping[str, Any]):
    """Each imported when it is looked at."""

    def __getitem__(self, name: str) -> Any:
        return _load(name, *_COMMANDS[name].split(":"))

    def __iter__(self) -> Iterator[str]:
        return iter(_COMMANDS)

    def __len__(self) -> int:
        return len(_COMMANDS)


class _Group(TyperGroup):
    @property  # type: ignore[override] # nothing is added to it
    def commands(self) -> Mapping[str, Any]:
        return _Commands()

    @commands.setter
    def commands(self, _: Mapping[str, Any]) -> None:
        """typer says that it has none of its own."""


def _load(name: str, module: str, attribute: str) -> Any:
    found = getattr(import_module(f"vigil.commands.{module}"), attribute)
    if isinstance(found, typer.Typer):
        command: Any = typer.main.get_group(found)
    else:
        alone = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
        alone.command(name)(found)
        command = typer.main.get_command(alone)
    command.name = name
    return command


app = typer.Typer(
    cls=_Group,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)


@app.callback()
def vigil() -> None:
    """Vigil watches over elders who live at home: readings in, answered alerts out."""


def main() -> None:
    """The console script. An expected failure is one clear message, never a traceback."""
    from vigil.commands.common import EXPECTED  # noqa: PLC0415 (keeps --help quick)

    try:
        app()
    except (SettingsError, ValidationError) as error:
        sys.exit(_say(f"the settings cannot be used: {error}", 2))
    except EXPECTED as error:
        sys.exit(_say(str(error), 1))


def _say(message: str, status: int) -> int:
    print(f"vigil: {message}", file=sys.stderr)  # noqa: T201 (this is the command line)
    return status
