"""Data tests: a small registry, readings at local times, and the alerts that are expected.

The file beside a rule, `<rule>.test.toml`, holds `[[test]]` tables; docs/reference/rules.md says
what they may contain.
"""

from __future__ import annotations

import tomllib
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import numpy as np
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from schemas.alerts import Severity
from schemas.directory import (
    DEFAULT_ZONE,
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
from schemas.quantities import QUANTITIES, Choice
from schemas.readings import Flag, Readings
from schemas.registry import Registry
from schemas.times import SECOND, to_micros

FLAGS = frozenset(
    {"retained", "test", "clock_suspect", "history", "backlog", "no_time", "sign_of_life"}
    | {"sos_level", "fall_event"}
)
DELAY_S = 0.2
"""How long a reading is on its way unless a test says otherwise."""


def _local(value: object) -> object:
    if isinstance(value, str):
        return datetime.fromisoformat(value)
    return value


When = Annotated[datetime, BeforeValidator(_local)]
"""A local time in the test's zone, or one with its own zone."""


class Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class TestElder(Part):
    __test__ = False
    id: str = "e1"
    home: str = "h1"
    living: Living = Living.LONE
    care_level: int = 1
    zone: str | None = None


class TestDevice(Part):
    __test__ = False
    id: str
    kind: DeviceKind
    elder: str | None = None
    home: str | None = None
    gateway: str = "g1"
    location: Location
    interval_s: int


class Said(Part):
    """One reading, or with `every_s` and `until` a row of them. `delay_s`: received less `at`."""

    model_config = ConfigDict(extra="allow", frozen=True)
    at: When
    until: When | None = None
    every_s: float | None = Field(default=None, gt=0)
    delay_s: float = DELAY_S
    device: str | None = None
    gateway: str | None = None
    online: bool | None = None
    flags: tuple[str, ...] = ()


class ExpectedStep(Part):
    severity: Severity
    at: When


class Expected(Part):
    """An alert, with everything that should become of it. `stale`: when its data stopped, if
    it is without data at last."""

    subject: str
    steps: tuple[ExpectedStep, ...] = Field(min_length=1)
    cleared: When | None = None
    stale: When | None = None
    late: bool = False
    test: bool = False


class Case(Part):
    """One test. `ends`: when the clock is moved to at last, so that what is due then fires."""

    name: str
    zone: str = DEFAULT_ZONE
    elders: tuple[TestElder, ...] = (TestElder(),)
    devices: tuple[TestDevice, ...]
    overrides: tuple[Override, ...] = ()
    away: tuple[Away, ...] = ()
    readings: tuple[Said, ...]
    ends: When | None = None
    expect: tuple[Expected, ...] = ()


class File(Part):
    test: tuple[Case, ...] = Field(min_length=1)


def read_cases(file: Path) -> tuple[Case, ...]:
    """ValueError (pydantic's or TOML's) says what is wrong with the file."""
    return File.model_validate(tomllib.loads(file.read_text(encoding="utf-8"))).test


def micros(when: datetime, zone: str) -> int:
    return to_micros(when if when.tzinfo else when.replace(tzinfo=ZoneInfo(zone)))


def registry_of(case: Case) -> Registry:
    """One area in the test's zone with the homes and gateways that the devices name."""
    homes = {e.home for e in case.elders} | {d.home for d in case.devices if d.home}
    directory = Directory(
        areas=(Area(id="area", name="area", level=Level.CITY, zone=case.zone),),
        homes=tuple(Home(id=id_, area="area", address="-") for id_ in sorted(homes)),
        elders=tuple(Elder(name="-", **e.model_dump()) for e in case.elders),
        gateways=tuple(
            Gateway(id=g, area="area") for g in sorted({d.gateway for d in case.devices})
        ),
        devices=tuple(Device(profile="canonical", **d.model_dump()) for d in case.devices),
        overrides=case.overrides,
        away=case.away,
    )
    return Registry.build(directory)


def readings_of(case: Case, registry: Registry) -> Readings:
    """The test's readings in the order received; equal times of receipt move on by 1 µs."""
    rows = [row for said in case.readings for row in _rows(said, case.zone)]
    rows.sort(key=lambda row: row[1])
    readings = Readings.blank(len(rows))
    previous = rows[0][1] - 1 if rows else 0
    for index, (ts, arrived, said) in enumerate(rows):
        previous = max(arrived, previous + 1)
        readings.ts[index], readings.received[index] = ts, previous
        readings.key[index] = index
        _fill(readings, index, said, registry)
    return readings


def _rows(said: Said, zone: str) -> list[tuple[int, int, Said]]:
    start = micros(said.at, zone)
    times = [start]
    if said.every_s is not None and said.until is not None:
        step = int(said.every_s * SECOND)
        times = list(range(start, micros(said.until, zone) + 1, step))
    delay = int(said.delay_s * SECOND)
    return [(ts, ts + delay, said) for ts in times]


def _fill(readings: Readings, index: int, said: Said, registry: Registry) -> None:
    if said.device is not None:
        device = registry.devices.row[said.device]
        readings.device[index] = device
        readings.elder[index] = registry.devices.elder[device]
        readings.gateway[index] = registry.devices.gateway[device]
    if said.gateway is not None:
        readings.gateway[index] = registry.gateways.row[said.gateway]
    if said.online is not None:
        readings.online[index] = said.online
    unknown = set(said.flags) - FLAGS
    if unknown:
        raise ValueError(f"flags: expected {', '.join(sorted(FLAGS))}, got {sorted(unknown)}")
    readings.flags[index] = np.int16(sum(Flag[flag.upper()] for flag in said.flags))
    for name, value in (said.model_extra or {}).items():
        getattr(readings, name)[index] = _code(name, value)


def _code(name: str, value: Any) -> float:
    quantity = QUANTITIES.get(name)
    if quantity is None:
        raise ValueError(f"expected a canonical quantity, got {name!r}")
    if isinstance(quantity, Choice) and not isinstance(value, bool):
        return quantity.code(str(value))
    return float(value)
