"""A directory for a fleet of homes: the make-up of a district's home-beds, with fictional people.

Each home is thrown from (seed, its number) alone: home 17 of 200 and of 22,000 differ in nothing
but the community they stand in. Shares of living status, care levels and tags are this project's
own estimate of a purchased-service population, not a published one.
"""

from collections.abc import Iterator
from typing import NamedTuple

from schemas.directory import (
    Area,
    Contact,
    Device,
    DeviceKind,
    Directory,
    Elder,
    Gateway,
    Home,
    Living,
    Location,
)
from simulator import names
from simulator.dice import Dice
from simulator.network import Network, make_network

CANONICAL = "canonical"
VS373 = "milesight-vs373-mqtt"
Z2M_SOS = "z2m-sos-button"
WS101 = "milesight-ws101-chirpstack"
BUTTONS = (CANONICAL, Z2M_SOS, WS101)

MATTRESS_S = 30
RADAR_S = 60
VS373_S = 300
"""It speaks when presence changes; a status report every five minutes is its heartbeat."""
BUTTON_S = 6 * 3600
_COUPLES = 0.15
_SECOND_BUTTON = 8
"""One home in so many has a wall button beside the worn one."""


class _Household(NamedTuple):
    home: Home
    elders: tuple[Elder, ...]
    contacts: tuple[Contact, ...]
    gateway: Gateway
    devices: tuple[Device, ...]


def make_directory(*, homes: int, seed: int) -> Directory:
    """The whole registry of a fleet; ValueError unless 1 ≤ homes ≤ 1,900,000."""
    if not 1 <= homes <= 1_900_000:
        raise ValueError(f"between 1 and 1,900,000 homes, not {homes}")
    network = make_network(homes=homes, dice=Dice(seed, "staff"))
    all_ = list(_households(homes, network, Dice(seed, "fleet")))
    return Directory(
        areas=network.areas,
        stations=network.stations,
        homes=tuple(h.home for h in all_),
        elders=tuple(e for h in all_ for e in h.elders),
        gateways=tuple(h.gateway for h in all_),
        devices=tuple(d for h in all_ for d in h.devices),
        contacts=tuple(c for h in all_ for c in h.contacts),
        staff=network.staff,
        duty=network.duty,
    )


def _households(homes: int, network: Network, dice: Dice) -> Iterator[_Household]:
    communities = network.communities
    area_by_id = {a.id: a for a in network.areas}
    for n in range(1, homes + 1):
        community = communities[(n - 1) * len(communities) // homes]
        street = area_by_id[community.parent] if community.parent else community
        throw = _Throws(dice, n)
        home = _home(n, community, street, throw)
        elders = tuple(_elders(n, home, throw))
        gateway = Gateway(id=f"gw{n:04d}", area=community.id)
        contacts = tuple(c for e in elders for c in _contacts(e, throw))
        devices = tuple(_devices(n, elders, gateway, throw))
        yield _Household(home, elders, contacts, gateway, devices)


class _Throws:
    """The throws of one home, one after another."""

    def __init__(self, dice: Dice, home: int) -> None:
        self._values = iter(dice.unit(home, range(64)).tolist())
        self._bits = dice.bits(home, [900, 901]).tolist()

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
    for k, elder in enumerate(elders):
        id_ = f"m{n:04d}" if k == 0 else f"m{n:04d}-{k + 1}"
        yield _device(id_, CANONICAL, gateway, elder, (DeviceKind.MATTRESS, Location.BED))
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
