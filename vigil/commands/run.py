"""vigil ingest, stations, migrate, settings, doctor."""

from collections.abc import Iterator
from typing import Annotated, Any

import typer
from pydantic import BaseModel
from pydantic_core import to_jsonable_python

from store.migrate import migrate as migrate_store
from vigil import ingest_process, logs, wiring
from vigil.clock import SystemClock
from vigil.commands.common import out, out_json
from vigil.doctor import examine
from vigil.settings import Settings

Json = Annotated[bool, typer.Option("--json", help="JSON instead of text")]


def ingest() -> None:
    """Take in readings, judge them, commit them, acknowledge them."""
    settings = Settings()
    logs.configure(settings.log)
    ingest_process.run(settings)


def stations() -> None:
    """Turn alerts into incidents, bring them to people, and serve the duty console."""
    settings = Settings()
    logs.configure(settings.log)
    wiring.run_stations(settings)


def migrate() -> None:
    """Bring the store's tables up to date. Safe to run at any time and twice at once."""
    settings = Settings()
    applied = migrate_store(settings.store.dsn)
    out("applied: " + ", ".join(applied) if applied else "nothing to do")


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


def doctor(*, json: Json = False) -> None:
    """Check broker, store, migrations and registry, and say what to do."""
    findings = examine(Settings(), now=SystemClock().now())
    if json:
        out_json([f._asdict() for f in findings])
    else:
        for finding in findings:
            out(f"{'ok ' if finding.ok else 'BAD'} {finding.what}: {finding.detail}")
    if not all(f.ok for f in findings):
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
