"""What people can do with incidents, in words, and one such deed with all that was said with it."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, NamedTuple


class Actor(NamedTuple):
    """A staff member and the station they act for."""

    staff: str
    station: str


class Action(StrEnum):
    ACKNOWLEDGE = "acknowledge"
    CALLED = "called"
    EMERGENCY_CALLED = "emergency_called"
    """120."""
    ON_THE_WAY = "on_the_way"
    ON_SITE = "on_site"
    TAKE_OVER = "take_over"
    HAND_OVER = "hand_over"
    RELEASE = "release"
    ESCALATE = "escalate"
    CLOSE = "close"


class Outcome(StrEnum):
    """How an incident ended. "No answer" is the result of a call, never an outcome."""

    GENUINE = "genuine"
    FALSE_ALARM = "false_alarm"
    NOT_HOME = "not_home"
    TO_HOSPITAL = "to_hospital"
    DECEASED = "deceased"
    TEST = "test"


class Reached(StrEnum):
    """How the person was reached; a red closes only with one of these."""

    SPOKEN = "spoken"
    SEEN = "seen"
    HANDED_OVER = "handed_over"


class CallResult(StrEnum):
    """What came of a call."""

    SPOKEN = "spoken"
    NO_ANSWER = "no_answer"
    BUSY = "busy"
    WRONG_NUMBER = "wrong_number"


PROGRESS = ("open", "acknowledged", "called", "on_the_way", "on_site")
STATE = {Action.ACKNOWLEDGE: "acknowledged", Action.EMERGENCY_CALLED: "called"} | {
    a: a.value for a in (Action.CALLED, Action.ON_THE_WAY, Action.ON_SITE)
}


@dataclass(frozen=True, slots=True)
class Deed:
    """An action with everything that came with it."""

    action: Action
    actor: Actor
    now: datetime
    outcome: str | None
    reached: str | None
    note: str | None
    to: str | None
    result: str | None
    contact: str | None

    @property
    def detail(self) -> dict[str, Any]:
        said = {
            "outcome": self.outcome,
            "reached": self.reached,
            "note": self.note,
            "to": self.to,
            "result": self.result,
            "contact": self.contact,
        }
        return {name: value for name, value in said.items() if value is not None}
