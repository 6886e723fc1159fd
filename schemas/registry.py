"""The registry as arrays: what ingest looks ids up in and the rules index their state by.

Rows are permanent directory ids: small integers that a thing keeps for ever, so that a changed
registry never moves anybody's state. Rows that are free hold "" as id and `active` False.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from schemas.directory import (
    DEFAULT_ZONE,
    Area,
    Away,
    DeviceKind,
    Directory,
    Living,
    Location,
    Override,
)

LIVING = tuple(Living)
KINDS = tuple(DeviceKind)
LOCATIONS = tuple(Location)

Rows = Mapping[str, int]
_REPEAT_US = 300 * 1_000_000


class Model(NamedTuple):
    """What a device model (a profile) says of all its devices.

    `silence_us`: its own silence limit, 0 for that of its kind. `mains`: not on battery.
    `repeat_us`: an sos that is a level and is said again within this is the same press.
    """

    silence_us: int = 0
    mains: bool = False
    repeat_us: int = _REPEAT_US


_UNKNOWN_MODEL = Model()


@dataclass(frozen=True)
class Devices:
    """Length = highest row + 1; int columns are rows of the other tables, -1 for none."""

    ids: Sequence[str]
    active: NDArray[np.bool_]
    kind: NDArray[np.int8]  # index into KINDS
    location: NDArray[np.int8]  # index into LOCATIONS
    profile: Sequence[str]
    gateway: NDArray[np.int32]
    elder: NDArray[np.int32]
    home: NDArray[np.int32]  # the elder's home, for an elder's device
    interval_us: NDArray[np.int64]
    silence_us: NDArray[np.int64]  # of the model, 0 for none: see `Model`
    mains: NDArray[np.bool_]
    repeat_us: NDArray[np.int64]

    @cached_property
    def row(self) -> dict[str, int]:
        return {id_: row for row, id_ in enumerate(self.ids) if self.active[row]}


@dataclass(frozen=True)
class Elders:
    ids: Sequence[str]
    active: NDArray[np.bool_]
    home: NDArray[np.int32]
    living: NDArray[np.int8]  # index into LIVING
    care_level: NDArray[np.int8]
    zone: Sequence[str]  # IANA name

    @cached_property
    def row(self) -> dict[str, int]:
        return {id_: row for row, id_ in enumerate(self.ids) if self.active[row]}

    @property
    def lone(self) -> NDArray[np.bool_]:
        """独居 or 留守: nobody else in the home."""
        lone = [LIVING.index(Living.LONE), LIVING.index(Living.LEFT_BEHIND)]
        return np.isin(self.living, lone)


@dataclass(frozen=True)
class Places:
    """Homes or gateways: an id, the area it stands in, and that area's zone."""

    ids: Sequence[str]
    active: NDArray[np.bool_]
    area: Sequence[str]
    zone: Sequence[str]  # IANA name

    @cached_property
    def row(self) -> dict[str, int]:
        return {id_: row for row, id_ in enumerate(self.ids) if self.active[row]}


@dataclass(frozen=True)
class Registry:
    """One consistent view of the directory, without names. Replaced whole, never changed."""

    devices: Devices
    elders: Elders
    homes: Places
    gateways: Places
    overrides: tuple[Override, ...] = ()
    away: tuple[Away, ...] = ()

    @classmethod
    def build(
        cls,
        directory: Directory,
        *,
        devices: Rows | None = None,
        elders: Rows | None = None,
        homes: Rows | None = None,
        gateways: Rows | None = None,
    ) -> Registry:
        """From a checked directory. The maps give each id its permanent row; without them (a
        replay from a folder) rows follow the order of the files."""
        device_rows = devices or _in_order(d.id for d in directory.devices)
        elder_rows = elders or _in_order(e.id for e in directory.elders)
        home_rows = homes or _in_order(h.id for h in directory.homes)
        gateway_rows = gateways or _in_order(g.id for g in directory.gateways)
        zones = area_zones(directory.areas)
        area_of_home = {h.id: h.area for h in directory.homes}
        return cls(
            devices=_devices(directory, device_rows, elder_rows, home_rows, gateway_rows),
            elders=_elders(directory, elder_rows, home_rows, zones, area_of_home),
            homes=_places(home_rows, area_of_home, zones),
            gateways=_places(gateway_rows, {g.id: g.area for g in directory.gateways}, zones),
            overrides=directory.overrides,
            away=directory.away,
        )

    def fitted(self, models: Mapping[str, Model]) -> Registry:
        """The same registry with what each device's profile says; unknown ones keep defaults."""
        devices = self.devices
        fitting = [models.get(profile, _UNKNOWN_MODEL) for profile in devices.profile]
        fitted = replace(
            devices,
            silence_us=np.array([m.silence_us for m in fitting], np.int64),
            mains=np.array([m.mains for m in fitting], bool),
            repeat_us=np.array([m.repeat_us for m in fitting], np.int64),
        )
        return replace(self, devices=fitted)


