"""The command line. Exit 0 on success, 1 on failure, 2 on bad use."""

import sys

import typer
from pydantic import ValidationError
from pydantic_settings import SettingsError

from vigil.commands import (
    broker,
    catalogue,
    demo,
    duty,
    elder,
    quarantine,
    registry,
    replay,
    report,
    rules,
    run,
    score,
    simulate,
    store,
    visit,
)

app = typer.Typer(
    help="Vigil watches over elders who live at home: readings in, answered alerts out.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
app.command("demo")(demo.demo)
app.command("ingest")(run.ingest)
app.command("stations")(run.stations)
app.command("migrate")(store.migrate)
app.command("maintain")(store.maintain)
app.command("settings")(run.show_settings)
app.command("doctor")(run.doctor)
app.add_typer(broker.app, name="broker")
app.add_typer(registry.app, name="registry")
app.add_typer(registry.staff, name="staff")
app.command("decode")(catalogue.decode)
catalogue.devices.command("quarantine")(quarantine.list_quarantine)
catalogue.devices.command("adopt")(quarantine.adopt)
catalogue.devices.command("ignore")(quarantine.ignore)
app.add_typer(catalogue.devices, name="devices")
app.add_typer(rules.app, name="rules")
app.command("simulate")(simulate.simulate)
app.command("replay")(replay.replay)
app.command("score")(score.score_alerts)
app.command("report")(report.report)
app.command("visit")(visit.visit)
app.add_typer(duty.app, name="duty")
app.add_typer(elder.app, name="elder")


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
