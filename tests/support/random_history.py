"""Histories of a small fleet, row by row, dense in what rules find hard.

A history is generated row by row, so that a shorter one from the same seed is a prefix of it.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from random import Random
from typing import Any

import numpy as np

from schemas.directory import Device, DeviceKind, Directory
from schemas.quantities import QUANTITIES, Choice
from schemas.readings import Flag, Readings
from schemas.registry import Registry
from tests.support import reference_world as world
from tests.support.random_fleet import SECOND, STARTS

DELAYS = (0.2,) * 16 + (0, 3, 7, 7, 20, 60, 240, 900, 30 * 3600, -1, -150)
STEPS = (0.5, 1, 5, 15, 15, 30, 30, 30, 60, 60, 120, 300, 300, 600, 1500)


class History:
    """Rows in the order they are received; a good part of the histories are quiet nights, in
    which elders lie long enough to be missed, or weeks in which they form habits."""

    def __init__(self, random: Random, directory: Directory) -> None:
        self._random = random
        self._devices = directory.devices
        self._mattresses = [d for d in directory.devices if d.kind is DeviceKind.MATTRESS]
        self._now = int(datetime.fromisoformat(random.choice(STARTS)).timestamp()) * SECOND
        self._sticky: dict[tuple[str, str], Any] = {}
        self._last: world.Row | None = None
        self._steps: tuple[float, ...] = random.choice((STEPS[:8], STEPS, STEPS, STEPS[6:]))
        self._noise = random.choice((0.0, 0.1, 0.4))
        self._turn = 0
        self._levels = {d.id for d in directory.devices if random.random() < 0.5}
        self._events = {d.id for d in directory.devices if random.random() < 0.4}
        self._night = random.random() < 0.4
        self._bed_change = 0.03 if self._night else 0.1
        self._weeks = not self._night and random.random() < 0.25
        if self._weeks:  # slow enough for many nights, as the rules of habits need
            self._steps = (300, 600, 1200, 1800, 2400, 3000)
            self._noise, self._bed_change = random.choice((0.0, 0.0, 0.1)), 0.8
        if self._night:
            self._steps = (15, 30, 60, 60, 120, 200, 300)
            self._noise = random.choice((0.0, 0.0, 0.1))
        self._calm = random.random() < 0.4
        if self._calm:  # most say what they said before, in time, and often for hours
            self._noise = random.choice((0.0, 0.0, 0.02))
            self._bed_change = random.choice((0.005, 0.02))
            most = min(d.interval_s for d in self._devices) / len(self._devices)
            self._steps = tuple(most * part for part in (0.2, 1, 2, 2.5))
            if random.random() < 0.2:
                self._steps += (10 * most, 100 * most)

    def row(self) -> world.Row:
        random = self._random
        self._now += int(random.choice(self._steps) * SECOND) + random.randint(1, 3)
        if self._last is not None and random.random() < self._noise / 4:
            row = replace(self._last, received=self._now)  # the device says it once more
        elif random.random() < self._now_and_then(0.08):
            row = self._sign_of_life()
        else:
            row = self._reading()
        self._last = row
        return row

    def _sign_of_life(self) -> world.Row:
        random, device = self._random, self._random.choice(self._devices)
        ts = self._now
        retained = random.random() < 0.3
        if random.random() < 0.5:
            return world.Row(ts, ts, device=device.id, sign_of_life=True, retained=retained)
        online = random.choice((None, True, False))
        return world.Row(
            ts, ts, gateway=device.gateway, online=online, sign_of_life=True, retained=retained
        )

    def _reading(self) -> world.Row:
        random = self._random
        device = random.choice(self._devices)
        if self._calm and random.random() < 0.9:
            self._turn = (self._turn + 1) % len(self._devices)
            device = self._devices[self._turn]
        elif self._night and device.kind is DeviceKind.SOS_BUTTON and random.random() < 0.9:
            device = self._devices[0]
        if self._weeks and random.random() < 0.9:
            device = self._mattresses[0]
        delay = random.choice(DELAYS) if random.random() < self._noise else 0.2
        ts = self._now - int(delay * SECOND)
        if random.random() < 0.5:
            ts -= ts % SECOND
        if no_time := random.random() < self._now_and_then(0.05):
            ts = self._now
        flags: dict[str, Any] = {
            name: random.random() < self._noise / 4 for name in ("retained", "test", "history")
        }
        return world.Row(
            ts,
            self._now,
            device=device.id,
            gateway=device.gateway,
            no_time=no_time,
            **flags,
            **self._values(device),
            **self._of_itself(device),
        )

    def _values(self, device: Device) -> dict[str, Any]:
        random = self._random
        if device.kind is DeviceKind.SOS_BUTTON and self._calm and random.random() < 0.97:
            return {}
        if device.kind is DeviceKind.SOS_BUTTON:
            presses = (None, None, "pressed", "pressed", "cancelled", "test")
            if device.id not in self._levels:
                return {"sos": random.choice(presses)}
            return {"sos": self._keep(device, "sos", presses, 0.3), "sos_level": self._is_so()}
        values: dict[str, Any] = {}
        if device.kind is DeviceKind.MATTRESS or random.random() < 0.3:
            values["in_bed"] = self._keep(device, "in_bed", (True, True, False), self._bed_change)
            values["heart_rate"] = self._keep(device, "rate", (80.0, 131.0, None, 40.0), 0.06)
            rates = (16.0, 16.0, 25.0, 8.0, None)
            values["respiratory_rate"] = self._keep(device, "breath", rates, 0.06)
            values["movement"] = self._keep(device, "movement", (None, 0.0, 0.0, 7.0), 0.2)
            if random.random() < self._now_and_then(0.1):
                del values["in_bed"]
            if random.random() < self._now_and_then(0.1):
                del values["heart_rate"]
        if device.kind is DeviceKind.FALL_SENSOR:
            values["presence"] = self._keep(device, "presence", (True, False, None), 0.15)
            if random.random() < self._now_and_then(0.3):
                words = ("none", "suspected", "confirmed", "cleared")
                values["fall"] = self._keep(device, "fall", words, 0.5)
                values["fall_event"] = device.id in self._events and self._is_so()
        return values

    def _of_itself(self, device: Device) -> dict[str, Any]:
        random, values = self._random, dict[str, Any]()
        if random.random() < self._now_and_then(0.2):
            values["battery"] = self._keep(device, "battery", (0.0, 14.0, 15.0, 25.0, 26.0), 0.5)
        if random.random() < self._now_and_then(0.1):
            values["tamper"] = self._keep(device, "tamper", (True, False), 0.5)
        return values

    def _now_and_then(self, share: float) -> float:
        """How often something comes that is not said all the time."""
        return share / 10 if self._calm else share

    def _is_so(self) -> bool:
        """Nearly always: firmware changes, and bridges differ."""
        return self._random.random() >= self._noise / 4

    def _keep(self, device: Device, name: str, words: tuple[Any, ...], change: float) -> Any:
        key = (device.id, name)
        change = min(change, self._bed_change) if self._calm else change
        if key not in self._sticky or self._random.random() < change:
            self._sticky[key] = self._random.choice(words)
        return self._sticky[key]


def as_readings(rows: list[world.Row], registry: Registry, whole: Registry) -> Readings:
    """The same rows as columns. `whole` knows the rows of everything that there ever is."""
    readings = Readings.blank(len(rows))
    for index, row in enumerate(rows):
        readings.ts[index], readings.received[index] = row.ts, row.received
        readings.key[index] = index
        if row.gateway is not None:
            readings.gateway[index] = whole.gateways.row[row.gateway]
        if row.device is not None:
            readings.device[index] = whole.devices.row[row.device]
            if row.device in registry.devices.row:
                device = registry.devices.row[row.device]
                readings.elder[index] = registry.devices.elder[device]
                readings.gateway[index] = registry.devices.gateway[device]
        if row.online is not None:
            readings.online[index] = row.online
        readings.flags[index] = _flags(row)
        for name in QUANTITIES:
            _set(readings, index, name, getattr(row, name, None))
    return readings


def _flags(row: world.Row) -> np.int16:
    names = ["retained", "test", "history", "backlog", "no_time", "sign_of_life"]
    names += ["sos_level", "fall_event"]
    return np.int16(sum(Flag[n.upper()] for n in names if getattr(row, n)))


def _set(readings: Readings, index: int, name: str, value: Any) -> None:
    if value is None:
        return
    quantity = QUANTITIES[name]
    if isinstance(quantity, Choice) and isinstance(value, str):
        value = quantity.code(value)
    getattr(readings, name)[index] = value
