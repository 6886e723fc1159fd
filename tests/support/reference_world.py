"""What the plain engine is told and what it says: people, devices, readings, changes, alerts."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from tests.support.reference_figures import HOUR, MIN, S

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

LATENESS = 5 * S
SILENCE_LIMIT = {"mattress": 15 * MIN, "fall_sensor": 5 * MIN, "sos_button": 25 * HOUR}


@dataclass(frozen=True)
class Device:
    id: str
    kind: str
    location: str
    home: str
    elder: str | None
    gateway: str
    interval: int  # µs
    silence: int = 0  # µs, of the model; 0: of its kind
    mains: bool = False
    repeat: int = 5 * MIN

    @property
    def stale(self) -> int:
        return 3 * self.interval

    @property
    def limit(self) -> int:
        return self.limit_with(SILENCE_LIMIT[self.kind])

    def limit_with(self, of_kind: int) -> int:
        if self.mains and self.kind != "mattress":
            of_kind = 5 * MIN
        return max(self.silence or of_kind, self.stale)

    @property
    def own_bed(self) -> bool:
        return self.elder is not None and self.kind == "mattress" and self.location == "bed"

    @property
    def bed_source(self) -> bool:
        radar = self.elder is not None and self.kind == "fall_sensor"
        return self.own_bed or (radar and self.location not in ("shared_bed", "guest_bed"))

    @property
    def room_sensor(self) -> bool:
        return self.kind == "fall_sensor" and self.location in ("room", "wall")


@dataclass(frozen=True)
class Elder:
    id: str
    home: str
    lone: bool
    zone: str
    care_level: int = 0


@dataclass(frozen=True)
class Row:
    """One reading. Quantities are None where unknown."""

    ts: int
    received: int
    device: str | None = None
    gateway: str | None = None
    in_bed: bool | None = None
    heart_rate: float | None = None
    respiratory_rate: float | None = None
    movement: float | None = None
    battery: float | None = None
    tamper: bool | None = None
    presence: bool | None = None
    fall: str | None = None
    sos: str | None = None
    online: bool | None = None
    retained: bool = False
    test: bool = False
    history: bool = False
    backlog: bool = False
    no_time: bool = False
    sign_of_life: bool = False
    sos_level: bool = False
    fall_event: bool = False


@dataclass(frozen=True)
class Said:
    """What changed: kind is raised, severity, cleared or reopened."""

    rule: str
    subject: str
    onset: int
    kind: str
    severity: str
    at: int
    late: bool
    test: bool


RANK = {"blue": 1, "orange": 2, "red": 3}


@dataclass
class Alert:
    """The one alert of a rule block about a subject: its state, open or not."""

    severity: str | None = None
    onset: int | None = None
    since: int | None = None
    cleared: int | None = None
    quiet: bool = False


@dataclass
class Level:
    value: object = None
    at: int | None = None
    hold: int | None = None
