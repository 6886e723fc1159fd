"""The registry as ingest asks it: ids to rows, and whether a device speaks from its place."""

from typing import NamedTuple

from schemas.registry import Registry


class Known(NamedTuple):
    """A registered device; rows of the directory, -1 for none."""

    row: int
    elder: int
    gateway: int
    profile: str


class Lookup:
    """Plain dictionaries, built once a registry version: one look-up a message, no arrays."""

    def __init__(self, registry: Registry) -> None:
        devices = registry.devices
        columns = zip(
            devices.ids,
            devices.active.tolist(),
            devices.elder.tolist(),
            devices.gateway.tolist(),
            devices.profile,
            strict=True,
        )
        self.devices = {
            id_: Known(row, elder, gateway, profile)
            for row, (id_, active, elder, gateway, profile) in enumerate(columns)
            if active
        }
        self.gateways = dict(registry.gateways.row)
        self._area = registry.gateways.area
        self._gateway_ids = registry.gateways.ids

    def profile_of(self, device: str) -> str | None:
        known = self.devices.get(device)
        return known.profile if known else None

    def place_of(self, known: Known) -> tuple[str, str]:
        """Area and gateway id that the registry names for a device."""
        return self._area[known.gateway], self._gateway_ids[known.gateway]

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
