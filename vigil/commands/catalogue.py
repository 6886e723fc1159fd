"""vigil decode, vigil devices list|check|new."""

import sys
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import typer

from devices.catalogue import Catalogue
from devices.check import check as check_devices
from devices.check import describe
from devices.decoded import Decoded, DecodeError, Reading
from devices.scaffold import new_model
from schemas.directory import DEFAULT_ZONE
from schemas.quantities import QUANTITIES, Choice
from schemas.readings import Flag
from schemas.times import format_rfc3339
from vigil.clock import SystemClock
from vigil.commands.common import fail, out, out_json
from vigil.settings import Settings

devices = typer.Typer(help="The catalogue of device models.", no_args_is_help=True)

Json = Annotated[bool, typer.Option("--json", help="JSON instead of text")]
Folder = Annotated[Path | None, typer.Argument(help="another catalogue's folder")]


def decode(
    file: Annotated[str, typer.Argument(help="file with one payload; - for standard input")] = "-",
    *,
    topic: Annotated[str, typer.Option("--topic", help="topic it came on", show_default=False)],
    profile: Annotated[
        str | None, typer.Option("--profile", help="profile that the registry gives its device")
    ] = None,
    zone: Annotated[
        str, typer.Option("--zone", help="the site's zone, for local times")
    ] = DEFAULT_ZONE,
    folder: Annotated[
        Path | None, typer.Option("--folder", help="profiles of your own, beside those that ship")
    ] = None,
) -> None:
    """Try a payload: the readings it becomes, or why it cannot be used. Touches nothing."""
    payload = sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()
    catalogue = Catalogue.load(extra=folder or Settings().devices.folder)
    if profile is not None and profile not in catalogue.profiles:
        known = ", ".join(sorted(catalogue.profiles))
        where = "" if folder else "; one of your own: name its --folder"
        raise fail(f"no profile {profile!r}; there are {known}{where}", 2)
    if not topic.startswith(("vigil/", "native/")):
        topic = f"native/area/gateway/{topic}"
    try:
        ZoneInfo(zone)
        decoded = catalogue.decode(
            topic,
            payload,
            profile_of=lambda _: profile,
            received=SystemClock().now(),
            zone=zone,
        )
    except DecodeError as error:
        raise fail(f"rejected ({error.code}): {error.message}") from None
    except (ZoneInfoNotFoundError, ValueError):
        raise fail(f"no zone {zone!r}: an IANA name such as {DEFAULT_ZONE}", 2) from None
    out_json(_shown(decoded))


def _shown(decoded: Decoded) -> dict[str, object]:
    shown: dict[str, object] = {"profile": decoded.profile}
    shown["readings"] = [_reading(r) for r in decoded.readings]
    if decoded.status is not None:
        shown["online"] = decoded.status.online
    if decoded.ignored is not None:
        shown["ignored"] = decoded.ignored
    if decoded.rejects:
        shown["rejects"] = [_fault(e) for e in decoded.rejects]
    if decoded.faults:
        shown["faults"] = [_fault(e) for e in decoded.faults]
    if decoded.unknown_keys:
        shown["unknown_keys"] = decoded.unknown_keys
    return shown


def _fault(error: DecodeError) -> dict[str, object]:
    shown: dict[str, object] = {"code": error.code, "reason": error.message}
    if error.device is not None:
        shown["device"] = error.device
    if error.index is not None:
        shown["index"] = error.index
    return shown


def _reading(reading: Reading) -> dict[str, object]:
    shown: dict[str, object] = {"device": reading.device}
    shown["ts"] = format_rfc3339(reading.ts) if reading.ts is not None else None
    if reading.key is not None:
        shown["key"] = reading.key
    for name, value in reading.values.items():
        quantity = QUANTITIES[name]
        if isinstance(quantity, Choice):
            word = quantity.values[int(value)]
            shown[name] = word == "true" if quantity.is_bool else word
        else:
            shown[name] = value
    if reading.flags:
        shown["flags"] = [f.name for f in Flag if f.name and f & reading.flags]
    return shown


@devices.command("list")
def list_devices(*, json: Json = False) -> None:
    """The device models that Vigil takes as they are."""
    models = describe(extra=Settings().devices.folder)
    if json:
        out_json(models)
        return
    for model in models:
        out(f"{model['id']:32} {model['name']}")


@devices.command("check")
def check_device_catalogue(folder: Folder = None) -> None:
    """Check every profile and run every example, rejecting ones included."""
    failures = check_devices(folder)
    for failure in failures:
        out(str(failure))
    if failures:
        raise fail(f"{len(failures)} things are wrong in the device catalogue")
    out(f"{len(describe(folder))} device models in order")


@devices.command("new")
def new_device_model(
    model: Annotated[str, typer.Argument(help="its id: small letters, digits, - and _")],
    *,
    kind: Annotated[
        str, typer.Option("--kind", help="sos_button, fall_sensor or mattress")
    ] = "sos_button",
    folder: Annotated[
        Path | None, typer.Option("--folder", help="where its folder goes (default: ./devices)")
    ] = None,
) -> None:
    """Write the three files of a new device model, to be changed."""
    try:
        where = new_model(model, folder or Path("devices"), kind=kind)
    except ValueError as error:
        raise fail(str(error), 2) from None
    except FileExistsError:
        raise fail(f"there is a model {model!r} already: choose another name") from None
    out(f"{where}: change the files, then run vigil devices check {where.parent}")
