"""Alerts: what the rules say, and the id that makes saying it twice harmless (I2)."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from hashlib import blake2b
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from schemas.times import from_micros


class Severity(StrEnum):
    """三色预警. Ordered by `rank`: red acts now, orange within minutes, blue gets looked into."""

    BLUE = "blue"
    ORANGE = "orange"
    RED = "red"

    @property
    def rank(self) -> int:
        """1 blue, 2 orange, 3 red; 0 stands for "no alert" in the rules' arrays."""
        return 1 + list(Severity).index(self)


class Category(StrEnum):
    EMERGENCY = "emergency"
    CARE = "care"
    DEVICE = "device"


class Sentence(BaseModel):
    """One sentence with the figures, in both languages."""

    model_config = ConfigDict(frozen=True)

    zh: str
    en: str


class Step(BaseModel):
    """A change of severity and the event time at which it happened."""

    model_config = ConfigDict(frozen=True)

    severity: Severity
    at: datetime


class Alert(BaseModel):
    """One alert as the world sees it: one JSON object a line. Ids only, no names (I10)."""

    model_config = ConfigDict(extra="forbid")

    id: str = Field(pattern="^[0-9a-f]{32}$")
    rule: str
    severity: Severity
    category: Category
    home: str | None = None
    elder: str | None = None
    elders: list[str] | None = Field(
        default=None, description="everyone concerned, where it is not one elder"
    )
    device: str | None = None
    gateway: str | None = None
    station: str | None = Field(default=None, description="the home's own community station")
    onset: datetime = Field(description="event time at which the condition was met")
    raised: datetime = Field(description="when the system said so (logical time in a replay)")
    cleared: datetime | None = None
    late: bool = False
    test: bool = False
    reason: Sentence
    evidence: dict[str, Any] = Field(default_factory=dict)
    steps: list[Step] = Field(default_factory=list)


class ChangeKind(StrEnum):
    RAISED = "raised"
    SEVERITY = "severity"
    CLEARED = "cleared"
    REOPENED = "reopened"
    STALE = "stale"
    """Its data stopped while it was open: the sentence says since when; nothing else changes."""
    FRESH = "fresh"
    """The data is back."""


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that happened to an alert, as the rules say it.

    `at` and `onset` are event times (µs UTC); `at` equals `onset` when raised. `reason` is the
    sentence as of this change; `late`: decided by a reading behind the watermark.
    """

    kind: ChangeKind
    id: str
    rule: str
    category: Category
    severity: Severity
    at: int
    onset: int
    reason: Sentence
    home: str | None = None
    elder: str | None = None
    elders: tuple[str, ...] | None = None
    device: str | None = None
    gateway: str | None = None
    late: bool = False
    test: bool = False
    evidence: dict[str, Any] = field(default_factory=dict)


SubjectKind = Literal["device", "elder", "home", "gateway", "unknown"]


def alert_id(rule: str, subject: str, onset: int) -> str:
    """The first 128 bits of BLAKE2b over rule, subject and onset (µs), as 32 hex digits.

    `subject` is `device:<id>`, `elder:<id>`, `home:<id>`, `gateway:<id>` or, for a device the
    registry does not know, `unknown:<gateway>/<device>`. The parts are joined with a newline,
    which no id contains.
    """
    return blake2b(f"{rule}\n{subject}\n{onset}".encode(), digest_size=64).hexdigest()[:32]


def subject_name(kind: SubjectKind, id_: str) -> str:
    return f"{kind}:{id_}"


def fold(alert: Alert | None, change: Change, *, raised: int, station: str | None) -> Alert:
    """The alert after a change. `alert` is None before its first one; `raised` (µs UTC) and
    `station` count only then."""
    step = Step(severity=change.severity, at=from_micros(change.at))
    if alert is None:
        return Alert(
            id=change.id,
            rule=change.rule,
            severity=change.severity,
            category=change.category,
            home=change.home,
            elder=change.elder,
            elders=list(change.elders) if change.elders is not None else None,
            device=change.device,
            gateway=change.gateway,
            station=station,
            onset=from_micros(change.onset),
            raised=from_micros(raised),
            late=change.late,
            test=change.test,
            reason=change.reason,
            evidence=change.evidence,
            steps=[step],
        )
    evidence = {**alert.evidence, **change.evidence}
    news: dict[str, Any] = {"reason": change.reason, "evidence": evidence}
    if change.kind in (ChangeKind.STALE, ChangeKind.FRESH):
        return alert.model_copy(update=news)
    if change.kind is ChangeKind.CLEARED:
        return alert.model_copy(update={**news, "cleared": from_micros(change.at)})
    return alert.model_copy(
        update={
            **news,
            "severity": change.severity,
            "cleared": None,
            "steps": [*alert.steps, step],
        }
    )
