"""vigil broker config."""

from pathlib import Path
from typing import Annotated

import typer

from devices.catalogue import Catalogue
from schemas.directory import Directory
from schemas.registry_csv import read_folder
from store.connect import connect
from store.directory import load_directory
from vigil.broker_config.accounts import AccountError
from vigil.broker_config.site import Site, Tls
from vigil.broker_config.write import Which, write
from vigil.commands.common import fail, out, out_json
from vigil.settings import Settings

app = typer.Typer(help="The broker that gateways speak to.", no_args_is_help=True)

_DATA = {"mosquitto": Path("/var/lib/mosquitto"), "nats": Path("/var/lib/nats")}


@app.command("config")
def config(
    folder: Annotated[Path, typer.Option("--out", help="folder for the files", show_default=False)],
    *,
    broker: Annotated[Which, typer.Option(help="which broker")] = "mosquitto",
    registry: Annotated[
        Path | None,
        typer.Option(help="folder of CSV files; else the store's", metavar="DIR"),
    ] = None,
    cert: Annotated[Path | None, typer.Option(help="TLS certificate (chain), PEM")] = None,
    key: Annotated[Path | None, typer.Option(help="its key, PEM")] = None,
    tls: Annotated[bool, typer.Option(help="whether gateways speak TLS")] = True,
    host: Annotated[str, typer.Option(help="address the broker listens on")] = "0.0.0.0",  # noqa: S104 (gateways are elsewhere)
    port: Annotated[int | None, typer.Option(help="8883 with TLS, else 1883")] = None,
    installed: Annotated[
        Path | None, typer.Option(help="where the files will lie, if not in --out")
    ] = None,
    data: Annotated[Path | None, typer.Option(help="where the broker keeps its data")] = None,
    user: Annotated[str, typer.Option(help="whom Mosquitto runs as")] = "mosquitto",
    json: Annotated[bool, typer.Option("--json", help="one JSON object instead of text")] = False,
) -> None:
    """Write a full configuration: accounts, rights, limits, persistence.

    Passwords are made once, and kept when this runs again. They stand in accounts.csv, for the
    gateways; the broker gets hashes.
    """
    settings = Settings()
    site = Site(
        folder=(installed or folder).absolute(),
        data=data or _DATA[broker],
        host=host,
        port=port or (8883 if tls else 1883),
        tls=_tls(cert, key) if tls else None,
        window=max(settings.ingest.in_flight_window, 2 * settings.ingest.batch_count),
        user=user,
    )
    own = _own_topics(settings)
    try:
        done = write(broker, _directory(registry, settings), site=site, out=folder, own_topics=own)
    except AccountError as error:
        raise fail(str(error)) from error
    if json:
        out_json(done._asdict())
    else:
        out(f"{done.accounts} accounts, {done.new} of them new; in {folder}:")
        out("\n".join(f"  {name}" for name in done.files))


def _tls(cert: Path | None, key: Path | None) -> Tls:
    if cert is None or key is None:
        raise fail("name a --cert and a --key, or say --no-tls where the network is yours", 2)
    return Tls(cert.absolute(), key.absolute())


def _directory(registry: Path | None, settings: Settings) -> Directory:
    if registry is not None:
        return read_folder(registry)
    with connect(settings.store.dsn, application="vigil broker") as connection:
        return load_directory(connection)


def _own_topics(settings: Settings) -> list[str]:
    if not settings.ingest.default_area:
        return []
    return list(Catalogue.load(extra=settings.devices.folder).own_topics())
