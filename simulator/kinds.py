"""The kinds of incident: how long each lasts, and which alerts are right by when.

The times follow the default rules' thresholds; an incident is the truth that alerts are scored
against, so it is written from the rules' published words and never from the engine.
"""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

from schemas.alerts import Severity
from schemas.times import MINUTE, SECOND


class Kind(StrEnum):
    SOS = "sos"
    FALL = "fall"
    """The radar confirms at once."""
    SLOW_FALL = "slow_fall"
    """The radar suspects first and confirms 51 s later."""
    SUSPECTED_FALL = "suspected_fall"
    """Suspected, and cleared after 20 s: the person got up."""
    HEART_RATE = "heart_rate"
    """138 a minute in bed, without a pause."""
    NIGHT_ABSENCE = "night_absence"
    """Left the bed at night, and is nowhere seen."""
    SILENT = "silent"
    """The mattress says nothing any more."""


class Expected(NamedTuple):
    """An alert that is right: at this severity at the latest at this time (µs UTC)."""

    rule: str
    severity: Severity
    known_by: int


class Right(NamedTuple):
    """An alert that may come of it and is no false alarm: up to this severity, None: any."""

    rule: str
    severity: Severity | None = None


class Incident(NamedTuple):
    """One thing that happens, in event times (µs UTC).

    `at`: when a device can first tell of it; `ends`: from when on nothing tells of it any more.
    `elder` is None where the device belongs to the whole home. `repeat`: a second press 8 s
    after the first, which is the same call for help.
    """

    kind: Kind
    home: str
    elder: str | None
    device: str
    area: str
    at: int
    ends: int
    expected: tuple[Expected, ...]
    repeat: bool = False
    gateway: str | None = None
    right: tuple[Right, ...] = ()
    tail: int = 30 * MINUTE
    """How long after `ends` (µs) an alert may still speak of it."""

    @property
    def rule(self) -> str:
        """Of the first alert to expect; so are `severity` and `known_by`."""
        return self.expected[0].rule

    @property
    def severity(self) -> Severity:
        return self.expected[0].severity

    @property
    def known_by(self) -> int:
        return self.expected[0].known_by


SLACK = 10 * SECOND
"""Between a deadline and its being known: lateness (5 s) and a batch."""
TICK = 30 * SECOND
"""Until a mattress's next report shows what began just after the last."""
CONFIRM_AFTER = 51 * SECOND
CLEAR_AFTER = 20 * SECOND

_LENGTH = {
    Kind.SOS: 10 * SECOND,
    Kind.FALL: 4 * MINUTE,
    Kind.SLOW_FALL: 5 * MINUTE,
    Kind.SUSPECTED_FALL: CLEAR_AFTER,
    Kind.HEART_RATE: 15 * MINUTE,
    Kind.NIGHT_ABSENCE: 75 * MINUTE,
    Kind.SILENT: 25 * MINUTE,
}

_STEPS: dict[Kind, tuple[tuple[str, Severity, int], ...]] = {
    Kind.SOS: (("sos", Severity.RED, SLACK),),
    Kind.FALL: (("fall", Severity.RED, SLACK),),
    Kind.SLOW_FALL: (
        ("fall", Severity.ORANGE, SLACK),
        ("fall", Severity.RED, CONFIRM_AFTER + SLACK),
    ),
    Kind.SUSPECTED_FALL: (("fall", Severity.ORANGE, SLACK),),
    Kind.HEART_RATE: (
        ("heart-rate", Severity.ORANGE, TICK + 120 * SECOND + SLACK),
        ("heart-rate", Severity.RED, TICK + 600 * SECOND + SLACK),
    ),
    Kind.NIGHT_ABSENCE: (
        ("night-absence", Severity.ORANGE, TICK + 30 * MINUTE + SLACK),
        ("night-absence", Severity.RED, TICK + 60 * MINUTE + SLACK),
    ),
    Kind.SILENT: (("device-silent", Severity.BLUE, 15 * MINUTE + SLACK),),
}
"""Rule, severity, and how long after `at` it must be known: the thresholds of the default rules."""

_PAUSE = {
    Kind.HEART_RATE: 35 * MINUTE,
    Kind.NIGHT_ABSENCE: 35 * MINUTE,
    Kind.SILENT: 35 * MINUTE,
}
"""Longer than the 30 min in which an alert would rejoin its predecessor."""
_SHORT_PAUSE = 5 * MINUTE


def make_incident(
    kind: Kind, *, home: str, elder: str | None, device: str, area: str, at: int, repeat: bool
) -> Incident:
    expected = tuple(Expected(rule, sev, at + after) for rule, sev, after in _STEPS[kind])
    return Incident(
        kind=kind,
        home=home,
        elder=elder,
        device=device,
        area=area,
        at=at,
        ends=at + _LENGTH[kind],
        expected=expected,
        repeat=repeat and kind is Kind.SOS,
    )


def free_again(incident: Incident) -> int:
    """From when on the home may have another incident."""
    return incident.ends + _PAUSE.get(incident.kind, _SHORT_PAUSE)
