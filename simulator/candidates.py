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
from simulator.kinds import Kind

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


class Candidates:
    """All of a directory's, by kind of incident. Built once for each kind, then remembered."""

    def __init__(self, directory: Directory, dice: Dice) -> None:
        self._directory, self._dice = directory, dice
        self.of = cache(self._of)

    def _of(self, kind: Kind, device: DeviceKind | None = None) -> tuple[Candidate, ...]:
        """Those who can have it; `device` only says again what the kind implies."""
        if device not in (None, _DEVICE[kind]):
            return ()
        fitting = [c for c in self._all(_DEVICE[kind]) if _can(kind, c)]
        return _by_turns(fitting, self._dice)

    def _all(self, kind: DeviceKind) -> list[Candidate]:
        area = {h.id: h.area for h in self._directory.homes}
        elders = {e.id: e for e in self._directory.elders}
        made = []
        for d in self._directory.devices:
            if d.kind is not kind or d.location in (Location.SHARED_BED, Location.GUEST_BED):
                continue
            elder = elders.get(d.elder or "")
            home = d.home or (elder.home if elder else "")
            alone = elder is not None and elder.living in _ALONE
            made.append(Candidate(home, d.elder, d.id, d.profile, area[home], alone))
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
