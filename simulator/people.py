"""Who can have which incident: a home, a device and the person."""

from collections import Counter, defaultdict
from typing import NamedTuple

from schemas.directory import DeviceKind, Directory, Living, Location
from simulator.household import BEDRIDDEN, CANONICAL
from simulator.kinds import Kind
from simulator.scripts import SCRIPTS, When

ALONE = (Living.LONE, Living.LEFT_BEHIND)
_IN_THE_BED = (When.ASLEEP, When.MORNING)
_WALKING = frozenset({Kind.NIGHT_ABSENCE, Kind.WANDERING, Kind.TRIP})


class Candidate(NamedTuple):
    """`elder` is None where the device is the whole home's; `device` and `profile` are "" where
    the incident is of no device. `room`: the home has a room sensor; `bound`: to the bed;
    `sole`: no other device of the home speaks."""

    home: str
    elder: str | None
    device: str
    profile: str
    area: str
    alone: bool
    room: bool = True
    bound: bool = False
    sole: bool = False
    gateway: str = ""
    kind: DeviceKind | None = None


def everybody(directory: Directory) -> dict[str, list[Candidate]]:
    """By home; beds that feed no rule of one person are left out."""
    area = {h.id: h.area for h in directory.homes}
    elders = {e.id: e for e in directory.elders}
    home_of = {d.id: d.home or elders[d.elder or ""].home for d in directory.devices}
    rooms = {home_of[d.id] for d in directory.devices if d.kind is DeviceKind.FALL_SENSOR}
    gateway = {home_of[d.id]: d.gateway for d in directory.devices}
    many = Counter(home_of.values())
    made: dict[str, list[Candidate]] = {h.id: [] for h in directory.homes}
    for d in directory.devices:
        if d.location in (Location.SHARED_BED, Location.GUEST_BED):
            continue
        elder, home = elders.get(d.elder or ""), home_of[d.id]
        alone = elder is not None and elder.living in ALONE
        who = Candidate(home, d.elder, d.id, d.profile, area[home], alone, home in rooms)
        bound = elder is not None and elder.care_level >= BEDRIDDEN
        who = who._replace(gateway=d.gateway, kind=d.kind, bound=bound)
        made[home].append(who._replace(sole=many[home] == 1))
    for e in elders.values():
        who = Candidate(e.home, e.id, "", "", area[e.home], e.living in ALONE, e.home in rooms)
        bound = e.care_level >= BEDRIDDEN
        made[e.home].append(who._replace(gateway=gateway.get(e.home, ""), bound=bound))
    return made


def can(kind: Kind, who: Candidate) -> bool:
    """Whether it is a thing to happen to this person, on this device."""
    script = SCRIPTS[kind]
    if who.kind is not script.device or (script.alone and not who.alone):
        return False
    if who.bound and (kind in _WALKING or script.when in (When.IN_ROOM, When.UP)):
        return False
    if script.suspects or kind is Kind.SOS_TEST:
        return who.profile == CANONICAL
    if kind is Kind.WANDERING:
        return who.elder is not None and who.room
    personal = script.when in _IN_THE_BED or script.alone
    return who.elder is not None or not personal


def by_kind(candidates: list[Candidate]) -> dict[Kind, list[Candidate]]:
    """Of one home: the kinds that can happen there, and to whom."""
    made: dict[Kind, list[Candidate]] = defaultdict(list)
    for kind, script in SCRIPTS.items():
        if script.weight:
            made[kind] += [c for c in candidates if can(kind, c)]
    return {kind: some for kind, some in made.items() if some}
