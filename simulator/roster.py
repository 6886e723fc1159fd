"""A directory as the arrays that behaviour works on: people, and devices grouped by how they speak.

Throws are keyed by ids, not by positions, so a person behaves the same in any part of a fleet.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from schemas.directory import Device, DeviceKind, Directory, Living, Location
from schemas.registry import area_zones
from schemas.times import SECOND
from simulator.dice import keys_of

Int = NDArray[np.int64]

_ALONE = (Living.LONE, Living.LEFT_BEHIND)
_BORN = 1945
"""Where the directory does not say."""


@dataclass(frozen=True)
class People:
    """Length = elders. `zone` is an index into the roster's zones; `born` a year, `care` the
    level 0 to 4, `alone` whether nobody else lives there."""

    ids: list[str]
    keys: Int
    zone: Int
    born: Int
    care: Int
    alone: NDArray[np.bool_]


@dataclass(frozen=True)
class Group:
    """Devices of one kind, profile and interval, in directory order.

    `sleeper`: whose bed it is (person row, -1 for nobody's), `beside` who shares it. `members`:
    person rows of the home, padded with -1. `row`, `elder`, `gateway`: positions among the
    directory's own, -1 for none. `zone`: of the area, as an index into the roster's zones.
    """

    kind: DeviceKind
    profile: str
    interval: int
    devices: list[Device]
    areas: list[str]
    keys: Int
    row: Int
    sleeper: Int
    beside: Int
    members: Int
    zone: Int
    elder: Int
    gateway: Int


@dataclass(frozen=True)
class Roster:
    """Zones and people of a directory; the groups of devices are made when first asked for."""

    zones: list[str]
    people: People
    directory: Directory

    @classmethod
    def of(cls, directory: Directory) -> Roster:
        of_elders, of_areas = _zone_of_elder(directory), area_zones(directory.areas)
        zones = sorted({*of_elders.values(), *of_areas.values()})
        return cls(zones, _people(directory, zones), directory)

    @cached_property
    def groups(self) -> list[Group]:
        return _groups(self.directory, self.people, self.zones)


def _zone_of_elder(directory: Directory) -> dict[str, str]:
    by_area = area_zones(directory.areas)
    area = {h.id: h.area for h in directory.homes}
    return {e.id: e.zone or by_area[area[e.home]] for e in directory.elders}


def _people(directory: Directory, zones: list[str]) -> People:
    ids = [e.id for e in directory.elders]
    zone = _zone_of_elder(directory)
    return People(
        ids=ids,
        keys=keys_of(ids),
        zone=np.array([zones.index(zone[i]) for i in ids], np.int64),
        born=np.array([e.birth_year or _BORN for e in directory.elders], np.int64),
        care=np.array([e.care_level for e in directory.elders], np.int64),
        alone=np.array([e.living in _ALONE for e in directory.elders], bool),
    )


def _groups(directory: Directory, people: People, zones: list[str]) -> list[Group]:
    alike: dict[tuple[DeviceKind, str, int], list[int]] = defaultdict(list)
    for row, device in enumerate(directory.devices):
        alike[device.kind, device.profile, device.interval_s].append(row)
    grouping = _Grouping(directory, people, zones)
    return [grouping.group(rows) for rows in alike.values()]


class _Grouping:
    """Look-ups from ids to rows, made once for all groups."""

    def __init__(self, directory: Directory, people: People, zones: list[str]) -> None:
        self._devices = directory.devices
        self._person = {id_: k for k, id_ in enumerate(people.ids)}
        self._home = {e.id: e.home for e in directory.elders}
        self._area = {g.id: g.area for g in directory.gateways}
        self._gateway = {g.id: row for row, g in enumerate(directory.gateways)}
        self._zone = {a: zones.index(z) for a, z in area_zones(directory.areas).items()}
        self._members: dict[str, list[int]] = defaultdict(list)
        for elder in directory.elders:
            self._members[elder.home].append(self._person[elder.id])

    def group(self, rows: list[int]) -> Group:
        devices = [self._devices[r] for r in rows]
        areas = [self._area[d.gateway] for d in devices]
        return Group(
            kind=devices[0].kind,
            profile=devices[0].profile,
            interval=devices[0].interval_s * SECOND,
            devices=devices,
            areas=areas,
            keys=keys_of([d.id for d in devices]),
            row=np.array(rows, np.int64),
            sleeper=np.array([self._sleeper(d, 0) for d in devices], np.int64),
            beside=np.array([self._sleeper(d, 1) for d in devices], np.int64),
            members=_padded([self._members[self._home_of(d)] for d in devices]),
            zone=np.array([self._zone[a] for a in areas], np.int64),
            elder=np.array([self._person.get(d.elder or "", -1) for d in devices], np.int64),
            gateway=np.array([self._gateway[d.gateway] for d in devices], np.int64),
        )

    def _home_of(self, device: Device) -> str:
        return device.home or self._home[device.elder or ""]

    def _sleeper(self, device: Device, place: int) -> int:
        """Who lies in a bed's first or second place."""
        if device.elder is not None:
            return self._person[device.elder] if place == 0 else -1
        who = self._members[device.home or ""]
        return who[place] if len(who) > place and device.location is Location.SHARED_BED else -1


def _padded(lists: list[list[int]]) -> Int:
    width = max(map(len, lists), default=0)
    return np.array([row + [-1] * (width - len(row)) for row in lists], np.int64)
