"""Which share of a fleet a process judges.

The rules never look from one home into another, nor from one gateway into another, so that areas
can be judged apart: whatever is tied together by a home, a gateway or a device stays together.
Every share reads all lines, and so agrees about what was received when.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, replace
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from ingest.source import Messages
from schemas import topics
from schemas.directory import Directory
from schemas.readings import Readings
from schemas.registry import Registry


@dataclass(frozen=True)
class Part:
    """Share `number` of `of`. A gateway that the registry does not know belongs to one of them
    too, by its name, so that its devices' presses are judged once."""

    number: int
    of: int
    gateways: dict[str, int]
    """The share of each known gateway."""

    def has(self, gateway: str) -> bool:
        if self.of == 1:
            return True
        known = self.gateways.get(gateway)
        return (crc32(gateway.encode()) % self.of if known is None else known) == self.number

    def messages(self, messages: Messages) -> Messages:
        """Those of the share's gateways. What stands on a device's own topic names none: every
        share reads it, and `rows` keeps the share's own."""
        if self.of == 1:
            return messages
        addresses = (topics.parse(t.decode("utf-8", "replace")) for t in messages.topics)
        mine = [a is None or self.has(a.gateway) for a in addresses]
        return messages.take(np.array(mine, bool))

    def registry(self, registry: Registry) -> Registry:
        """The same rows, of which only the share's own are in service."""
        if self.of == 1:
            return registry
        gateways = registry.gateways
        mine = np.array([self.has(g) for g in gateways.ids], bool)
        devices, elders, homes = registry.devices, registry.elders, registry.homes
        speaks = devices.active & _at(mine, devices.gateway)
        lived = np.zeros(len(homes.ids), bool)
        lived[devices.home[speaks & (devices.home >= 0)]] = True
        if self.number == 0:  # nobody speaks for them; they are still somebody's
            silent = np.ones(len(homes.ids), bool)
            silent[devices.home[devices.active & (devices.home >= 0)]] = False
            lived |= silent
        return replace(
            registry,
            devices=replace(devices, active=speaks),
            elders=replace(elders, active=elders.active & _at(lived, elders.home)),
            homes=replace(homes, active=homes.active & lived),
            gateways=replace(gateways, active=gateways.active & mine),
        )

    def rows(self, readings: Readings, registry: Registry) -> Readings:
        """The share's own rows; those of no gateway belong to the first."""
        if self.of == 1:
            return readings
        mine = np.array([*(self.has(g) for g in registry.gateways.ids), self.number == 0], bool)
        return readings.take(mine[readings.gateway])


def _at(mask: NDArray[np.bool_], rows: NDArray[np.int32]) -> NDArray[np.bool_]:
    return np.append(mask, False)[rows]


WHOLE = Part(0, 1, {})


def split(directory: Directory, parts: int) -> list[Part]:
    """At most `parts` shares of about equally many devices each, along the areas; fewer where the
    fleet has not so many areas. ValueError below 1."""
    if parts < 1:
        raise ValueError(f"at least one process, not {parts}")
    groups = _groups(directory)
    load = Counter(groups[d.gateway] for d in directory.devices)
    number = max(1, min(parts, len(load)))
    shares = [0] * number
    share_of: dict[str, int] = {}
    for group, devices in sorted(load.items(), key=lambda item: (-item[1], item[0])):
        lightest = shares.index(min(shares))
        shares[lightest] += devices
        share_of[group] = lightest
    gateways = {g.id: share_of.get(groups[g.id], 0) for g in directory.gateways}
    return [Part(k, number, gateways) for k in range(number)]


def _groups(directory: Directory) -> dict[str, str]:
    """Gateway id → the name of what it is tied to: areas, joined where a home's devices speak
    through gateways of several."""
    area = {g.id: g.area for g in directory.gateways}
    home_of = {e.id: e.home for e in directory.elders}
    behind: defaultdict[str, set[str]] = defaultdict(set)
    for device in directory.devices:
        behind[device.home or home_of[device.elder or ""]].add(area[device.gateway])
    root = {a.id: a.id for a in directory.areas}

    def find(id_: str) -> str:
        while root[id_] != id_:
            root[id_] = root[root[id_]]
            id_ = root[id_]
        return id_

    for areas in behind.values():
        first, *others = sorted(areas)
        for other in others:
            root[find(other)] = find(first)
    return {gateway: find(where) for gateway, where in area.items()}
