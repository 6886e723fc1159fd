"""Silence for the plain engine: of devices, of gateways, and of all that watches an elder."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.support.reference_figures import MIN

if TYPE_CHECKING:
    from tests.support.reference_engine import ReferenceEngine
    from tests.support.reference_world import Row


@dataclass
class Heard:
    """Of a device or a gateway: by received time."""

    at: int | None = None
    joined: int | None = None
    back: int | None = None
    offline: bool = False


def _latest(*times: int | None) -> int | None:
    return max((t for t in times if t is not None), default=None)


class Silence:
    def __init__(self, engine: ReferenceEngine) -> None:
        self.engine = engine
        self.floor: int | None = None
        self.devices: dict[str, Heard] = {}
        self.gateways: dict[str, Heard] = {}
        self.due: dict[tuple[str, str], int | None] = defaultdict(lambda: None)
        """By (rule, id): when a silence is judged."""
        self.follow()

    # Who there is

    def follow(self) -> None:
        """The engine's devices and elders have changed: count everything anew."""
        now = self.engine.clock
        devices = self.engine.devices
        gateways = self.engine.gateways
        self.devices = {d: self.devices.get(d, Heard(joined=now)) for d in devices}
        self.gateways = {g: self.gateways.get(g, Heard(joined=now)) for g in sorted(gateways)}
        self.due.clear()
        self._count_all()

    def _behind(self, gateway: str) -> list[str]:
        return [d.id for d in self.engine.devices.values() if d.gateway == gateway]

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
        return min((self.limit(d) for d in self._behind(gateway)), default=5 * MIN)

    # Counting

    def count_from(self, now: int) -> None:
        """Every silence counts from now at the earliest."""
        self.floor = now
        self._count_all()

    def _count_all(self) -> None:
        for device in self.devices:
            self._count_device(device)
        for gateway in self.gateways:
            self._count_gateway(gateway)
        for elder in self.engine.elders:
            self._count_elder(elder)

    def _set(self, rule: str, kind: str, id_: str, base: int | None, after: int | None) -> None:
        is_open = self.engine._alert(rule, f"{kind}:{id_}").severity is not None
        counts = not is_open and base is not None and after is not None
        self.due[(rule, id_)] = base + after if counts else None  # type: ignore[operator]

    def _count_device(self, id_: str) -> None:
        heard = self.devices[id_]
        back = self.gateways[self.engine.devices[id_].gateway].back
        base = _latest(heard.at, heard.joined, back, self.floor)
        self._set("device-silent", "device", id_, base, self.limit(id_))

    def _gateway_base(self, id_: str) -> int | None:
        heard = self.gateways[id_]
        return _latest(heard.at, heard.joined, self.floor)

    def _count_gateway(self, id_: str) -> None:
        after = self.patience(id_) if self._behind(id_) else None
        self._set("gateway-silent", "gateway", id_, self._gateway_base(id_), after)

    def _count_elder(self, id_: str) -> None:
        heard = [self.devices[d] for d in self._devices_of(id_)]
        base = _latest(self.floor, *(h.at for h in heard), *(h.joined for h in heard))
        after = self.engine.micros("unprotected", "silent_s", id_) if heard else None
        self._set("unprotected", "elder", id_, base, after)

    # Judging, by the clock

    def fire(self) -> None:
        clock = self.engine.clock
        for (rule, id_), due in list(self.due.items()):
            if clock is None or due is None or due > clock:
                continue
            self.due[(rule, id_)] = None
            if rule == "device-silent":
                if not self._down(self.engine.devices[id_].gateway, due):
                    self.engine._reach(rule, f"device:{id_}", due, "blue")
            elif rule == "gateway-silent":
                self.engine._reach(rule, f"gateway:{id_}", due, "blue")
            else:
                self.engine._reach(rule, f"elder:{id_}", due, "orange")

    def _down(self, gateway: str, at: int) -> bool:
        base = self._gateway_base(gateway)
        assert base is not None
        return self.gateways[gateway].offline or at - base >= self.patience(gateway)

    # Hearing

    def hear(self, row: Row) -> None:
        gateway = row.gateway
        known = row.device in self.engine.devices
        if row.device is not None and known:
            gateway = self.engine.devices[row.device].gateway
        if gateway is None or gateway not in self.gateways:
            return
        if row.device is None and row.online is False:
            self.gateways[gateway].offline = True
            if self._behind(gateway):
                self.due[("gateway-silent", gateway)] = None
                self.engine._reach("gateway-silent", f"gateway:{gateway}", row.received, "blue")
        elif not row.retained:
            self._hear_gateway(gateway, row.received)
            if row.device is not None and known:
                self._hear_device(row.device, row.received)

    def _hear_gateway(self, id_: str, now: int) -> None:
        heard = self.gateways[id_]
        gap = None if heard.at is None else now - heard.at
        if heard.offline or gap is None or gap >= self.patience(id_):
            heard.back = now
            for device in self._behind(id_):
                self._count_device(device)
        heard.at, heard.offline = now, False
        self.engine._clear("gateway-silent", f"gateway:{id_}", now)
        self._count_gateway(id_)

    def _hear_device(self, id_: str, now: int) -> None:
        self.engine._clear("device-silent", f"device:{id_}", now)
        self.devices[id_].at = now
        self._count_device(id_)
        for elder in self.engine.elders:
            if id_ in self._devices_of(elder):
                self.engine._clear("unprotected", f"elder:{elder}", now)
                self._count_elder(elder)
