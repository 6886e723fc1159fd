"""One home: who lives there, who is called, and which devices stand where.

A home is thrown from (seed, its number) alone: home 17 of 200 and of 22,000 differ in nothing but
the community they stand in. Shares of living status, care levels, tags and devices are this
project's own estimate of a purchased-service population, not a published one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import NamedTuple

import numpy as np

from schemas.directory import (
    Area,
    Contact,
    Device,
    DeviceKind,
    Elder,
    Gateway,
    Home,
    Living,
    Location,
)
from simulator import names
from simulator.dice import Dice

CANONICAL = "canonical"
VS373 = "milesight-vs373-mqtt"
Z2M_SOS = "z2m-sos-button"
WS101 = "milesight-ws101-chirpstack"
BED_BAND = "easydoc-bed-band"
BUTTONS = (CANONICAL, Z2M_SOS, WS101)

MATTRESS_S = 30
RADAR_S = 60
VS373_S = 300
"""It speaks when presence changes; a status report every five minutes is its heartbeat."""
BUTTON_S = 6 * 3600
BEDRIDDEN = 4
"""The care level (complete loss of ability) at which a person here stays in bed."""
_COUPLES = 0.15
_ONE_BED, _GUEST_BED = 0.25, 0.25
"""Of couples: those who share one bed, and those with a guest's bed beside their two."""
_MATTRESS_ONLY = 0.04
"""Of homes: no room sensor and no button."""
_BED_BAND = 10
"""One home in so many has a bed band in its first bed, no mattress of ours."""
_SECOND_BUTTON = 8
"""One home in so many has a wall button beside the worn one."""
_STREAMS = (*range(64), 800, 801)
_AT_ONCE = 256
_PLAIN = 6
"""The first so many homes have no odd set of devices: the smallest fleet shows every model."""


class Household(NamedTuple):
    home: Home
    elders: tuple[Elder, ...]
    contacts: tuple[Contact, ...]
    gateway: Gateway
    devices: tuple[Device, ...]


class Maker:
    """Makes homes of a seed's `dice`; throws are made for many at once."""

    def __init__(self, dice: Dice) -> None:
        self._dice = dice

    def homes(self, places: Iterable[tuple[int, Area, Area]]) -> Iterator[Household]:
        """One for each number (from 1), community and street."""
        places = iter(places)
        while some := list(islice(places, _AT_ONCE)):
            numbers = np.array([[n] for n, _, _ in some])
            units = self._dice.unit(numbers, _STREAMS).tolist()
            bits = self._dice.bits(numbers, [900, 901]).tolist()
            for (n, community, street), mine, ids in zip(some, units, bits, strict=True):
                yield _household(n, community, street, _Throws(mine, ids))


def _household(n: int, community: Area, street: Area, throw: _Throws) -> Household:
    home = _home(n, community, street, throw)
    elders = tuple(_elders(n, home, throw))
    gateway = Gateway(id=f"gw{n:04d}", area=community.id)
    contacts = tuple(c for e in elders for c in _contacts(e, throw))
    devices = tuple(_devices(n, elders, gateway, throw))
    return Household(home, elders, contacts, gateway, devices)


class _Throws:
    """The throws of one home, one after another."""

    def __init__(self, units: list[float], bits: list[int]) -> None:
        *self._units, self.beds, self.equipment = units
        self._values, self._bits = iter(self._units), bits

    def unit(self) -> float:
        return float(next(self._values))

    def below(self, n: int) -> int:
        return int(self.unit() * n)

    def hex(self, digits: int, which: int = 0) -> str:
        return f"{self._bits[which]:016x}"[:digits]


def _home(n: int, community: Area, street: Area, throw: _Throws) -> Home:
    block, unit, floor, flat = (1 + throw.below(k) for k in (24, 4, 7, 3))
    note = names.DOOR_NOTES[throw.below(len(names.DOOR_NOTES))].format(n=2 + throw.below(5))
    wanted = throw.unit() < 0.5
    return Home(
        id=f"h{n:04d}",
        area=community.id,
        address=f"{street.name}{community.name}{block}幢{unit}单元{floor}{flat:02d}室",
        door_note=note if wanted else None,
    )


def _by_share(throw: _Throws, shares: tuple[tuple[Living, float], ...]) -> Living:
    left = throw.unit()
    for living, share in shares:
        left -= share
        if left < 0:
            return living
    return shares[-1][0]


_SINGLE = ((Living.LONE, 0.6), (Living.LEFT_BEHIND, 0.12), (Living.WITH_FAMILY, 0.28))
_COUPLE = ((Living.EMPTY_NEST, 0.75), (Living.WITH_FAMILY, 0.25))
_CARE = (0.35, 0.60, 0.80, 0.93)


