"""How each kind of incident goes: on which device, how long, and which alerts are right by when.

The figures after which an alert must be known are the default rules' published thresholds.
"""

from __future__ import annotations

from enum import Enum
from typing import NamedTuple

from schemas.alerts import Severity
from schemas.directory import DeviceKind
from schemas.times import DAY, HOUR, MINUTE, SECOND
from simulator.kinds import Expected, Kind, Right

SLACK = 10 * SECOND
"""Between a deadline and its being known: lateness (5 s) and a batch."""
TICK = 30 * SECOND
"""Until a mattress's next report shows what began just after the last."""
CONFIRM_AFTER = 51 * SECOND
CLEAR_AFTER = 20 * SECOND


class When(Enum):
    """What the person must be doing for it to begin."""

    ANY = "any"
    ASLEEP = "asleep"
    IN_ROOM = "in_room"
    UP = "up"
    MORNING = "morning"


class Step(NamedTuple):
    """Known at `severity` at the latest `after` µs from its beginning, where that applies."""

    rule: str
    severity: Severity
    after: int
    alone: bool = False
    """Only of who lives alone."""


class Script(NamedTuple):
    """`lasts`: from, to (µs). `weight`: how often beside the others that can happen in
    a home; 0: only as a consequence. `pause`:
    how long after its end the home has nothing else. `suspects`: only a radar with a word for
    "suspected" can tell it."""

    weight: int
    device: DeviceKind | None
    lasts: tuple[int, int]
    when: When
    steps: tuple[Step, ...] = ()
    right: tuple[Right, ...] = ()
    pause: int = 5 * MINUTE
    alone: bool = False
    suspects: bool = False


_RED, _ORANGE, _BLUE = Severity.RED, Severity.ORANGE, Severity.BLUE
_BED, _RADAR, _BUTTON = DeviceKind.MATTRESS, DeviceKind.FALL_SENSOR, DeviceKind.SOS_BUTTON
_PRESS = (Step("sos", _RED, SLACK),)
_NIGHT_UP = (Right("night-absence", _ORANGE),)
_INACTIVE = (Right("no-activity"),)
_LATER = 35 * MINUTE
"""Longer than the 30 min in which an alert would rejoin its predecessor."""
_ABSENT = (
    Step("night-absence", _ORANGE, TICK + 30 * MINUTE + SLACK),
    Step("night-absence", _RED, TICK + 60 * MINUTE + SLACK, alone=True),
)


def _acute(rule: str) -> tuple[Step, ...]:
    return (
        Step(rule, _ORANGE, TICK + 120 * SECOND + SLACK),
        Step(rule, _RED, TICK + 600 * SECOND + SLACK),
    )


def _minutes(low: int, high: int) -> tuple[int, int]:
    return low * MINUTE, high * MINUTE


def _days(low: int, high: int) -> tuple[int, int]:
    return low * DAY, high * DAY


