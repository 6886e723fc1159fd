"""The kinds of alert block: vectorised kernels over columnar state, one file each.

A new kind is a file here, a block model in `rules.blocks`, and a line in `make`; the engine and the
other kinds stay as they are. What minds more of a row than presses, falls and coming home takes
part in `rules.calm` too.
"""

from __future__ import annotations

from rules.blocks import (
    AbsenceBlock,
    ArrivalBlock,
    BaselineBlock,
    CountBlock,
    EventBlock,
    InactivityBlock,
    OutageBlock,
    SilenceBlock,
    StateBlock,
    SustainedBlock,
    UnheardBlock,
    UnresolvedBlock,
)
from rules.hearing import Hearing
from rules.kinds import (
    absence,
    arrival,
    baseline,
    count,
    event,
    inactivity,
    outage,
    silence,
    state,
    sustained,
    unheard,
    unresolved,
)
from rules.kinds.base import Kind, Listener, Setting
from rules.parts import Block
from schemas.alerts import SubjectKind

FIGURES: dict[str, frozenset[str]] = {
    "event": event.FIGURES,
    "unresolved": unresolved.FIGURES,
    "sustained": sustained.FIGURES,
    "absence": absence.FIGURES,
    "silence": silence.FIGURES,
    "outage": outage.FIGURES,
    "unheard": unheard.FIGURES,
    "state": state.FIGURES,
    "count": count.FIGURES,
    "baseline": baseline.FIGURES,
    "inactivity": inactivity.FIGURES,
    "arrival": arrival.FIGURES,
}
"""What the sentences of each kind may quote."""

SUBJECTS: dict[str, SubjectKind] = {
    "event": "device",
    "unresolved": "device",
    "sustained": "elder",
    "absence": "elder",
    "silence": "device",
    "outage": "gateway",
    "unheard": "elder",
    "state": "device",
    "count": "elder",
    "baseline": "elder",
    "inactivity": "elder",
    "arrival": "elder",
}
"""Whose alert each kind raises."""


def make(setting: Setting[Block]) -> Kind:
    """The kernel of a block that is judged row by row; TypeError for any other."""
    match setting.block:
        case EventBlock() as block:
            return event.Event(setting.of(block))
        case UnresolvedBlock() as block:
            return unresolved.Unresolved(setting.of(block))
        case SustainedBlock() as block:
            return sustained.Sustained(setting.of(block))
        case AbsenceBlock() as block:
            return absence.Absence(setting.of(block))
        case InactivityBlock() as block:
            return inactivity.Inactivity(setting.of(block))
        case StateBlock() as block:
            return state.State(setting.of(block))
        case CountBlock() as block:
            return count.Count(setting.of(block))
        case BaselineBlock() as block:
            return baseline.Baseline(setting.of(block))
        case ArrivalBlock() as block:
            return arrival.Arrival(setting.of(block))
        case other:
            raise TypeError(f"no row kernel for {type(other).__name__}")


def listener(setting: Setting[Block], hearing: Hearing) -> Listener | None:
    """The kernel of a block that judges silence; None for any other."""
    match setting.block:
        case SilenceBlock() as block:
            return silence.Silence(setting.of(block), hearing)
        case OutageBlock() as block:
            return outage.Outage(setting.of(block), hearing)
        case UnheardBlock() as block:
            return unheard.Unheard(setting.of(block), hearing)
        case _:
            return None
