"""The demo's first minute: something of each, in homes of their own, communities by turns."""

from typing import NamedTuple

from schemas.times import SECOND
from simulator.candidates import Candidates
from simulator.happen import happen
from simulator.household import CANONICAL, VS373, WS101, Z2M_SOS
from simulator.kinds import Incident, Kind
from simulator.people import Candidate


class _Scene(NamedTuple):
    """A staged incident: seconds after the start, on a device of which profile, and whether
    simulated staff answer it."""

    after: int
    kind: Kind
    profile: str
    answered: bool


_SCENES = (
    _Scene(3, Kind.SOS, CANONICAL, answered=True),
    _Scene(5, Kind.HEART_RATE, CANONICAL, answered=True),
    _Scene(6, Kind.SOS, Z2M_SOS, answered=False),
    _Scene(9, Kind.SOS, WS101, answered=True),
    _Scene(12, Kind.FALL, VS373, answered=False),
    _Scene(15, Kind.SUSPECTED_FALL, CANONICAL, answered=True),
)


def stage(
    candidates: Candidates, start: int, until: int | None
) -> tuple[tuple[Incident, ...], frozenset[str]]:
    """One incident a scene as far as the fleet has the device, and the homes left unanswered."""
    made: list[Incident] = []
    left_alone: set[str] = set()
    for scene in _SCENES:
        at = start + scene.after * SECOND
        if until is not None and at >= until:
            continue
        wanted = [c for c in candidates.of(scene.kind) if c.profile == scene.profile]
        if not wanted:
            continue
        chosen = min(wanted, key=lambda c: _taken(c, made))
        made.append(happen(scene.kind, chosen, at))
        if not scene.answered:
            left_alone.add(chosen.home)
    return tuple(made), frozenset(left_alone)


def _taken(candidate: Candidate, made: list[Incident]) -> tuple[int, int]:
    same_home = sum(i.home == candidate.home for i in made)
    return same_home, sum(i.area == candidate.area for i in made)
