"""What can happen, in which words: incidents of people, faults of devices, and the right alerts.

An incident is the truth that alerts are scored against, so it is written from the rules'
published words and never from the engine.
"""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

from schemas.alerts import Severity
from schemas.times import MINUTE


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
    SOS_PHANTOM = "sos_phantom"
    """Pressed by mistake: the alert is right, as nobody can know."""
    SOS_TEST = "sos_test"
    SOS_AGAIN = "sos_again"
    """A second call two minutes after the first, as nobody came."""
    LONG_LIE = "long_lie"
    """A fall after which nobody comes for an hour or longer."""
    WANDERING = "wandering"
    """Up at night for long, but seen in the room."""
    FAST_BREATH = "fast_breath"
    """28 breaths a minute in bed."""
    HEART_DECLINE = "heart_decline"
    """Days of a rising heart rate, and in the last night a racing one."""
    BREATH_DECLINE = "breath_decline"
    """Days of a rising respiratory rate, and in the last night fast breathing."""
    ILLNESS = "illness"
    """Some days of slightly raised rates, which pass."""
    COLLAPSE = "collapse"
    """Lies where no sensor sees it, until somebody comes."""
    DEATH_IN_BED = "death_in_bed"
    DEATH = "death"
    """Out of bed, and where no sensor sees it."""
    TRIP = "trip"
    """Away for days, and nobody was told."""
    HOSPITAL = "hospital"
    """In hospital for days; the station is not told."""
    CARER = "carer"
    """Somebody of the station is there."""
    GONE = "gone"
    """The home stands empty after a death."""


class Fault(StrEnum):
    """What goes wrong with devices and on the way; each can be switched."""

    LOSS = "fault:loss"
    DUPLICATION = "fault:duplication"
    REORDERING = "fault:reordering"
    CLOCK_SKEW = "fault:clock_skew"
    CLOCK_JUMP = "fault:clock_jump"
    CLOCK_ZONE = "fault:clock_zone"
    """Eight hours off: local time taken for UTC, or the other way round."""
    REBOOT = "fault:reboot"
    BATTERY = "fault:battery"
    FLAPPING = "fault:flapping"
    STUCK = "fault:stuck"
    GATEWAY_OUTAGE = "fault:gateway_outage"
    DISTRICT_OUTAGE = "fault:district_outage"
    RETAINED = "fault:retained"
    STORM = "fault:storm"
    FIRMWARE = "fault:firmware"
    HISTORY = "fault:history"


class Expected(NamedTuple):
    """An alert that must come: at this severity at the latest at this time (µs UTC)."""

    rule: str
    severity: Severity
    known_by: int


class Right(NamedTuple):
    """An alert that may come and is not false: up to this severity, or any."""

    rule: str
    severity: Severity | None = None


class Incident(NamedTuple):
    """One thing that happens, in event times (µs UTC).

    `at`: when a device can first tell of it; `ends`: from when on nothing tells of it any more;
    alerts until `tail` after that are still its own. `expected`: what must be known, and by when;
    `right`: what else would be true. What has neither must raise nothing.
    `home`, `elder` and `device` are None where it concerns no single one (`elder` where the device
    belongs to the whole home), `gateway` is given where it concerns one. `repeat`: a second press
    8 s after the first, which is the same call for help.
    """

    kind: Kind | Fault
    home: str | None
    elder: str | None
    device: str | None
    area: str
    at: int
    ends: int
    expected: tuple[Expected, ...] = ()
    repeat: bool = False
    right: tuple[Right, ...] = ()
    gateway: str | None = None
    tail: int = 30 * MINUTE

    @property
    def rule(self) -> str:
        """Of the first alert to expect, "" where there is none."""
        return self.expected[0].rule if self.expected else ""

    @property
    def severity(self) -> Severity | None:
        return self.expected[0].severity if self.expected else None

    @property
    def known_by(self) -> int | None:
        return self.expected[0].known_by if self.expected else None
