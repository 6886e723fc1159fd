"""The regular reports of each kind of device, a window of time at a go."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

import numpy as np

from schemas import topics
from schemas.times import MINUTE
from simulator.cadence import Cadence
from simulator.encode import canonical, chirpstack, milesight, zigbee2mqtt
from simulator.fleet import CANONICAL, VS373, WS101, Z2M_SOS
from simulator.message import Message
from simulator.roster import Group, Int
from simulator.world import Bool, World
from simulator.zones import offsets

_SIGNAL_EVERY, _BATTERY_EVERY = 20, 120
"""Reports between two that carry signal strength or battery as well."""
_LOOK = MINUTE
"""How often a VS373 looks whether presence changed."""


class Speaker(Protocol):
    """Reports of one group of devices."""

    group: Group
    cadence: Cadence

    def speak(self, begin: int, end: int) -> Iterable[Message]:
        """Reports published in [begin, end); windows must follow one another."""


def make_speaker(world: World, group: Group) -> Speaker:
    return _SPEAKERS[group.kind.value, group.profile](world, group)


class _Base:
    """Rows that are due and whose device is alive."""

    def __init__(self, world: World, group: Group) -> None:
        self.world, self.group = world, group
        self.cadence = Cadence(len(group.devices), self._every())

    def _every(self) -> int:
        return self.group.interval

    def _due(self, begin: int, end: int) -> tuple[Int, Int]:
        rows, at = self.cadence.due(begin, end)
        alive = self.world.overlay.speaking(self.group.row[rows], at)
        return rows[alive], at[alive]


class _Canonical(_Base):
    """What all canonical devices share: topics, stamps, numbers, signal and battery."""

    def __init__(self, world: World, group: Group) -> None:
        super().__init__(world, group)
        places = zip(group.areas, group.devices, strict=True)
        self.topics = [topics.up(area, d.gateway, d.id) for area, d in places]
        self.rfc3339: Bool = writes_rfc3339(group.keys)

    def _stamps(self, rows: Int, at: Int) -> list[str]:
        ts = self.world.measured(self.group.keys[rows], at)
        local = offsets(self.world.roster.zones, self.group.zone[rows], at)
        return canonical.stamps(ts, local, self.rfc3339[rows])

    def _extra(self, rows: Int, at: Int) -> list[str]:
        keys, texts = self.group.keys[rows], [""] * len(rows)
        turn = at // self.cadence.interval + keys % 1009
        for k in (turn % _SIGNAL_EVERY == 0).nonzero()[0].tolist():
            texts[k] = f',"signal":{-self.world.trait(int(keys[k]), 42, 78, 11)}'
        for k in (turn % _BATTERY_EVERY == 7).nonzero()[0].tolist():
            texts[k] = f',"battery":{battery(self.world, int(keys[k]))}'
        return texts

    def _messages(self, rows: Int, at: Int, payloads: list[bytes]) -> Iterable[Message]:
        names = [self.topics[r] for r in rows.tolist()]
        return map(Message, at.tolist(), names, payloads)


class _Mattress(_Canonical):
    def speak(self, begin: int, end: int) -> Iterable[Message]:
        rows, at = self._due(begin, end)
        bed = self.world.beds(self.group.sleeper[rows], at)
        heart = np.where(bed.blurred, canonical.NULL, bed.heart)
        payloads = canonical.beds(
            self._stamps(rows, at),
            self.world.count(self.group.row[rows]).tolist(),
            bed.in_bed.tolist(),
            zip(heart.tolist(), bed.breath.tolist(), bed.movement.tolist(), strict=True),
            self._extra(rows, at),
        )
        return self._messages(rows, at, payloads)


class _Radar(_Canonical):
    def speak(self, begin: int, end: int) -> Iterable[Message]:
        rows, at = self._due(begin, end)
        payloads = canonical.rooms(
            self._stamps(rows, at),
            self.world.count(self.group.row[rows]).tolist(),
            self.world.rooms(self.group, rows, at).tolist(),
            self._extra(rows, at),
        )
        return self._messages(rows, at, payloads)


class _CanonicalButton(_Canonical):
    """A rare heartbeat with the battery."""

    def speak(self, begin: int, end: int) -> Iterable[Message]:
        rows, at = self._due(begin, end)
        numbers = self.world.count(self.group.row[rows]).tolist()
        keys = self.group.keys[rows].tolist()
        payloads = [
            canonical.fields(stamp, n, battery=battery(self.world, key))
            for stamp, n, key in zip(self._stamps(rows, at), numbers, keys, strict=True)
        ]
        return self._messages(rows, at, payloads)


class _Vs373(_Base):
    """Speaks when presence changes, and a status report once an interval."""

    def _every(self) -> int:
        return min(_LOOK, self.group.interval)

    def speak(self, begin: int, end: int) -> Iterable[Message]:
        rows, at = self._due(begin, end)
        now = self.world.rooms(self.group, rows, at)
        changed = now != self.world.rooms(self.group, rows, at - self.cadence.interval)
        looks = self.group.interval // self.cadence.interval
        beat = at // self.cadence.interval % looks == rows % looks
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


class _Z2mButton(_Base):
    def speak(self, begin: int, end: int) -> Iterable[Message]:
        return map(self._report, *(c.tolist() for c in self._due(begin, end)))

    def _report(self, row: int, at: int) -> Message:
        device, key = self.group.devices[row], int(self.group.keys[row])
        zone = self.world.roster.zones[self.group.zone[row]]
        payload = zigbee2mqtt.state(
            at, zone, action=None, battery=battery(self.world, key), linkquality=linkquality(key)
        )
        own = zigbee2mqtt.topic(device.id)
        return Message(at, topics.native(self.group.areas[row], device.gateway, own), payload)


class _Ws101Button(_Base):
    def speak(self, begin: int, end: int) -> Iterable[Message]:
        rows, at = self._due(begin, end)
        numbers = self.world.count(self.group.row[rows]).tolist()
        return map(self._report, rows.tolist(), at.tolist(), numbers)

    def _report(self, row: int, at: int, number: int) -> Message:
        device, key = self.group.devices[row], int(self.group.keys[row])
        said = {"battery": battery(self.world, key)}
        uplink = chirpstack.Uplink(device.id, at, number, said, *radio(key))
        own = chirpstack.topic(device.id)
        topic = topics.native(self.group.areas[row], device.gateway, own)
        return Message(at, topic, chirpstack.up(uplink, device.gateway))


_SPEAKERS: dict[
    tuple[str, str],
    type[_Mattress | _Radar | _CanonicalButton | _Vs373 | _Z2mButton | _Ws101Button],
] = {
    ("mattress", CANONICAL): _Mattress,
    ("fall_sensor", CANONICAL): _Radar,
    ("sos_button", CANONICAL): _CanonicalButton,
    ("fall_sensor", VS373): _Vs373,
    ("sos_button", Z2M_SOS): _Z2mButton,
    ("sos_button", WS101): _Ws101Button,
}


def writes_rfc3339(keys: Int) -> Bool:
    """Every other canonical device writes RFC 3339, the others epoch milliseconds."""
    return np.asarray(keys % 2 == 0)


def writes_old_keys(key: int) -> bool:
    """Every third VS373 has the older firmware."""
    return key % 3 == 0


def battery(world: World, key: int) -> int:
    """%, well above what the battery rule calls low."""
    return world.trait(key, 45, 101, 12)


def linkquality(key: int) -> int:
    return 20 + key % 180


def radio(key: int) -> tuple[int, float]:
    """RSSI (dBm) and SNR (dB)."""
    return -(60 + key % 50), 5.5 + key % 5
