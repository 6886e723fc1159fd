"""vigil devices quarantine|adopt|ignore: devices that spoke and that the registry does not know."""

from typing import Annotated

import typer
from pydantic import ValidationError

from devices.catalogue import Catalogue
from schemas.directory import Device, DeviceKind, Directory, Location
from store import quarantine
from store.connect import connect
from store.directory import import_directory, load_directory
from vigil.clock import SystemClock
from vigil.commands.catalogue import devices
from vigil.commands.common import fail, out, out_json
from vigil.settings import Settings

DeviceId = Annotated[str, typer.Argument(help="the device's own id", show_default=False)]


@devices.command("quarantine")
def list_quarantine(
    *, json: Annotated[bool, typer.Option("--json", help="JSON instead of text")] = False
) -> None:
    """Devices that wait: unknown ones, and known ones that speak from another place."""
    with connect(Settings().store.dsn, application="vigil devices") as connection:
        found = quarantine.waiting(connection)
    if json:
        out_json(
            [
                w._asdict() | {"first": w.first.isoformat(), "last": w.last.isoformat()}
                for w in found
            ]
        )
        return
    for w in found:
        what = "ignored" if w.ignored else w.code
        out(f"{w.device:24} {w.gateway:16} {w.area:14} {what:16} {w.messages:6}  {w.profile}")
        out(f"    last {w.last:%Y-%m-%d %H:%M:%S} UTC: {w.reason}")
    if not found:
        out("nothing waits")


@devices.command("adopt")
def adopt(
    device: DeviceId,
    *,
    gateway: Annotated[str, typer.Option(help="gateway it speaks through", show_default=False)],
    kind: Annotated[DeviceKind | None, typer.Option(help="what it is")] = None,
    profile: Annotated[str | None, typer.Option(help="which model: vigil devices list")] = None,
    elder: Annotated[str | None, typer.Option(help="whose it is")] = None,
    home: Annotated[str | None, typer.Option(help="or of which whole home")] = None,
    location: Annotated[Location | None, typer.Option(help="where it is")] = None,
    interval: Annotated[
        int | None, typer.Option("--interval", min=1, help="longest gap of its reports, seconds")
    ] = None,
) -> None:
    """Put a device into the registry, or move a known one; what is not given stays as it was.

    A running ingest follows within a second or so; messages from then on are readings.
    """
    settings = Settings()
    with connect(settings.store.dsn, application="vigil devices") as connection:
        known = {d.id: d for d in load_directory(connection).devices}
        before = known[device].model_dump() if device in known else {}
        given = {
            "kind": kind, "profile": profile, "elder": elder, "home": home,
            "location": location, "interval_s": interval,
        }  # fmt: skip
        cells = before | {k: v for k, v in given.items() if v is not None}
        if elder is not None or home is not None:
            cells |= {"elder": elder, "home": home}
        cells |= {"id": device, "gateway": gateway}
        row = _device(cells, Catalogue.load(extra=settings.devices.folder))
        import_directory(connection, Directory(devices=(row,)), now=SystemClock().now())
        dropped = quarantine.settle(connection, device=device)
    out(f"{device} is in the registry behind {gateway}; {dropped} messages left quarantine")


@devices.command("ignore")
def ignore(
    device: DeviceId,
    *,
    gateway: Annotated[str, typer.Option(help="gateway it spoke through", show_default=False)],
    reason: Annotated[str, typer.Option(help="why, for whoever reads it", show_default=False)],
) -> None:
    """Only count a stranger's messages from now on. A press or a fall alerts all the same."""
    with connect(Settings().store.dsn, application="vigil devices") as connection:
        quarantine.ignore(
            connection, gateway=gateway, device=device, reason=reason, now=SystemClock().now()
        )
    out(f"{device} behind {gateway} is ignored: {reason}")


def _device(cells: dict[str, object], catalogue: Catalogue) -> Device:
    try:
        row = Device.model_validate(cells)
    except ValidationError as error:
        wrong = [
            f"--{e['loc'][0] if e['loc'] else 'elder or --home'}: {e['msg']}"
            for e in error.errors()
        ]
        raise fail("\n".join(wrong).replace("interval_s", "interval"), 2) from None
    if row.profile not in catalogue.profiles:
        raise fail(f"no profile {row.profile!r}; there are {', '.join(catalogue.profiles)}", 2)
    return row
