"""A directory as the arrays that behaviour works on: people, and devices grouped by how they speak.

Throws are keyed by ids, not by positions, so a person behaves the same in any part of a fleet.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from schemas.directory import Device, DeviceKind, Directory, Location
from schemas.registry import area_zones
from schemas.times import SECOND
from simulator.dice import keys_of

Int = NDArray[np.int64]


@dataclass(frozen=True)
class People:
    """Length = elders. `zone` is an index into the roster's zones."""

    ids: list[str]
    keys: Int
    zone: Int
    care_level: Int


@dataclass(frozen=True)
class Group:
    """Devices of one kind, profile and interval, in directory order.

    `sleeper`: whose bed it is (person row, -1 for nobody's). `members`: person rows of the home,
    padded with -1. `row`: position in `Roster.devices`. `zone`: of the place it stands in.
    """

    kind: DeviceKind
    profile: str
    interval: int
    devices: list[Device]
    areas: list[str]
    keys: Int
    row: Int
    sleeper: Int
    members: NDArray[np.int64]
    zone: Int


@dataclass(frozen=True)
class Roster:
    zones: list[str]
    people: People
    devices: list[Device]
    groups: list[Group]

    @classmethod
    def of(cls, directory: Directory) -> Roster:
        zones = sorted({*_zone_of_elder(directory).values(), *area_zones(directory.areas).values()})
        index = {z: k for k, z in enumerate(zones)}
        people = _people(directory, index)
        return cls(zones, people, list(directory.devices), _groups(directory, people, index))


def _zone_of_elder(directory: Directory) -> dict[str, str]:
    by_area = area_zones(directory.areas)
    area = {h.id: h.area for h in directory.homes}
    return {e.id: e.zone or by_area[area[e.home]] for e in directory.elders}


def _people(directory: Directory, index: dict[str, int]) -> People:
    ids = [e.id for e in directory.elders]
    zone = _zone_of_elder(directory)
    return People(
        ids=ids,
        keys=keys_of(ids),
        zone=np.array([index[zone[i]] for i in ids], np.int64),
        care_level=np.array([e.care_level for e in directory.elders], np.int64),
    )


def _groups(directory: Directory, people: People, index: dict[str, int]) -> list[Group]:
    person = {id_: k for k, id_ in enumerate(people.ids)}
    members: dict[str, list[int]] = defaultdict(list)
    for elder in directory.elders:
        members[elder.home].append(person[elder.id])
    home_of = {e.id: e.home for e in directory.elders}
    area_of = {g.id: g.area for g in directory.gateways}
    zone_of = area_zones(directory.areas)
    sorted_: dict[tuple[DeviceKind, str, int], list[tuple[int, Device]]] = defaultdict(list)
    for row, device in enumerate(directory.devices):
        sorted_[device.kind, device.profile, device.interval_s].append((row, device))
    made = []
    for (kind, profile, interval_s), rows in sorted_.items():
        devices = [d for _, d in rows]
        homes = [d.home or home_of[d.elder or ""] for d in devices]
        areas = [area_of[d.gateway] for d in devices]
        made.append(
            Group(
                kind=kind,
                profile=profile,
                interval=interval_s * SECOND,
                devices=devices,
                areas=areas,
                keys=keys_of([d.id for d in devices]),
                row=np.array([r for r, _ in rows], np.int64),
                sleeper=np.array([_sleeper(d, person, members) for d in devices], np.int64),
                members=_padded([members[h] for h in homes]),
                zone=np.array([index[zone_of[a]] for a in areas], np.int64),
            )
        )
    return made


def _sleeper(device: Device, person: dict[str, int], members: dict[str, list[int]]) -> int:
    if device.elder is not None:
        return person[device.elder]
    who = members[device.home or ""]
    return who[0] if who and device.location is Location.SHARED_BED else -1


def _padded(lists: list[list[int]]) -> NDArray[np.int64]:
    width = max(map(len, lists), default=0)
    return np.array([row + [-1] * (width - len(row)) for row in lists], np.int64)
