"""What there is to choose from when something is to be kept quiet."""

from typing import NamedTuple

from schemas.directory import DeviceKind
from stations import quiet
from stations.console.case.person import Person

_HOUR, _DAY = 60, 1440
RULES = (
    quiet.CARE,
    "heart-rate",
    "respiratory-rate",
    "night-absence",
    "no-vitals",
    "long-in-bed",
    "no-activity",
    "restless-night",
    "vital-trend",
)
"""Care rules that may be muted, and all of them at once. Never an SOS; falls by their sensor."""


class Choices(NamedTuple):
    """Of a form: minutes to choose from, and rules or devices where it asks for one."""

    kind: str
    minutes: tuple[int, ...]
    rules: tuple[str, ...] = ()
    devices: tuple[str, ...] = ()


def choices(p: Person) -> list[Choices]:
    """The forms that make sense for an elder: nothing to test where there is no device to."""
    sensors = tuple(d.now.id for d in p.devices if d.now.kind == DeviceKind.FALL_SENSOR)
    tested = tuple(d.now.id for d in p.devices if d.now.kind != DeviceKind.MATTRESS)
    found = [
        Choices("away", (8 * _HOUR, _DAY, 3 * _DAY, 7 * _DAY, 30 * _DAY)),
        Choices("mute", (_HOUR, 8 * _HOUR, _DAY, 7 * _DAY, 30 * _DAY), rules=RULES),
    ]
    if sensors:
        found.append(Choices("fall", (_HOUR, 8 * _HOUR, _DAY, 3 * _DAY), devices=sensors))
    if tested:
        found.append(Choices("test", (10, 30), devices=tested))
    return found
