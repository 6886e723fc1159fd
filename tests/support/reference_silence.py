"""Silence for the plain engine: of devices, of gateways, and of all that watches an elder."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.support.reference_figures import MIN

if TYPE_CHECKING:
    from tests.support.reference_engine import ReferenceEngine, Row


@dataclass
class Quiet:
    """When something spoke, from when its silence counts, and when it is judged."""

    heard: int | None = None
    base: int | None = None
    due: int | None = None
    offline: bool = False

    def count(self, now: int) -> None:
        self.base = now if self.base is None else max(self.base, now)


class Silence:
    def __init__(self, engine: ReferenceEngine) -> None:
        self.engine = engine
        self.devices = {d: Quiet() for d in engine.devices}
        self.gateways = {d.gateway: Quiet() for d in engine.devices.values()}
        self.elders = {e: Quiet() for e in engine.elders if self._devices_of(e)}

    def _devices_of(self, elder: str) -> list[str]:
        home = self.engine.elders[elder].home
        devices = self.engine.devices.values()
        return [d.id for d in devices if d.elder == elder or (d.elder is None and d.home == home)]

    def limit(self, id_: str) -> int:
        device = self.engine.devices[id_]
        own = self.engine.micros("device-silent", f"{device.kind}_s", device.elder)
        assert own is not None
        return max(device.limit_with(own), 5 * MIN)

    def patience(self, gateway: str) -> int:
        devices = self.engine.devices.values()
        return min(self.limit(d.id) for d in devices if d.gateway == gateway)

    # Counting

    def count_from(self, now: int) -> None:
        """Every silence counts from now at the earliest."""
        for device in self.devices:
            self._count_device(device, now)
        for gateway in self.gateways:
            self._count_gateway(gateway, now)
        for elder in self.elders:
            self._count_elder(elder, now)

    def _count_device(self, id_: str, now: int) -> None:
        quiet = self.devices[id_]
        quiet.count(now)
        if not self._open("device-silent", f"device:{id_}") and quiet.base is not None:
            quiet.due = quiet.base + self.limit(id_)

    def _count_gateway(self, id_: str, now: int) -> None:
        quiet = self.gateways[id_]
        quiet.count(now)
        if not self._open("gateway-silent", f"gateway:{id_}") and quiet.base is not None:
            quiet.due = quiet.base + self.patience(id_)

    def _count_elder(self, id_: str, now: int) -> None:
        quiet = self.elders[id_]
        quiet.count(now)
        after = self.engine.micros("unprotected", "silent_s", id_)
        if not self._open("unprotected", f"elder:{id_}") and quiet.base is not None:
            quiet.due = None if after is None else quiet.base + after

    def _open(self, rule: str, subject: str) -> bool:
        return self.engine._alert(rule, subject).severity is not None

    # Judging, by the clock

    def fire(self) -> None:
        clock = self.engine.clock
        if clock is None:
            return
        due_devices = [(d, q.due) for d, q in self.devices.items() if _is_due(q, clock)]
        for id_, due in due_devices:
            assert due is not None
            self.devices[id_].due = None
            if not self._down(self.engine.devices[id_].gateway, due):
                self.engine._reach("device-silent", f"device:{id_}", due, "blue")
        for rule, kind, severity, table in (
            ("gateway-silent", "gateway", "blue", self.gateways),
            ("unprotected", "elder", "orange", self.elders),
        ):
            for id_, quiet in table.items():
                if _is_due(quiet, clock) and quiet.due is not None:
                    due, quiet.due = quiet.due, None
                    self.engine._reach(rule, f"{kind}:{id_}", due, severity)

    def _down(self, gateway: str, at: int) -> bool:
        quiet = self.gateways[gateway]
        assert quiet.base is not None
        return quiet.offline or at - quiet.base >= self.patience(gateway)

    # Hearing

    def hear(self, row: Row) -> None:
        gateway = row.gateway
        if row.device is not None:
            gateway = self.engine.devices[row.device].gateway
        if gateway is None:
            return
        if row.device is None and row.online is False:
            self.gateways[gateway].offline = True
            self.gateways[gateway].due = None
            self.engine._reach("gateway-silent", f"gateway:{gateway}", row.received, "blue")
        elif not row.retained:
            self._hear_gateway(gateway, row.received)
            if row.device is not None:
                self._hear_device(row.device, row.received)

    def _hear_gateway(self, id_: str, now: int) -> None:
        quiet = self.gateways[id_]
        gap = None if quiet.heard is None else now - quiet.heard
        if quiet.offline or gap is None or gap >= self.patience(id_):
            for device in self.engine.devices.values():
                if device.gateway == id_:
                    self._count_device(device.id, now)
        quiet.heard, quiet.offline = now, False
        self.engine._clear("gateway-silent", f"gateway:{id_}", now)
        self._count_gateway(id_, now)

    def _hear_device(self, id_: str, now: int) -> None:
        self.engine._clear("device-silent", f"device:{id_}", now)
        self._count_device(id_, now)
        for elder in self.elders:
            if id_ in self._devices_of(elder):
                self.engine._clear("unprotected", f"elder:{elder}", now)
                self._count_elder(elder, now)


def _is_due(quiet: Quiet, clock: int) -> bool:
    return quiet.due is not None and quiet.due <= clock
