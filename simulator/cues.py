"""Incidents as single messages to come: which device says what, and when.

A cue is encoded only when it is played, since its number in the device's own counter depends on
what was said before.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np

from schemas import topics
from schemas.directory import DeviceKind
from simulator.encode import canonical, chirpstack, milesight, zigbee2mqtt
from simulator.fleet import CANONICAL, VS373, Z2M_SOS
from simulator.kinds import CONFIRM_AFTER, Incident, Kind
from simulator.roster import Group
from simulator.traits import (
    battery,
    linkquality,
    radio,
    writes_old_keys,
    writes_rfc3339,
)
from simulator.world import World
from simulator.zones import offset_at

REPEAT_AFTER = 8_000_000


class Cue(NamedTuple):
    """One message at `at`; `device` is the directory row whose counter `write` is given."""

    at: int
    topic: str
    device: int
    write: Callable[[int], bytes]


class Cues:
    """Cues of incidents in one world."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._of = {d.id: (g, k) for g in world.roster.groups for k, d in enumerate(g.devices)}

    def of(self, incident: Incident) -> list[Cue]:
        """In time order; none for what shows only in regular reports, or in their absence."""
        group, row = self._of[incident.device]
        said = _Said(self._world, group, row)
        if group.kind is DeviceKind.SOS_BUTTON and incident.kind is Kind.SOS:
            presses = [incident.at] + [incident.at + REPEAT_AFTER] * incident.repeat
            return [cue for at in presses for cue in said.press(at)]
        if group.kind is DeviceKind.FALL_SENSOR:
            return [said.fall(at, word) for at, word in _fall_words(incident)]
        return []


def _fall_words(incident: Incident) -> Iterator[tuple[int, str]]:
    if incident.kind is Kind.FALL:
        yield incident.at, "confirmed"
    else:
        yield incident.at, "suspected"
    if incident.kind is Kind.SLOW_FALL:
        yield incident.at + CONFIRM_AFTER, "confirmed"
    yield incident.ends, "cleared"


class _Said:
    """What one device says."""

    def __init__(self, world: World, group: Group, row: int) -> None:
        self._world, self._group, self._row = world, group, row
        self._device, self._key = group.devices[row], int(group.keys[row])
        self._zone = world.roster.zones[group.zone[row]]

    def press(self, at: int) -> list[Cue]:
        if self._group.profile == CANONICAL:
            return [self._reading(at, sos="pressed", battery=self._battery())]
        if self._group.profile == Z2M_SOS:
            return self._z2m_press(at)
        return [self._ws101_press(at)]

    def fall(self, at: int, word: str) -> Cue:
        if self._group.profile == VS373:
            return self._vs373_fall(at, word)
        return self._reading(at, fall=word)

    def _battery(self) -> int:
        return battery(self._key)

    def _native(self, at: int, own: str, write: Callable[[int], bytes]) -> Cue:
        topic = topics.native(self._group.areas[self._row], self._device.gateway, own)
        return Cue(at, topic, int(self._group.row[self._row]), write)

    def _reading(self, at: int, **values: str | int) -> Cue:
        key = np.array([self._key])
        ts = self._world.measured(key, np.array([at]))
        offset = np.array([offset_at(self._zone, at)])
        (stamp,) = canonical.stamps(ts, offset, writes_rfc3339(key))
        area = self._group.areas[self._row]
        topic = topics.up(area, self._device.gateway, self._device.id)

        def write(number: int) -> bytes:
            return canonical.fields(stamp, number, **values)

        return Cue(at, topic, int(self._group.row[self._row]), write)

    def _z2m_press(self, at: int) -> list[Cue]:
        messages = zigbee2mqtt.press(
            self._device.id,
            at,
            battery=self._battery(),
            linkquality=linkquality(self._key),
            announced=self._key % 2 == 0,
        )
        return [self._native(when, own, _constant(payload)) for when, own, payload in messages]

    def _ws101_press(self, at: int) -> Cue:
        style = ("short press", "long press", "double press")[self._world.trait(at, 0, 3, 21)]
        event = {"status": style, "msgid": self._world.trait(at, 0, 1_000_000, 22)}
        said: dict[str, Any] = {"button_event": event}
        if self._key % 2:
            said["battery"] = self._battery()

        def write(number: int) -> bytes:
            uplink = chirpstack.Uplink(self._device.id, at, number, said, *radio(self._key))
            return chirpstack.up(uplink, self._device.gateway)

        return self._native(at, chirpstack.topic(self._device.id), write)

    def _vs373_fall(self, at: int, word: str) -> Cue:
        raised = word == "confirmed"

        def write(number: int) -> bytes:
            return milesight.trigger(
                self._device.id,
                at,
                self._zone,
                event=milesight.Event.FALL,
                status=milesight.Status.ALARM if raised else milesight.Status.RESOLVE,
                number=number,
                old=writes_old_keys(self._key),
            )

        return self._native(at, milesight.topic(self._device.id), write)


def _constant(payload: bytes) -> Callable[[int], bytes]:
    return lambda _number: payload
