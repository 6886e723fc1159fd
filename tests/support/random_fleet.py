"""Small fleets from a seed, and what may become of them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from random import Random
from typing import Any

from schemas.directory import (
    Area,
    Away,
    Device,
    DeviceKind,
    Directory,
    Elder,
    Gateway,
    Home,
    Level,
    Living,
    Location,
    Override,
)
from schemas.registry import Model, Registry
from schemas.times import to_micros
from tests.support import reference_engine as plain
from tests.support import reference_world as world

SECOND = 1_000_000

ZONES = ("Asia/Shanghai", "Asia/Urumqi", "Europe/Berlin", "America/New_York")
STARTS = (
    "2026-01-31T11:30:00+00:00",
    "2026-02-28T15:00:00+00:00",
    "2026-03-28T20:00:00+00:00",  # the night in which Berlin's clocks go forward
    "2026-10-24T19:00:00+00:00",  # and back
)


def make_directory(random: Random) -> Directory:
    """One to three homes, with their couples, shared beds, radars and buttons."""
    homes: list[Home] = []
    elders: list[Elder] = []
    gateways: list[Gateway] = []
    devices: list[Device] = []
    shared_gateway = random.random() < 0.3
    for number in range(random.randint(1, 3)):
        home = f"h{number}"
        homes.append(Home(id=home, area="a", address="1"))
        gateway = "g0" if shared_gateway else f"g{number}"
        if gateway not in {g.id for g in gateways}:
            gateways.append(Gateway(id=gateway, area="a"))
        for one in range(random.choice((1, 1, 2))):
            elder = f"e{number}-{one}"
            elders.append(
                Elder(
                    id=elder,
                    name="x",
                    home=home,
                    living=random.choice((Living.LONE, Living.LEFT_BEHIND, Living.WITH_FAMILY)),
                    care_level=random.randint(0, 4),
                    zone=random.choice(ZONES),
                )
            )
            devices += _elder_devices(random, elder, gateway)
        devices += _home_devices(random, home, gateway)
    area = Area(id="a", name="a", level=Level.CITY)
    return Directory(
        overrides=tuple(_overrides(random, elders)),
        away=tuple(_away(random, elders)),
        areas=(area,),
        homes=tuple(homes),
        elders=tuple(elders),
        gateways=tuple(gateways),
        devices=tuple(devices),
    )


OWN = (
    ("heart-rate", "high", ("81", "131.5")),
    ("heart-rate", "orange_s", ("0", "60.5", "inf")),
    ("respiratory-rate", "clear_s", ("0", "600")),
    ("no-vitals", "proven_s", ("0", "60")),
    ("no-vitals", "orange_s", ("60",)),
    ("long-in-bed", "orange_s", ("1800", "3600")),
    ("long-in-bed", "clear_s", ("120",)),
    ("device-silent", "mattress_s", ("300", "1800")),
    ("device-silent", "sos_button_s", ("300", "600")),
    ("unprotected", "silent_s", ("600", "1200", "inf")),
    ("no-activity", "orange_s", ("3600", "7200.5")),
    ("no-activity", "red_s", ("7200",)),
    ("no-activity", "no_room_orange_s", ("3600",)),
    ("no-activity", "no_room_red_s", ("7000",)),
    ("night-absence", "least_nights", ("1", "2", "0")),
    ("night-absence", "settled_s", ("60", "600")),
    ("night-absence", "orange_s", ("300",)),
    ("night-absence", "ends", ("08:00",)),
    ("night-absence", "learning_s", ("3600", "0", "28800")),
    ("restless-night", "least_nights", ("1", "2")),
    ("restless-night", "exits", ("1", "2")),
    ("restless-night", "above", ("0", "1")),
    ("restless-night", "pause_s", ("3600", "90000")),
    ("vital-trend", "least_nights", ("1", "2")),
    ("vital-trend", "half_hours", ("1", "2")),
    ("vital-trend", "times", ("0.5", "1")),
    ("vital-trend", "breath_floor", ("0.1",)),
    ("battery-low", "low", ("0", "15.5")),
)
"""Figures that some elders have for themselves."""


def _overrides(random: Random, elders: list[Elder]) -> Iterator[Override]:
    for elder in elders:
        for rule, parameter, values in OWN:
            if random.random() < 0.6:
                value = random.choice(values)
                yield Override(elder=elder.id, rule=rule, parameter=parameter, value=value)


def _away(random: Random, elders: list[Elder]) -> Iterator[Away]:
    """Periods within a day of any of the starts; some overlap."""
    for elder in elders:
        for _ in range(random.choice((0, 0, 1, 3))):
            begin = datetime.fromisoformat(random.choice(STARTS))
            begin += timedelta(seconds=random.randint(0, 20 * 3600))
            until = begin + timedelta(seconds=random.randint(60, 12 * 3600))
            yield Away.model_validate({"elder": elder.id, "from": begin, "until": until})


MODELS = {
    "quick": Model(silence_us=7 * 60 * SECOND, repeat_us=60 * SECOND),
    "mains": Model(mains=True),
}


def registry_of(directory: Directory) -> Registry:
    return Registry.build(directory).fitted(MODELS)


def _device(kind: DeviceKind, id_: str, location: Location, seconds: int, **owner: str) -> Device:
    profile = ("canonical", "quick", "mains")[seconds % 7 % 3]
    return Device(
        id=id_, kind=kind, profile=profile, location=location, interval_s=seconds, **owner
    )


def _elder_devices(random: Random, elder: str, gateway: str) -> list[Device]:
    bed = random.choice((Location.BED, Location.BED, Location.BED, Location.SHARED_BED))
    owner = {"elder": elder, "gateway": gateway}
    devices = [
        _device(
            DeviceKind.MATTRESS, f"m-{elder}", bed, random.choice((30, 300, 600, 3600)), **owner
        )
    ]
    if random.random() < 0.6:
        devices.append(_device(DeviceKind.FALL_SENSOR, f"r-{elder}", Location.ROOM, 200, **owner))
    if random.random() < 0.6:
        devices.append(_device(DeviceKind.SOS_BUTTON, f"b-{elder}", Location.WORN, 3600, **owner))
    return devices


def _home_devices(random: Random, home: str, gateway: str) -> list[Device]:
    owner = {"home": home, "gateway": gateway}
    devices = []
    if random.random() < 0.5:
        where = random.choice((Location.WALL, Location.ROOM))
        devices.append(_device(DeviceKind.FALL_SENSOR, f"r-{home}", where, 60, **owner))
    if random.random() < 0.3:
        devices.append(_device(DeviceKind.SOS_BUTTON, f"b-{home}", Location.WALL, 3600, **owner))
    return devices


def varied(random: Random, directory: Directory) -> Directory:
    """The same fleet some time later: people and devices have come, gone and moved."""
    homes = [h.id for h in directory.homes]
    elders = [_moved(random, e, homes) for e in directory.elders if random.random() < 0.8]
    kept = {e.id for e in elders}
    gateways = [g.id for g in directory.gateways]
    devices = tuple(
        _rehung(random, device, gateways)
        for device in directory.devices
        if random.random() < 0.85 and (device.elder is None or device.elder in kept)
    )
    changes = {
        "elders": tuple(elders),
        "devices": devices,
        "overrides": tuple(_overrides(random, elders)),
        "away": tuple(_away(random, elders)),
    }
    return directory.model_copy(update=changes)


def _moved(random: Random, elder: Elder, homes: list[str]) -> Elder:
    update: dict[str, Any] = {}
    if random.random() < 0.2:
        update["home"] = random.choice(homes)
    if random.random() < 0.3:
        update["living"] = random.choice((Living.LONE, Living.WITH_FAMILY))
        update["care_level"] = random.randint(0, 4)
    return elder.model_copy(update=update)


def _rehung(random: Random, device: Device, gateways: list[str]) -> Device:
    update: dict[str, Any] = {}
    if random.random() < 0.1:
        update["gateway"] = random.choice(gateways)
    if random.random() < 0.1:
        update["interval_s"] = 2 * device.interval_s
    if random.random() < 0.1 and device.kind is DeviceKind.MATTRESS:
        update["location"] = random.choice((Location.BED, Location.GUEST_BED))
    return device.model_copy(update=update)


def registry_within(directory: Directory, whole: Registry) -> Registry:
    """A part of a fleet; every row is that of the whole."""
    return Registry.build(
        directory,
        devices=whole.devices.row,
        elders=whole.elders.row,
        homes=whole.homes.row,
        gateways=whole.gateways.row,
    ).fitted(MODELS)


def plain_engine(directory: Directory) -> plain.ReferenceEngine:
    home_of = {e.id: e.home for e in directory.elders}
    devices = {
        d.id: world.Device(
            id=d.id,
            kind=d.kind.value,
            location=d.location.value,
            home=d.home if d.elder is None and d.home is not None else home_of[d.elder or ""],
            elder=d.elder,
            gateway=d.gateway,
            interval=d.interval_s * SECOND,
            silence=MODELS.get(d.profile, Model()).silence_us,
            mains=MODELS.get(d.profile, Model()).mains,
            repeat=MODELS.get(d.profile, Model()).repeat_us,
        )
        for d in directory.devices
    }
    elders = {
        e.id: world.Elder(
            e.id,
            e.home,
            e.living in (Living.LONE, Living.LEFT_BEHIND),
            str(e.zone),
            e.care_level,
        )
        for e in directory.elders
    }
    return plain.ReferenceEngine(
        devices,
        elders,
        {g.id for g in directory.gateways},
        overrides={(o.elder, o.rule, o.parameter): _number(o.value) for o in directory.overrides},
        away=[(a.elder, to_micros(a.start), to_micros(a.until)) for a in directory.away],
    )


def _number(text: str) -> float:
    """A figure of an override: a number, or minutes after midnight."""
    if ":" in text:
        hours, minutes = text.split(":")
        return 60.0 * int(hours) + int(minutes)
    return float(text)


def quiet_directory(*, homes: int) -> Directory:
    """Homes of one elder each, with a mattress (30 s) and a radar (60 s) behind one gateway."""
    elders = tuple(
        Elder(id=f"e{n}", name="x", home=f"h{n}", living=Living.LONE, care_level=1)
        for n in range(homes)
    )
    devices = []
    for n in range(homes):
        owner = {"elder": f"e{n}", "gateway": f"g{n}"}
        devices.append(_device(DeviceKind.MATTRESS, f"m{n}", Location.BED, 30, **owner))
        devices.append(_device(DeviceKind.FALL_SENSOR, f"r{n}", Location.ROOM, 60, **owner))
    return Directory(
        areas=(Area(id="a", name="a", level=Level.CITY),),
        homes=tuple(Home(id=f"h{n}", area="a", address="1") for n in range(homes)),
        elders=elders,
        gateways=tuple(Gateway(id=f"g{n}", area="a") for n in range(homes)),
        devices=tuple(devices),
    )
