"""vigil settings, doctor."""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import typer
from pydantic import BaseModel
from pydantic_core import to_jsonable_python

from vigil.commands.common import out, out_json
from vigil.doctor import Look, examine
from vigil.doctor.finding import Level
from vigil.settings import Settings

Json = Annotated[bool, typer.Option("--json", help="JSON instead of text")]


def show_settings(*, json: Json = False) -> None:
    """Every setting, its environment variable, its value now and what it means."""
    rows = list(_rows(Settings(), "VIGIL"))
    if json:
        out_json(
            to_jsonable_python({n: {"value": value, "about": about} for n, value, about in rows})
        )
        return
    for name, value, about in rows:
        out(f"{name} = {value!r}\n    {about}")


def doctor(
    *,
    watch: Annotated[float, typer.Option(help="seconds of traffic to look at")] = 5,
    accounts: Annotated[
        Path | None,
        typer.Option(help="accounts.csv of `vigil broker config`: try some gateways' rights"),
    ] = None,
    json: Json = False,
) -> None:
    """Check store, registry and broker for what would lose messages, and say what to do.

    Exit 1 where something is bad. The broker is tried with a session of its own (a few thousand
    small messages on a topic that nobody else hears), which is removed afterwards.
    """
    found = []
    for finding in examine(Settings(), Look(watch, accounts)):
        found.append(finding)
        if not json:
            out(finding.text())
    if json:
        out_json([finding._asdict() for finding in found])
    if any(finding.level is Level.BAD for finding in found):
        raise typer.Exit(1)


def _rows(model: BaseModel, prefix: str) -> Iterator[tuple[str, Any, str]]:
    separator = "_" if prefix == "VIGIL" else "__"
    for name, field in type(model).model_fields.items():
        value = getattr(model, name)
        full = f"{prefix}{separator}{name.upper()}"
        if isinstance(value, BaseModel):
            yield from _rows(value, full)
        else:
            yield full, _masked(value), field.description or ""


def _masked(value: Any) -> Any:
    """A connection string without its password."""
    if isinstance(value, str) and "://" in value and "@" in value:
        scheme, rest = value.split("://", 1)
        credentials, host = rest.rsplit("@", 1)
        return f"{scheme}://{credentials.split(':', 1)[0]}:***@{host}"
    return value