def _elders(n: int, home: Home, throw: _Throws) -> Iterator[Elder]:
    couple = throw.unit() < _COUPLES
    living = _by_share(throw, _COUPLE if couple else _SINGLE)
    for k in range(1, 3 if couple else 2):
        surname = names.SURNAMES[throw.below(len(names.SURNAMES))]
        given = names.ELDER_GIVEN[throw.below(len(names.ELDER_GIVEN))]
        grade = throw.unit()
        yield Elder(
            id=f"e{n:04d}-{k}",
            name=surname + given,
            home=home.id,
            living=living,
            care_level=sum(grade >= mark for mark in _CARE),
            tags=_tags(living, throw),
            birth_year=1930 + throw.below(16) + throw.below(16),
            phone=names.phone(n * 10 + k) if throw.unit() < 0.8 else None,
            doctor=f"家庭医生{names.SURNAMES[throw.below(len(names.SURNAMES))]}",
        )


def _tags(living: Living, throw: _Throws) -> tuple[str, ...]:
    bereft = throw.unit() < 0.05 and living is Living.LONE
    special = throw.unit() < 0.03
    return ("bereft",) * bereft + ("one_child_policy_special",) * special


def _contacts(elder: Elder, throw: _Throws) -> Iterator[Contact]:
    if "bereft" in elder.tags:
        return
    for priority in (1, 2):
        relation, title = names.RELATIONS[throw.below(len(names.RELATIONS))]
        surname = names.SURNAMES[throw.below(len(names.SURNAMES))]
        yield Contact(
            elder=elder.id,
            name=surname + title,
            relation=relation,
            phone=names.phone(4_000_000 + throw.below(3_000_000)),
            priority=priority,
        )


def _devices(
    n: int, elders: tuple[Elder, ...], gateway: Gateway, throw: _Throws
) -> Iterator[Device]:
    yield from _mattresses(n, elders, gateway, throw)
    if throw.equipment < _MATTRESS_ONLY and n > _PLAIN:
        return
    shared = elders[0] if len(elders) == 1 else elders[0].home
    profile = VS373 if n % 2 == 0 else CANONICAL
    radar = f"r{n:04d}" if profile == CANONICAL else f"6801{n:012d}"
    yield _device(radar, profile, gateway, shared, (DeviceKind.FALL_SENSOR, Location.ROOM))
    worn = BUTTONS[(n - 1) % 3]
    button = (DeviceKind.SOS_BUTTON, Location.WORN)
    yield _device(_button(worn, n, throw), worn, gateway, elders[0], button)
    if n % _SECOND_BUTTON == 2:
        wall = BUTTONS[n % 3]
        button = (DeviceKind.SOS_BUTTON, Location.WALL)
        yield _device(_button(wall, n, throw), wall, gateway, shared, button)


def _mattresses(
    n: int, elders: tuple[Elder, ...], gateway: Gateway, throw: _Throws
) -> Iterator[Device]:
    """One a bed; the bed of two, and a guest's, belong to the home."""
    couple = len(elders) > 1 and n > _PLAIN
    if couple and throw.beds < _ONE_BED:
        where = (DeviceKind.MATTRESS, Location.SHARED_BED)
        yield _device(f"m{n:04d}", CANONICAL, gateway, elders[0].home, where)
        return
    for k, elder in enumerate(elders):
        banded = k == 0 and n % _BED_BAND == 5
        id_ = _mac(n) if banded else f"m{n:04d}" if k == 0 else f"m{n:04d}-{k + 1}"
        profile = BED_BAND if banded else CANONICAL
        yield _device(id_, profile, gateway, elder, (DeviceKind.MATTRESS, Location.BED))
    if couple and throw.beds > 1 - _GUEST_BED:
        where = (DeviceKind.MATTRESS, Location.GUEST_BED)
        yield _device(f"m{n:04d}-g", CANONICAL, gateway, elders[0].home, where)


def _mac(n: int) -> str:
    """Of a bed band, unique by the home's number."""
    return "f4:cf:a2:" + ":".join(f"{n:06x}"[i : i + 2] for i in (0, 2, 4))


def _button(profile: str, n: int, throw: _Throws) -> str:
    """In the vendor's own form, unique by the home's number."""
    if profile == Z2M_SOS:
        return f"0xa4c138{throw.hex(4)}{n:06x}"
    if profile == WS101:
        return f"24e124{throw.hex(4, 1)}{n:06x}"
    return f"b{n:04d}"


_INTERVAL = {
    DeviceKind.MATTRESS: MATTRESS_S,
    DeviceKind.FALL_SENSOR: RADAR_S,
    DeviceKind.SOS_BUTTON: BUTTON_S,
}


def _device(
    id_: str,
    profile: str,
    gateway: Gateway,
    owner: Elder | str,
    what: tuple[DeviceKind, Location],
) -> Device:
    kind, location = what
    return Device(
        id=id_,
        kind=kind,
        profile=profile,
        gateway=gateway.id,
        elder=owner.id if isinstance(owner, Elder) else None,
        home=owner if isinstance(owner, str) else None,
        location=location,
        interval_s=VS373_S if profile == VS373 else _INTERVAL[kind],
    )