def area_zones(areas: Sequence[Area]) -> dict[str, str]:
    """Each area's zone: its own, else the nearest ancestor's, else Asia/Shanghai."""
    by_id = {a.id: a for a in areas}

    def zone(area: Area) -> str:
        if area.zone is not None:
            return area.zone
        return zone(by_id[area.parent]) if area.parent is not None else DEFAULT_ZONE

    return {a.id: zone(a) for a in areas}


def _in_order(ids: Iterable[str]) -> dict[str, int]:
    return {id_: row for row, id_ in enumerate(ids)}


def _size(rows: Rows) -> int:
    return max(rows.values(), default=-1) + 1


def _places(rows: Rows, areas: Mapping[str, str], zones: Mapping[str, str]) -> Places:
    n = _size(rows)
    ids, area, active = [""] * n, [""] * n, np.zeros(n, bool)
    zone = [DEFAULT_ZONE] * n
    for id_, where in areas.items():
        row = rows[id_]
        ids[row], area[row], active[row] = id_, where, True
        zone[row] = zones.get(where, DEFAULT_ZONE)
    return Places(ids, active, area, zone)


def _elders(
    directory: Directory,
    rows: Rows,
    homes: Rows,
    zones: Mapping[str, str],
    area_of_home: Mapping[str, str],
) -> Elders:
    n = _size(rows)
    ids, zone, active = [""] * n, [DEFAULT_ZONE] * n, np.zeros(n, bool)
    home = np.full(n, -1, np.int32)
    living, care = np.zeros(n, np.int8), np.zeros(n, np.int8)
    for elder in directory.elders:
        row = rows[elder.id]
        ids[row], active[row] = elder.id, True
        home[row] = homes[elder.home]
        living[row] = LIVING.index(elder.living)
        care[row] = elder.care_level
        zone[row] = elder.zone or zones[area_of_home[elder.home]]
    return Elders(ids, active, home, living, care, zone)


def _devices(
    directory: Directory, rows: Rows, elders: Rows, homes: Rows, gateways: Rows
) -> Devices:
    n = _size(rows)
    ids, profile, active = [""] * n, [""] * n, np.zeros(n, bool)
    kind, location = np.zeros(n, np.int8), np.zeros(n, np.int8)
    gateway, elder, home = (np.full(n, -1, np.int32) for _ in range(3))
    interval = np.ones(n, np.int64)
    home_of = {e.id: homes[e.home] for e in directory.elders}
    for device in directory.devices:
        row = rows[device.id]
        ids[row], profile[row], active[row] = device.id, device.profile, True
        kind[row] = KINDS.index(device.kind)
        location[row] = LOCATIONS.index(device.location)
        gateway[row] = gateways[device.gateway]
        interval[row] = device.interval_s * 1_000_000
        if device.elder is not None:
            elder[row], home[row] = elders[device.elder], home_of[device.elder]
        elif device.home is not None:
            home[row] = homes[device.home]
    return Devices(
        ids,
        active,
        kind,
        location,
        profile,
        gateway,
        elder,
        home,
        interval,
        silence_us=np.zeros(n, np.int64),
        mains=np.zeros(n, bool),
        repeat_us=np.full(n, _REPEAT_US, np.int64),
    )
