"""Devices that speak their vendor's own shape, which a bridge forwards unchanged."""

from collections.abc import Iterable

import numpy as np

from schemas import topics
from schemas.times import MINUTE
from simulator.encode import chirpstack, milesight, zigbee2mqtt
from simulator.message import Message
from simulator.speakers.base import Speaker
from simulator.traits import battery, linkquality, radio, writes_old_keys

_LOOK = MINUTE
"""How often a VS373 looks whether presence changed."""


class Vs373(Speaker):
    """Speaks when presence changes, and a status report once an interval."""

    def every(self) -> int:
        return min(_LOOK, self.group.interval)

    def speak(self, begin: int, end: int) -> Iterable[Message]:
        rows, at = self.due(begin, end)
        now = self.world.rooms(self.group, rows, at)
        changed = now != self.world.rooms(self.group, rows, at - self.cadence.interval)
        looks = self.group.interval // self.cadence.interval
        beat = (at // self.cadence.interval - rows) % looks == 0
        first = at - self.cadence.interval < self.world.start
        said = (changed | beat | first).nonzero()[0]
        numbers = self.world.count(self.group.row[rows[said]])
        return [
            self._report(row, when, here=here, status=status, number=number)
            for row, when, here, status, number in zip(
                rows[said].tolist(),
                at[said].tolist(),
                now[said].tolist(),
                np.where(changed[said], milesight.Status.ALARM, milesight.Status.REPORT).tolist(),
                numbers.tolist(),
                strict=True,
            )
        ]

    def _report(self, row: int, at: int, *, here: bool, status: int, number: int) -> Message:
        device = self.group.devices[row]
        event = milesight.Event.OCCUPANCY if here else milesight.Event.VACANT
        zone = self.world.roster.zones[self.group.zone[row]]
        payload = milesight.trigger(
            device.id,
            at,
            zone,
            event=event,
            status=milesight.Status(status),
            number=number,
            old=writes_old_keys(int(self.group.keys[row])),
        )
        topic = topics.native(self.group.areas[row], device.gateway, milesight.topic(device.id))
        return Message(at, topic, payload)


class Z2mButton(Speaker):
    def speak(self, begin: int, end: int) -> Iterable[Message]:
        return map(self._report, *(c.tolist() for c in self.due(begin, end)))

    def _report(self, row: int, at: int) -> Message:
        device, key = self.group.devices[row], int(self.group.keys[row])
        payload = zigbee2mqtt.state(
            at, action=None, battery=battery(key), linkquality=linkquality(key)
        )
        own = zigbee2mqtt.topic(device.id)
        return Message(at, topics.native(self.group.areas[row], device.gateway, own), payload)


class Ws101(Speaker):
    def speak(self, begin: int, end: int) -> Iterable[Message]:
        rows, at = self.due(begin, end)
        numbers = self.world.count(self.group.row[rows]).tolist()
        return map(self._report, rows.tolist(), at.tolist(), numbers)

    def _report(self, row: int, at: int, number: int) -> Message:
        device, key = self.group.devices[row], int(self.group.keys[row])
        said = {"battery": battery(key)}
        uplink = chirpstack.Uplink(device.id, at, number, said, *radio(key))
        own = chirpstack.topic(device.id)
        topic = topics.native(self.group.areas[row], device.gateway, own)
        return Message(at, topic, chirpstack.up(uplink, device.gateway))
