"""vigil registry import|check|export, vigil staff password."""

from pathlib import Path
from typing import Annotated

import typer
from argon2 import PasswordHasher

from schemas.directory import without_persons
from schemas.registry_csv import read_folder, write_folder
from store import directory
from store.connect import connect
from vigil.clock import SystemClock
from vigil.commands.common import fail, out, out_json
from vigil.settings import Settings

app = typer.Typer(help="The directory: who lives where, and who answers.", no_args_is_help=True)
staff = typer.Typer(help="Workers and their passwords.", no_args_is_help=True)

Folder = Annotated[Path, typer.Argument(help="folder of CSV files", show_default=False)]
Json = Annotated[bool, typer.Option("--json", help="one JSON object instead of text")]


@app.command("import")
def import_(
    folder: Folder,
    *,
    prune: Annotated[bool, typer.Option(help="retire what the folder does not name")] = False,
    json: Json = False,
) -> None:
    """Import a folder in one transaction, all or nothing."""
    found = read_folder(folder)
    settings = Settings()
    with connect(settings.store.dsn, application="vigil registry") as connection:
        done = directory.import_directory(connection, found, now=SystemClock().now(), prune=prune)
    if json:
        out_json(done._asdict())
    else:
        out(f"{done.added} added, {done.changed} changed, {done.retired} retired")


@app.command("check")
def check(folder: Folder, *, json: Json = False) -> None:
    """Check a folder without a store; every problem with file, line and column."""
    found = read_folder(folder)
    counts = {name: len(getattr(found, name)) for name in type(found).model_fields}
    if json:
        out_json(counts)
    else:
        out("in order: " + ", ".join(f"{n} {name}" for name, n in counts.items() if n))


@app.command("export")
def export(
    folder: Folder,
    *,
    pseudonymous: Annotated[
        bool, typer.Option("--pseudonymous", help="without names, addresses, phones and notes")
    ] = False,
) -> None:
    """Write the store's directory as a folder that import takes."""
    if folder.exists() and any(folder.iterdir()):
        raise fail(f"{folder} is not empty: name a new folder")
    settings = Settings()
    with connect(settings.store.dsn, application="vigil registry") as connection:
        found = directory.load_directory(connection)
    write_folder(without_persons(found) if pseudonymous else found, folder)
    out(f"written to {folder}")


@staff.command("password")
def password(
    worker: Annotated[str, typer.Argument(help="id in staff.csv", show_default=False)],
    *,
    secret: Annotated[
        str,
        typer.Option(
            "--password", prompt=True, hide_input=True, confirmation_prompt=True, help="asked for"
        ),
    ] = "",
) -> None:
    """Set a worker's password for the console."""
    if len(secret) < 10:
        raise fail("a password needs at least 10 characters")
    settings = Settings()
    with connect(settings.store.dsn, application="vigil staff") as connection:
        directory.set_password(connection, worker, PasswordHasher().hash(secret))
    out(f"the password of {worker} is set")
