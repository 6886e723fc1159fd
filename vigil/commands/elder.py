"""vigil elder export|erase|consent: what a person may ask for, each on record."""

import getpass
import json
from pathlib import Path
from typing import Annotated, Any, Literal

import psycopg
import typer

from schemas.times import from_micros
from store import audit, elder_consent, elder_erase, elder_export
from store.connect import connect
from vigil.clock import SystemClock
from vigil.commands.common import fail, out
from vigil.settings import Settings

app = typer.Typer(help="Consent, copies and forgetting: the elders' rights.", no_args_is_help=True)

Id = Annotated[str, typer.Argument(help="id in elders.csv", show_default=False)]
Why = Annotated[str, typer.Option(help="who asked, and why; goes on record", show_default=False)]
Scope = Annotated[str, typer.Option(help="what is agreed to")]


@app.command("export")
def export(elder: Id, folder: Path, *, reason: Why) -> None:
    """Everything about one elder: elder.json, and readings.csv with all measurements."""
    if folder.exists() and any(folder.iterdir()):
        raise fail(f"{folder} is not empty: name a new folder")
    with _connection() as connection:
        try:
            found = elder_export.sections(connection, elder)
        except LookupError as error:
            raise fail(str(error.args[0])) from error
        _record(connection, "elder.export", elder, reason)
        folder.mkdir(parents=True, exist_ok=True)
        text = json.dumps(found, ensure_ascii=False, indent=2, default=str)
        (folder / "elder.json").write_text(text + "\n", encoding="utf-8")
        with (folder / "readings.csv").open("wb") as file:
            for piece in elder_export.readings(connection, elder):
                file.write(piece)
    out(f"written to {folder}: it names people; hand it over, then delete it")


@app.command("erase")
def erase(
    elder: Id,
    *,
    reason: Why,
    yes: Annotated[bool, typer.Option("--yes", help="do not ask")] = False,
) -> None:
    """Forget one elder for good. Reports of past months stay as they were, without the person."""
    if not yes:
        typer.confirm(f"forget {elder} for good?", abort=True)
    with _connection() as connection:
        try:
            done = elder_erase.erase(connection, elder, now=SystemClock().now())
        except LookupError as error:
            raise fail(str(error.args[0])) from error
        _record(connection, "elder.erase", elder, reason)
    home = ", with the home" if done.home else "; somebody else lives in the home, which stays"
    out(f"{elder} is forgotten, {done.readings} readings deleted{home}")
    out("take the rows out of the registry folder too: an import refuses them")


@app.command("consent")
def consent(
    elder: Annotated[str | None, typer.Argument(help="id in elders.csv")] = None,
    *,
    by: Annotated[Literal["self", "family", "guardian"], typer.Option(help="who agreed")] = "self",
    scope: Scope = "care",
    withdraw: Annotated[bool, typer.Option("--withdraw", help="it is withdrawn")] = False,
) -> None:
    """Put a consent on record or withdraw it; without an id, list who has none."""
    now = SystemClock().now()
    with _connection() as connection:
        if elder is None:
            for id_ in elder_consent.missing(connection, scope=scope):
                out(id_)
            return
        if withdraw:
            if not elder_consent.withdraw(connection, elder, scope=scope, now=now):
                raise fail(f"{elder} has no consent to {scope!r} on record")
            out("withdrawn")
            return
        try:
            elder_consent.give(connection, elder, given_by=by, scope=scope, now=now)
        except LookupError as error:
            raise fail(str(error.args[0])) from error
        out("on record")


def _connection() -> psycopg.Connection[tuple[Any, ...]]:
    return connect(Settings().store.dsn, application="vigil elder")


def _record(connection: psycopg.Connection, action: str, elder: str, reason: str) -> None:
    audit.record(
        connection,
        at=from_micros(SystemClock().now()),
        action=action,
        subject=elder,
        detail={"reason": reason, "operator": getpass.getuser()},
    )
