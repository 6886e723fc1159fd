"""Mattresses, radars and buttons that speak the canonical wire."""

from collections.abc import Iterable

import numpy as np

from schemas import topics
from simulator.encode import canonical as wire
from simulator.message import Message
from simulator.roster import Group, Int
from simulator.speakers.base import Speaker
from simulator.traits import battery, writes_rfc3339
from simulator.world import Bool, World
from simulator.zones import offsets

_SIGNAL_EVERY, _BATTERY_EVERY = 20, 120
"""Reports between two that carry signal strength or battery as well."""


class _Canonical(Speaker):
    """What all canonical devices share: topics, stamps, numbers, signal and battery."""

    def __init__(self, world: World, group: Group) -> None:
        super().__init__(world, group)
        places = zip(group.areas, group.devices, strict=True)
        self.topics = [topics.up(area, d.gateway, d.id) for area, d in places]
        self.rfc3339: Bool = writes_rfc3339(group.keys)

    def _stamps(self, rows: Int, at: Int) -> list[str]:
        ts = self.world.measured(self.group.keys[rows], at)
        local = offsets(self.world.roster.zones, self.group.zone[rows], at)
        return wire.stamps(ts, local, self.rfc3339[rows])

    def _extra(self, rows: Int, at: Int) -> list[str]:
        keys, texts = self.group.keys[rows], [""] * len(rows)
        turn = at // self.cadence.interval + keys % 1009
        for k in (turn % _SIGNAL_EVERY == 0).nonzero()[0].tolist():
            texts[k] = f',"signal":{-self.world.trait(int(keys[k]), 42, 78, 11)}'
        for k in (turn % _BATTERY_EVERY == 7).nonzero()[0].tolist():
            texts[k] = f',"battery":{battery(int(keys[k]))}'
        return texts

    def _messages(self, rows: Int, at: Int, payloads: list[bytes]) -> Iterable[Message]:
        names = [self.topics[r] for r in rows.tolist()]
        return map(Message, at.tolist(), names, payloads)


class Mattress(_Canonical):
    def speak(self, begin: int, end: int) -> Iterable[Message]:
        rows, at = self.due(begin, end)
        bed = self.world.beds(self.group.sleeper[rows], at)
        heart = np.where(bed.blurred, wire.NULL, bed.heart)
        payloads = wire.beds(
            self._stamps(rows, at),
            self.world.count(self.group.row[rows]).tolist(),
            bed.in_bed.tolist(),
            zip(heart.tolist(), bed.breath.tolist(), bed.movement.tolist(), strict=True),
            self._extra(rows, at),
        )
        return self._messages(rows, at, payloads)


class Radar(_Canonical):
    def speak(self, begin: int, end: int) -> Iterable[Message]:
        rows, at = self.due(begin, end)
        payloads = wire.rooms(
            self._stamps(rows, at),
            self.world.count(self.group.row[rows]).tolist(),
            self.world.rooms(self.group, rows, at).tolist(),
            self._extra(rows, at),
        )
        return self._messages(rows, at, payloads)


class Button(_Canonical):
    """A rare heartbeat with the battery."""

    def speak(self, begin: int, end: int) -> Iterable[Message]:
        rows, at = self.due(begin, end)
        numbers = self.world.count(self.group.row[rows]).tolist()
        keys = self.group.keys[rows].tolist()
        payloads = [
            wire.fields(stamp, n, battery=battery(key))
            for stamp, n, key in zip(self._stamps(rows, at), numbers, keys, strict=True)
        ]
        return self._messages(rows, at, payloads)
