"""vigil migrate, maintain."""

from typing import Annotated

import typer

from store import presets
from store.connect import connect
from store.maintain import Report
from store.maintain import maintain as maintain_store
from store.migrate import migrate as migrate_store
from store.settings import StoreSettings
from vigil import logs
from vigil.clock import SystemClock
from vigil.commands.common import fail, out, out_json
from vigil.settings import Settings

Preset = Annotated[str, typer.Option(help="district or city, instead of what the settings say")]


def migrate(*, preset: Preset = "") -> None:
    """Bring the store's tables up to date, and have TimescaleDB follow the settings (chunks,
    columns, summaries, how long things are kept). Safe to run at any time and twice at once."""
    settings = Settings().store
    if preset:
        settings = _with(settings, preset)
    applied = migrate_store(settings.dsn)
    out("applied: " + ", ".join(applied) if applied else "nothing to migrate")
    with connect(settings.dsn, application="vigil migrate") as connection:
        for said in presets.apply(connection, settings):
            out(said)


def maintain(
    *, json: Annotated[bool, typer.Option("--json", help="JSON instead of text")] = False
) -> None:
    """Look after the store once: partitions, summaries, and what has been kept long enough.

    `vigil stations` does so every minute; this is for a store whose stations stand still. A run
    does a bounded amount of work and says whether there was any; run it again for more.
    """
    settings = Settings()
    logs.configure(settings.log)
    with connect(settings.store.dsn, application="vigil maintain") as connection:
        report = maintain_store(connection, settings.store, now=SystemClock().now())
    if json:
        out_json(report._asdict())
    else:
        out(_said(report))


def _with(settings: StoreSettings, preset: str) -> StoreSettings:
    if preset not in presets.PRESETS:
        raise fail(f"no preset {preset!r}; there are {', '.join(presets.PRESETS)}", 2)
    return StoreSettings.model_validate({**settings.model_dump(), "preset": preset})


def _said(report: Report) -> str:
    if not report:
        return "nothing to do"
    pruned = ", ".join(f"{count} of {table}" for table, count in report.pruned.items())
    return (
        f"days made {len(report.made)}, dropped {len(report.dropped)}; summaries: pieces added"
        f" {report.added}, buckets counted anew {report.renewed}; pruned: {pruned or 'nothing'}"
    )
