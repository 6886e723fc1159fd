"""Columns as the messages that carry them: each device's own shape, on its own topic."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from operator import itemgetter

import numpy as np

from schemas import topics
from schemas.directory import Device, Directory
from schemas.quantities import CHOICES, NUMBERS, UNKNOWN, Fall, Sos
from schemas.readings import Flag, Float32, Readings
from simulator.encode import canonical, chirpstack, easydoc, milesight, zigbee2mqtt
from simulator.household import BED_BAND, CANONICAL, VS373, WS101, Z2M_SOS
from simulator.message import Message
from simulator.roster import Int, Roster
from simulator.traits import linkquality, radio, writes_old_keys, writes_rfc3339
from simulator.zones import offsets

Renewed = Callable[[Int, Int], np.typing.NDArray[np.bool_]]
"""Whether devices (rows) speak as a changed firmware does at instants."""
_TENTHS = 10


@dataclass(frozen=True)
class _Place:
    """A device, and what its messages need besides what it says."""

    device: Device
    area: str
    key: int
    zone: str


class Writer:
    """Messages of one directory's devices."""

    def __init__(self, directory: Directory, roster: Roster, renewed: Renewed) -> None:
        n = len(directory.devices)
        self._zones, self._zone = roster.zones, np.zeros(n, np.int64)
        self._keys = np.zeros(n, np.int64)
        self._profile = np.array([_PROFILES.index(d.profile) for d in directory.devices], np.int8)
        self._status = [topics.status(g.area, g.id) for g in directory.gateways]
        self._renewed = renewed
        self._present = np.full(n, UNKNOWN, np.int8)
        places: dict[int, _Place] = {}
        for group in roster.groups:
            self._keys[group.row], self._zone[group.row] = group.keys, group.zone
            zones = [roster.zones[z] for z in group.zone.tolist()]
            each = zip(group.devices, group.areas, group.keys.tolist(), zones, strict=True)
            for row, place in zip(group.row.tolist(), each, strict=True):
                places[row] = _Place(*place)
        self._places = [places[row] for row in range(n)]
        self._topics = [self._topic(p) for p in self._places]

    def messages(self, said: Readings) -> list[Message]:
        """In time order; each row's messages have its time, or follow within a moment."""
        made = self._statuses(said)
        profile = np.where(said.device >= 0, self._profile[said.device], -1)
        writers = (self._canonical, self._vs373, self._z2m, self._ws101, self._band)
        for k, write in enumerate(writers):
            rows = (profile == k).nonzero()[0]
            if len(rows):
                made += write(said.take(rows))
        made.sort(key=itemgetter(0))
        return made

    def _topic(self, place: _Place) -> str:
        device = place.device
        if device.profile == CANONICAL:
            return topics.up(place.area, device.gateway, device.id)
        return topics.native(place.area, device.gateway, _TOPICS[device.profile](device.id))

    def _statuses(self, said: Readings) -> list[Message]:
        rows = (said.online != UNKNOWN).nonzero()[0].tolist()
        words = (b'{"online":false}', b'{"online":true}')
        return [
            Message(
                int(said.received[k]),
                self._status[said.gateway[k]],
                words[said.online[k]],
                retain=True,
            )
            for k in rows
        ]

    def _canonical(self, said: Readings) -> list[Message]:
        device = said.device.astype(np.int64)
        renewed = self._renewed(device, said.received)
        local = offsets(self._zones, self._zone[device], said.received)
        stamps = canonical.stamps(said.ts, local, writes_rfc3339(self._keys[device]) ^ renewed)
        payloads = canonical.readings(stamps, said.key.tolist(), _texts(said), renewed.tolist())
        names = [self._topics[d] for d in device.tolist()]
        return list(map(Message, said.received.tolist(), names, payloads))

    def _vs373(self, said: Readings) -> list[Message]:
        device = said.device.astype(np.int64)
        renewed = self._renewed(device, said.received).tolist()
        return [self._trigger(said, k, renewed=renewed[k]) for k in range(len(said))]

    def _trigger(self, said: Readings, k: int, *, renewed: bool) -> Message:
        row, fall, here = (int(c[k]) for c in (said.device, said.fall, said.presence))
        place = self._places[row]
        if fall != UNKNOWN:
            event = milesight.Event.FALL
            alarm = milesight.Status.ALARM if fall == Fall.CONFIRMED else milesight.Status.RESOLVE
        else:
            event = milesight.Event.OCCUPANCY if here else milesight.Event.VACANT
            changed = self._present[row] not in (UNKNOWN, here)
            alarm = milesight.Status.ALARM if changed else milesight.Status.REPORT
            self._present[row] = here
        payload = milesight.trigger(
            place.device.id,
            int(said.ts[k]),
            place.zone,
            event=event,
            status=alarm,
            number=int(said.key[k]),
            old=writes_old_keys(place.key) != renewed,
        )
        return Message(int(said.received[k]), self._topics[row], payload)

    def _z2m(self, said: Readings) -> list[Message]:
        return [message for k in range(len(said)) for message in self._bridged(said, k)]

    def _bridged(self, said: Readings, k: int) -> list[Message]:
        row, at, ts = (int(c[k]) for c in (said.device, said.received, said.ts))
        place, battery = self._places[row], int(np.nan_to_num(said.battery[k]))
        quality, retained = linkquality(place.key), bool(said.flags[k] & Flag.RETAINED)
        pressed = said.sos[k] == Sos.PRESSED
        if retained or not pressed:
            action = "emergency" if pressed else None
            state = zigbee2mqtt.state(ts, action=action, battery=battery, linkquality=quality)
            return [Message(at, self._topics[row], state, retain=retained)]
        messages = zigbee2mqtt.press(
            place.device.id, ts, battery=battery, linkquality=quality, announced=place.key % 2 == 0
        )
        before = self._topics[row].removesuffix(zigbee2mqtt.topic(place.device.id))
        return [Message(at + when - ts, before + own, text) for when, own, text in messages]

    def _ws101(self, said: Readings) -> list[Message]:
        return [self._uplink(said, k) for k in range(len(said))]

    def _uplink(self, said: Readings, k: int) -> Message:
        row, number = int(said.device[k]), int(said.key[k])
        place = self._places[row]
        told: dict[str, object] = {}
        if said.sos[k] == Sos.PRESSED:
            style = ("short press", "long press", "double press")[(place.key + number) % 3]
            message = (place.key ^ number * 7919) % 1_000_000
            told["button_event"] = {"status": style, "msgid": message}
        if not np.isnan(said.battery[k]):
            told["battery"] = int(said.battery[k])
        uplink = chirpstack.Uplink(
            place.device.id, int(said.ts[k]), number, told, *radio(place.key)
        )
        payload = chirpstack.up(uplink, place.device.gateway)
        return Message(int(said.received[k]), self._topics[row], payload)

    def _band(self, said: Readings) -> list[Message]:
        return [self._answer(said, k) for k in range(len(said))]

    def _answer(self, said: Readings, k: int) -> Message:
        row = int(said.device[k])
        heart, breath = (
            None if np.isnan(rate) else round(float(rate) * _TENTHS)
            for rate in (said.heart_rate[k], said.respiratory_rate[k])
        )
        payload = easydoc.answer(
            self._places[row].device.id,
            int(said.ts[k]),
            in_bed=bool(said.in_bed[k]),
            moving=bool(said.movement[k]),
            heart=heart,
            breath=breath,
        )
        return Message(int(said.received[k]), self._topics[row], payload)


