"""Who can have which incident: a home, a device and the person, ordered so that communities
take turns."""

from collections import defaultdict
from functools import cache
from itertools import zip_longest
from typing import NamedTuple

import numpy as np

from schemas.directory import DeviceKind, Directory, Living, Location
from simulator.dice import Dice
from simulator.fleet import CANONICAL
from simulator.kinds import Incident, Kind, make_incident

_DEVICE = {
    Kind.SOS: DeviceKind.SOS_BUTTON,
    Kind.FALL: DeviceKind.FALL_SENSOR,
    Kind.SLOW_FALL: DeviceKind.FALL_SENSOR,
    Kind.SUSPECTED_FALL: DeviceKind.FALL_SENSOR,
    Kind.HEART_RATE: DeviceKind.MATTRESS,
    Kind.NIGHT_ABSENCE: DeviceKind.MATTRESS,
    Kind.SILENT: DeviceKind.MATTRESS,
}
_NEEDS_SUSPICION = (Kind.SLOW_FALL, Kind.SUSPECTED_FALL)
"""Only a radar with a state for "suspected" can tell these."""
_ALONE = (Living.LONE, Living.LEFT_BEHIND)


class Candidate(NamedTuple):
    home: str
    elder: str | None
    device: str
    profile: str
    area: str
    alone: bool


def happen(kind: Kind, who: Candidate, at: int, *, repeat: bool) -> Incident:
    return make_incident(
        kind,
        home=who.home,
        elder=who.elder,
        device=who.device,
        area=who.area,
        at=at,
        repeat=repeat,
    )


class Candidates:
    """All of a directory's, by kind of incident."""

    def __init__(self, directory: Directory, dice: Dice) -> None:
        self._dice = dice
        self._all = _everybody(directory)
        self.of = cache(self._of)
        """Those who can have a kind of incident; remembered."""

    def _of(self, kind: Kind) -> tuple[Candidate, ...]:
        fitting = [c for c in self._all.get(_DEVICE[kind], ()) if _can(kind, c)]
        return _by_turns(fitting, self._dice)


def _everybody(directory: Directory) -> dict[DeviceKind, list[Candidate]]:
    """By the kind of device; beds that feed no rule of one person are left out."""
    area = {h.id: h.area for h in directory.homes}
    elders = {e.id: e for e in directory.elders}
    made: dict[DeviceKind, list[Candidate]] = defaultdict(list)
    for d in directory.devices:
        if d.location in (Location.SHARED_BED, Location.GUEST_BED):
            continue
        elder = elders.get(d.elder or "")
        home = d.home or (elder.home if elder else "")
        alone = elder is not None and elder.living in _ALONE
        made[d.kind].append(Candidate(home, d.elder, d.id, d.profile, area[home], alone))
    return made


def _can(kind: Kind, c: Candidate) -> bool:
    if kind in _NEEDS_SUSPICION:
        return c.profile == CANONICAL
    if kind is Kind.NIGHT_ABSENCE:
        return c.alone
    return kind is not Kind.HEART_RATE or c.elder is not None


def _by_turns(some: list[Candidate], dice: Dice) -> tuple[Candidate, ...]:
    """Shuffled within each community, then one of each community after another."""
    order = np.argsort(dice.bits(900, range(len(some))), kind="stable")
    by_area: dict[str, list[Candidate]] = defaultdict(list)
    for k in order.tolist():
        by_area[some[k].area].append(some[k])
    columns = [by_area[a] for a in sorted(by_area)]
    return tuple(c for row in zip_longest(*columns) for c in row if c is not None)