SCRIPTS: dict[Kind, Script] = {
    Kind.SOS: Script(14, _BUTTON, (10 * SECOND, 11 * SECOND), When.ANY, _PRESS),
    Kind.SOS_PHANTOM: Script(9, _BUTTON, (10 * SECOND, 11 * SECOND), When.ANY, _PRESS),
    Kind.SOS_TEST: Script(
        7, _BUTTON, (10 * SECOND, 11 * SECOND), When.UP, right=(Right("sos", _BLUE),)
    ),
    Kind.SOS_AGAIN: Script(
        4,
        _BUTTON,
        _minutes(3, 4),
        When.ANY,
        (*_PRESS, Step("sos", _RED, 2 * MINUTE + SLACK)),
    ),
    Kind.FALL: Script(
        8, _RADAR, _minutes(4, 12), When.IN_ROOM, (Step("fall", _RED, SLACK),), _NIGHT_UP
    ),
    Kind.LONG_LIE: Script(
        4,
        _RADAR,
        _minutes(60, 180),
        When.IN_ROOM,
        (Step("fall", _RED, SLACK),),
        (Right("night-absence"), *_INACTIVE),
        _LATER,
    ),
    Kind.SLOW_FALL: Script(
        6,
        _RADAR,
        _minutes(5, 12),
        When.IN_ROOM,
        (Step("fall", _ORANGE, SLACK), Step("fall", _RED, CONFIRM_AFTER + SLACK)),
        _NIGHT_UP,
        suspects=True,
    ),
    Kind.SUSPECTED_FALL: Script(
        9,
        _RADAR,
        (CLEAR_AFTER, CLEAR_AFTER + SECOND),
        When.IN_ROOM,
        (Step("fall", _ORANGE, SLACK),),
        suspects=True,
    ),
    Kind.HEART_RATE: Script(
        6, _BED, _minutes(15, 25), When.ASLEEP, _acute("heart-rate"), pause=_LATER
    ),
    Kind.FAST_BREATH: Script(
        5, _BED, _minutes(15, 25), When.ASLEEP, _acute("respiratory-rate"), pause=_LATER
    ),
    Kind.NIGHT_ABSENCE: Script(
        5, _BED, _minutes(75, 100), When.ASLEEP, _ABSENT, _INACTIVE, _LATER, alone=True
    ),
    Kind.WANDERING: Script(5, _BED, _minutes(45, 90), When.ASLEEP, _ABSENT[:1], pause=_LATER),
    Kind.SILENT: Script(
        6,
        _BED,
        _minutes(25, 90),
        When.ANY,
        (Step("device-silent", _BLUE, 15 * MINUTE + SLACK),),
        (Right("device-silent"), Right("gateway-silent"), Right("unprotected")),
        _LATER,
    ),
    Kind.ILLNESS: Script(5, _BED, _days(4, 7), When.MORNING, right=(Right("vital-trend"),)),
    Kind.HEART_DECLINE: Script(2, _BED, _days(4, 5), When.MORNING, right=(Right("vital-trend"),)),
    Kind.BREATH_DECLINE: Script(2, _BED, _days(4, 5), When.MORNING, right=(Right("vital-trend"),)),
    Kind.COLLAPSE: Script(
        3,
        _BED,
        (14 * HOUR, 30 * HOUR),
        When.UP,
        right=(*_INACTIVE, Right("night-absence")),
        pause=_LATER,
        alone=True,
    ),
    Kind.DEATH: Script(
        1,
        _BED,
        (20 * HOUR, 48 * HOUR),
        When.UP,
        right=(*_INACTIVE, Right("night-absence")),
        pause=_LATER,
        alone=True,
    ),
    Kind.DEATH_IN_BED: Script(
        1,
        _BED,
        (1 * HOUR, 3 * HOUR),
        When.ASLEEP,
        (
            Step("no-vitals", _ORANGE, TICK + 5 * MINUTE + SLACK),
            Step("no-vitals", _RED, TICK + 15 * MINUTE + SLACK),
        ),
        (Right("long-in-bed"), *_INACTIVE),
        _LATER,
    ),
    Kind.TRIP: Script(4, None, _days(1, 5), When.MORNING, right=_INACTIVE, pause=HOUR),
    Kind.HOSPITAL: Script(
        3, None, _days(2, 7), When.MORNING, right=(*_INACTIVE, Right("night-absence")), pause=HOUR
    ),
    Kind.CARER: Script(6, None, _minutes(30, 70), When.ANY),
    Kind.GONE: Script(
        0,
        None,
        (3650 * DAY, 3651 * DAY),
        When.ANY,
        right=(*_INACTIVE, Right("night-absence")),
    ),
}

INACTIVE_AFTER = {True: (12 * HOUR, 24 * HOUR), False: (20 * HOUR, 30 * HOUR)}
"""no-activity's orange and red, where the home has a room sensor and where it has none."""
TREND_NIGHTS = 15
"""Before it has so many nights no trend can be expected; the rule asks for 14."""


def expected(kind: Kind, at: int, *, alone: bool) -> tuple[Expected, ...]:
    """What must be known of an incident that begins at `at`, by the script alone."""
    steps = (s for s in SCRIPTS[kind].steps if alone or not s.alone)
    return tuple(Expected(s.rule, s.severity, at + s.after) for s in steps)


def inactive(at: int, ends: int, *, room: bool) -> tuple[Expected, ...]:
    """What must be known of somebody who lies unseen: no activity, as far as it gets."""
    marks = zip((_ORANGE, _RED), INACTIVE_AFTER[room], strict=True)
    late = ((severity, at + after + SLACK) for severity, after in marks)
    return tuple(Expected("no-activity", severity, by) for severity, by in late if by < ends)
