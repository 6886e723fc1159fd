"""One incident's verdict, by the definitions in docs/reference/reports.md. Pure."""

from dataclasses import dataclass
from datetime import datetime

from schemas.alerts import Severity
from store.stations_report import Case, Step

ANSWERS = frozenset({"acknowledge", "called", "emergency_called", "on_the_way", "on_site", "close"})
"""What a person does that answers: the first acknowledgement, call or step towards the home."""
_WENT = frozenset({"on_the_way", "on_site"})
_UNCOVERED = frozenset({"off_duty", "no_station", "no_place", "no_route"})
CONFIRMED = frozenset({"genuine", "to_hospital", "deceased"})


@dataclass(frozen=True, slots=True)
class Verdict:
    """`answered_s`, `arrived_s`: seconds from `began`; None: never."""

    case: Case
    began: datetime
    answered_s: float | None
    answered_by: str | None
    """The level whose worker answered."""
    must_go: bool
    """A red that needed somebody to go."""
    arrived_s: float | None
    covered: bool
    """Somebody was on duty at the lowest level when it was first paged."""


def judge(case: Case) -> Verdict:
    """What counts is the severity that the incident ended with, from the moment it had it."""
    began = _began(case)
    answer = _first(case, ANSWERS, began)
    arrival = _first(case, {"on_site"}, began)
    return Verdict(
        case,
        began,
        None if answer is None else (answer.at - began).total_seconds(),
        None if answer is None else answer.level,
        case.severity == Severity.RED and _must_go(case),
        None if arrival is None else (arrival.at - began).total_seconds(),
        _covered(case),
    )


def _began(case: Case) -> datetime:
    """When it rose to its severity; else when its first alert was raised, or a hand opened it."""
    rises = [
        s.at for s in case.steps if s.kind == "rose" and s.detail.get("severity") == case.severity
    ]
    if rises:
        return rises[0]
    return min(case.raised, case.opened_at) if case.raised is not None else case.opened_at


def _first(case: Case, kinds: frozenset[str] | set[str], since: datetime) -> Step | None:
    steps = (s for s in case.steps if s.kind in kinds and s.staff is not None and s.at >= since)
    return next(steps, None)


def _must_go(case: Case) -> bool:
    """Unless it was settled by talking: closed with the person spoken to, or handed over, and
    nobody had set out."""
    went = any(s.kind in _WENT for s in case.steps)
    return went or case.reached not in ("spoken", "handed_over")


def _covered(case: Case) -> bool:
    for step in case.steps:
        if step.kind in ("paged", "unrouted"):
            pages = step.detail.get("pages")
            whys = {p.get("why") for p in pages} if isinstance(pages, list) else set()
            return step.kind == "paged" and not whys & _UNCOVERED
    return False
