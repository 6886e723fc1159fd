"""When what goes wrong: thrown for each home, community and district and day by itself."""

from __future__ import annotations

from collections.abc import Iterator

from schemas.alerts import Severity
from schemas.directory import Device, DeviceKind, Directory, Level
from schemas.times import DAY, HOUR, MINUTE, SECOND
from simulator.dice import Dice, key_of, keys_of
from simulator.faults import specs
from simulator.faults.specs import Spec
from simulator.kinds import Expected, Fault, Incident, Right
from simulator.roster import Int
from simulator.scripts import SLACK
from simulator.traits import battery

_LOW_BATTERY = 15
_TELLS_BATTERY = {DeviceKind.MATTRESS: HOUR + MINUTE}
_LIMIT = {DeviceKind.MATTRESS: 15 * MINUTE, DeviceKind.FALL_SENSOR: 5 * MINUTE}
_PATIENCE = 15 * MINUTE
"""The longest that any gateway here may be silent: its mattresses' limit."""


class Mishaps:
    """Episodes of the faults that are switched on, day by day."""

    def __init__(self, directory: Directory, faults: frozenset[Fault], seed: int) -> None:
        self._faults, self._dice = faults, Dice(seed, "faults")
        self._area = {h.id: h.area for h in directory.homes}
        homes = {e.id: e.home for e in directory.elders}
        self._devices: dict[str, list[Device]] = {h.id: [] for h in directory.homes}
        for device in directory.devices:
            self._devices[device.home or homes[device.elder or ""]].append(device)
        self._ids = list(self._devices)
        self._keys: Int = keys_of(self._ids)
        self._areas = directory.areas

    def throughout(self, start: int, until: int | None) -> Iterator[Incident]:
        """What is there all the time: one line each."""
        for fault in specs.ALWAYS:
            if fault in self._faults and self._areas:
                ends = until if until is not None else start + 3650 * DAY
                yield _of_area(fault, self._areas[0].id, start, ends, Spec(1, (0, 0)))

    def of_areas(self, day: int, begins: int) -> list[Incident]:
        """Of communities and districts, on the day that begins at `begins`."""
        made = []
        levels = ((specs.OF_COMMUNITY, Level.COMMUNITY), (specs.OF_DISTRICT, Level.DISTRICT))
        for some, level in levels:
            areas = [a.id for a in self._areas if a.level is level]
            for fault, spec in some.items():
                if fault not in self._faults:
                    continue
                keys = keys_of(areas) ^ key_of(fault)
                for k in self._dice.chance(spec.chance, keys, day, 1).nonzero()[0].tolist():
                    at, ends = self._span(spec, begins, (int(keys[k]), day))
                    made.append(_of_area(fault, areas[k], at, ends, spec))
        return made

    def of_homes(self, day: int, begins: int, busy: dict[str, int]) -> Iterator[Incident]:
        """Of one device or gateway; `busy`: until when each home is taken, changed in place."""
        for fault, spec in specs.OF_HOME.items():
            if fault not in self._faults:
                continue
            keys = self._keys ^ key_of(fault)
            for k in self._dice.chance(spec.chance, keys, day, 1).nonzero()[0].tolist():
                id_, stream = self._ids[k], (int(keys[k]), day)
                at, ends = self._span(spec, begins, stream)
                device = self._device(id_, spec, stream)
                if device is None or (spec.alone and busy.get(id_, 0) > at):
                    continue
                incident = self._make(fault, spec, (at, ends), id_, device)
                if spec.alone:
                    busy[id_] = max(busy.get(id_, 0), ends + incident.tail)
                yield incident

    def _span(self, spec: Spec, begins: int, stream: tuple[int, int]) -> tuple[int, int]:
        at = begins + int(self._dice.between(0, DAY, *stream, 2)) // 1000 * 1000
        return at, at + int(self._dice.between(*spec.lasts, *stream, 3)) // 1000 * 1000

    def _device(self, home: str, spec: Spec, stream: tuple[int, int]) -> Device | None:
        some = self._devices[home]
        if spec.kinds:
            some = [d for d in some if d.kind in spec.kinds and d.profile in spec.profiles]
        return some[self._dice.pick(len(some), *stream, 4)] if some else None

    def _make(
        self, fault: Fault, spec: Spec, span: tuple[int, int], home: str, device: Device
    ) -> Incident:
        at, ends = span
        whole = not spec.kinds
        return Incident(
            kind=fault,
            home=home,
            elder=None if whole else device.elder,
            device=None if whole else device.id,
            area=self._area[home],
            at=at,
            ends=ends,
            expected=self._expected(fault, device, span, alone=len(self._devices[home]) < 2),
            right=spec.right + ((Right("battery-low"),) if fault is Fault.BATTERY else ()),
            gateway=device.gateway if whole else None,
        )

    def _expected(
        self, fault: Fault, device: Device, span: tuple[int, int], *, alone: bool
    ) -> tuple[Expected, ...]:
        at, ends = span
        if fault is Fault.BATTERY:
            low = at + round((ends - at) * decline(battery(key_of(device.id)), _LOW_BATTERY - 1))
            by = low + _TELLS_BATTERY[device.kind] + SLACK
            return (Expected("battery-low", Severity.BLUE, by),) if by < ends else ()
        if fault is Fault.GATEWAY_OUTAGE and ends - at > _PATIENCE + MINUTE:
            by = at + _PATIENCE + 30 * SECOND + SLACK
            return (Expected("gateway-silent", Severity.BLUE, by),)
        limit = _LIMIT.get(device.kind, DAY) + 30 * SECOND
        if fault is Fault.HISTORY and not alone and ends - at > limit + MINUTE:
            return (Expected("device-silent", Severity.BLUE, at + limit + SLACK),)
        return ()


def decline(full: int, level: float) -> float:
    """Share of a decline after which a battery that began at `full` is at `level` %."""
    return (full - level) / (full - specs.EMPTY)


def _of_area(fault: Fault, area: str, at: int, ends: int, spec: Spec) -> Incident:
    return Incident(fault, None, None, None, area, at, ends, right=spec.right)
