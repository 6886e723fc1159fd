"""The registry as the rules need it: whose device, which source, who shares a home.

Made anew for each registry; holds no state.
"""

from __future__ import annotations

from enum import IntFlag
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rules.coded import Coded
from rules.groups import Groups, indices
from rules.limits import hold_us, stale_us
from rules.zones import Zones
from schemas.directory import DeviceKind, Location
from schemas.registry import KINDS, LOCATIONS, Registry

_MATTRESS = KINDS.index(DeviceKind.MATTRESS)
_RADAR = KINDS.index(DeviceKind.FALL_SENSOR)
_BED = LOCATIONS.index(Location.BED)
_OTHERS_BED = [LOCATIONS.index(place) for place in (Location.SHARED_BED, Location.GUEST_BED)]
_ROOM = [LOCATIONS.index(place) for place in (Location.ROOM, Location.WALL)]


class Role(IntFlag):
    OWN_BED = 1
    BED_SOURCE = 2
    ROOM_SENSOR = 4


class World:
    """Arrays by device row unless said otherwise.

    `own_bed`: an elder's own mattress. `bed_source`: may speak of an elder's bed and vitals (the
    own mattress, or an elder's radar). `room_sensor`: a radar that sees a room of the home.
    `capable`: could show activity by itself: own beds and room sensors. `speaks_for`: the elder
    row whose life the device shows: its own, or the only one of its home; -1 for nobody.
    `roles`: bits of `Role`, so that many rows are looked up at once. `runs`: whose rows may be calm
    (see `rules.calm`): 2 an elder's only own bed, 1 other devices of a home, 0 none.
    """

    def __init__(self, registry: Registry) -> None:
        devices = registry.devices
        self.registry = registry
        self.stale = Coded(stale_us(devices))
        self.hold = Coded(hold_us(devices))
        one_elder = devices.active & (devices.elder >= 0)
        radar = devices.kind == _RADAR
        self.own_bed = one_elder & (devices.kind == _MATTRESS) & (devices.location == _BED)
        anothers = np.isin(devices.location, _OTHERS_BED)
        self.bed_source = self.own_bed | (one_elder & radar & ~anothers)
        self.room_sensor = devices.active & radar & np.isin(devices.location, _ROOM)
        self.capable = self.own_bed | self.room_sensor
        self.roles = (
            self.own_bed * Role.OWN_BED
            | self.bed_source * Role.BED_SOURCE
            | self.room_sensor * Role.ROOM_SENSOR
        ).astype(np.int8)

    @cached_property
    def runs(self) -> NDArray[np.int8]:
        devices = self.registry.devices
        beds = np.bincount(devices.elder[self.own_bed], minlength=1)
        only = self.own_bed.copy()
        only[self.own_bed] = beds[devices.elder[self.own_bed]] == 1
        there = devices.active & (devices.home >= 0) & (only | ~self.own_bed)
        return np.asarray(there.astype(np.int8) + (there & only).astype(np.int8))

    @cached_property
    def residents(self) -> Groups:
        """Elders by home."""
        elders = self.registry.elders
        return Groups(elders.home, elders.active, len(self.registry.homes.ids))

    @cached_property
    def speaks_for(self) -> NDArray[np.int64]:
        devices, elders = self.registry.devices, self.registry.elders
        homes = len(self.registry.homes.ids)
        rows = indices(elders.active & (elders.home >= 0))
        only = np.full(homes + 1, -1, np.int64)  # the last stands for no home
        only[elders.home[rows]] = rows
        only[:homes][np.bincount(elders.home[rows], minlength=homes) > 1] = -1
        return np.where(devices.elder >= 0, devices.elder, only[devices.home])

    @cached_property
    def room_sensors(self) -> Groups:
        """Room sensors by home."""
        homes = len(self.registry.homes.ids)
        return Groups(self.registry.devices.home, self.room_sensor, homes)

    @cached_property
    def behind(self) -> Groups:
        """Active devices by gateway."""
        devices = self.registry.devices
        return Groups(devices.gateway, devices.active, len(self.registry.gateways.ids))

    @cached_property
    def zones(self) -> Zones:
        return Zones(self.registry.elders.zone)

    def device_fields(self, row: int) -> dict[str, Any]:
        """What an alert about a device says of whom it concerns."""
        devices = self.registry.devices
        fields = self._home_fields(int(devices.home[row]), int(devices.elder[row]))
        gateway = int(devices.gateway[row])
        fields["device"] = devices.ids[row]
        fields["gateway"] = self.registry.gateways.ids[gateway] if gateway >= 0 else None
        return fields

    def elder_fields(self, row: int) -> dict[str, Any]:
        return self._home_fields(int(self.registry.elders.home[row]), row)

    def gateway_fields(self, row: int) -> dict[str, Any]:
        """`elders`: whom it leaves without a device; `home`: where it serves one only."""
        devices = self.registry.devices
        behind = self.behind.members(row)
        homes = set(devices.home[behind].tolist()) - {-1}
        _, elders = self.elders_of(behind)
        elsewhere = {home for home in homes if self._served_elsewhere(home, row)}
        ids, home_of = self.registry.elders.ids, self.registry.elders.home
        left = sorted({int(e) for e in elders if int(home_of[e]) not in elsewhere})
        home = self.registry.homes.ids[homes.pop()] if len(homes) == 1 else None
        fields: dict[str, Any] = {"gateway": self.registry.gateways.ids[row], "home": home}
        return {**fields, "elders": tuple(ids[e] for e in left)}

    def _served_elsewhere(self, home: int, gateway: int) -> bool:
        first, last = self._gateways_of_homes
        return bool(first[home] != gateway or last[home] != gateway)

    @cached_property
    def _gateways_of_homes(self) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
        """The lowest and the highest gateway row of each home's devices; the last: of no home."""
        devices, homes = self.registry.devices, len(self.registry.homes.ids) + 1
        first, last = np.full(homes, 2**31 - 1, np.int32), np.full(homes, -1, np.int32)
        home, gateway = devices.home[devices.active], devices.gateway[devices.active]
        np.minimum.at(first, home, gateway)
        np.maximum.at(last, home, gateway)
        return first, last

    def _home_fields(self, home: int, elder: int) -> dict[str, Any]:
        ids = self.registry.elders.ids
        fields: dict[str, Any] = {"home": self.registry.homes.ids[home] if home >= 0 else None}
        if elder >= 0:
            fields["elder"] = ids[elder]
        elif home >= 0:
            fields["elders"] = tuple(ids[e] for e in self.residents.members(home))
        return fields

    def elders_of(self, devices: NDArray[np.integer]) -> tuple[NDArray[Any], NDArray[Any]]:
        """(index into `devices`, elder row): a device's own elder, or everyone of its home."""
        elder = self.registry.devices.elder[devices]
        own, shared = indices(elder >= 0), indices(elder < 0)
        which, members = self.residents.expand(self.registry.devices.home[devices[shared]])
        return (
            np.concatenate([own, shared[which]]),
            np.concatenate([elder[own].astype(np.int64), members]),
        )