_PROFILES = (CANONICAL, VS373, Z2M_SOS, WS101, BED_BAND)
_TOPICS = {
    VS373: milesight.topic,
    Z2M_SOS: zigbee2mqtt.topic,
    WS101: chirpstack.topic,
    BED_BAND: easydoc.topic,
}


def _texts(said: Readings) -> list[list[str]]:
    """JSON of each quantity that is known, by columns; "" where a row does not know it.

    Rates that are unknown while somebody is in bed are said to be null.
    """
    columns = []
    for choice in CHOICES:
        codes = getattr(said, choice.name)
        words = choice.values if choice.is_bool else [f'"{v}"' for v in choice.values]
        texts = [f',"{choice.name}":{w}' for w in words] + [""]
        columns.append([texts[c] for c in codes.tolist()] if (codes >= 0).any() else [])
    in_bed = said.in_bed == 1
    for number in NUMBERS:
        values: Float32 = getattr(said, number.name)
        rate = number.name.endswith("_rate")
        columns.append(_number(number.name, values, in_bed if rate else None))
    return [c for c in columns if c]


def _number(name: str, values: Float32, null: np.typing.NDArray[np.bool_] | None) -> list[str]:
    known = ~np.isnan(values)
    told = known if null is None else known | null
    if not told.any():
        return []
    tenths = np.rint(np.where(known, values, 0).astype(np.float64) * _TENTHS).astype(np.int64)
    texts = [""] * len(values)
    for k in told.nonzero()[0].tolist():
        texts[k] = f',"{name}":{canonical.number(int(tenths[k])) if known[k] else "null"}'
    return texts
