"""The registry as ingest asks it: ids to rows, and whether a device speaks from its place."""

from collections.abc import Collection, Sequence
from itertools import repeat
from typing import NamedTuple

import numpy as np

from schemas.directory import DEFAULT_ZONE
from schemas.readings import Int32
from schemas.registry import Registry


class Known(NamedTuple):
    """A registered device; rows of the directory, -1 for none."""

    row: int
    elder: int
    gateway: int
    profile: str


class Rows(NamedTuple):
    """Rows of the directory for as many ids, -1 for none: int32 columns of one length."""

    device: Int32
    elder: Int32
    gateway: Int32


class Lookup:
    """Of one registry version: its own dictionaries and columns, nothing beside them."""

    def __init__(
        self, registry: Registry, *, ignored: Collection[tuple[str, str]] = frozenset()
    ) -> None:
        """`ignored`: (gateway, device) ids of strangers whose messages are only counted."""
        self.gateways = registry.gateways.row
        self._area = registry.gateways.area
        self._gateway_ids = registry.gateways.ids
        self._registry = registry
        self._ignored = ignored

    def device(self, id_: str) -> Known | None:
        """A registered device, by its id as the registry writes it."""
        found = self._registry.devices
        row = found.row.get(id_)
        if row is None:
            return None
        return Known(row, int(found.elder[row]), int(found.gateway[row]), found.profile[row])

    def rows_of(self, devices: Sequence[str]) -> Rows:
        """Of registered devices, by their ids as the registry writes them."""
        found = self._registry.devices
        rows = np.fromiter(map(found.row.get, devices, repeat(-1)), np.int32, len(devices))
        known = rows >= 0
        if not known.any():
            return Rows(rows, rows, rows)
        none = np.int32(-1)
        elder, gateway = found.elder[rows], found.gateway[rows]
        return Rows(rows, np.where(known, elder, none), np.where(known, gateway, none))

    def profile_of(self, device: str) -> str | None:
        row = self._registry.devices.row.get(device)
        return None if row is None else self._registry.devices.profile[row]

    def zone_of(self, gateway: str) -> str:
        """The zone in which devices behind a gateway tell local times, an IANA name."""
        row = self.gateways.get(gateway)
        return DEFAULT_ZONE if row is None else self._registry.gateways.zone[row]

    def place_of(self, known: Known) -> tuple[str, str]:
        """Area and gateway id that the registry names for a device."""
        return self._area[known.gateway], self._gateway_ids[known.gateway]

    def gateway_in(self, area: str, gateway: str) -> int | None:
        """The row of a gateway that the registry has in this area."""
        row = self.gateways.get(gateway)
        return row if row is not None and self._area[row] == area else None

    def is_ignored(self, *, gateway: str, device: str) -> bool:
        return (gateway, device) in self._ignored

    def elders_behind(self, gateway: str) -> tuple[str, ...]:
        """Everyone in the homes that a gateway serves, by id: whom a stranger's press may be from.

        Looks through the registry: for the rare emergency, not for every message.
        """
        row = self.gateways.get(gateway)
        if row is None:
            return ()
        devices, elders = self._registry.devices, self._registry.elders
        homes = devices.home[devices.active & (devices.gateway == row)]
        rows = np.flatnonzero(elders.active & np.isin(elders.home, homes))
        return tuple(sorted(elders.ids[r] for r in rows.tolist()))

    def misplaced(self, known: Known | None, *, area: str, gateway: str) -> tuple[str, str] | None:
        """Why a reading must wait in quarantine, as code and sentence; None if all is right."""
        row = self.gateways.get(gateway)
        if known is None:
            return "unknown_device", "the registry does not know this device: adopt or ignore it"
        if row is None:
            return "unknown_gateway", "the registry does not know this gateway: register it"
        if known.gateway != row:
            return "wrong_gateway", "the registry has this device behind another gateway"
        if self._area[row] != area:
            return "wrong_area", f"the registry has this gateway in area {self._area[row]}"
        return None
