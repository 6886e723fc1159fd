"""One incident of a kind, with its truth."""

from simulator.kinds import Expected, Incident, Kind
from simulator.people import Candidate
from simulator.scripts import SCRIPTS, expected, inactive


def happen(
    kind: Kind, who: Candidate, at: int, *, ends: int | None = None, repeat: bool = False
) -> Incident:
    """At `at` (µs UTC); `ends` is the script's shortest where it is not given."""
    script = SCRIPTS[kind]
    ends = at + script.lasts[0] if ends is None else ends
    return Incident(
        kind=kind,
        home=who.home,
        elder=who.elder,
        device=who.device or None,
        area=who.area,
        at=at,
        ends=ends,
        expected=_expected(kind, who, at, ends),
        repeat=repeat and kind is Kind.SOS,
        right=script.right,
    )


def _expected(kind: Kind, who: Candidate, at: int, ends: int) -> tuple[Expected, ...]:
    if kind in (Kind.COLLAPSE, Kind.DEATH):
        return inactive(at, ends, room=who.room)
    due = expected(kind, at, alone=who.alone)
    if kind is Kind.SILENT and who.sole:
        # Nothing else of this home speaks: it is its gateway that falls silent.
        return tuple(e._replace(rule="gateway-silent") for e in due)
    return due


def free_again(incident: Incident) -> int:
    """From when on the home may have another incident."""
    pause = SCRIPTS[incident.kind].pause if isinstance(incident.kind, Kind) else incident.tail
    return incident.ends + pause
