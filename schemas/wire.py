"""The wire: what gateways publish, and what station terminals receive and answer.

These models are the reference that JSON Schema is generated from (`schemas.generate`). Readings
are decoded by a faster hand-written reader; a test holds the two together.
"""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, RootModel

from schemas.alerts import Category, Sentence, Severity

AlertId = Annotated[str, Field(pattern="^[0-9a-f]{32}$")]
Level = Literal["community", "street", "district", "city"]
ActionWord = Literal[
    "acknowledge",
    "called",
    "emergency_called",
    "on_the_way",
    "on_site",
    "take_over",
    "hand_over",
    "release",
    "escalate",
    "close",
]
CallResultWord = Literal["spoken", "no_answer", "busy", "wrong_number"]
OutcomeWord = Literal["genuine", "false_alarm", "not_home", "to_hospital", "deceased", "test"]
ReachedWord = Literal["spoken", "seen", "handed_over"]
StateWord = Literal["open", "acknowledged", "called", "on_the_way", "on_site", "closed"]


class Reading(BaseModel):
    """One reading of one device. Every quantity may be absent or null: unknown.

    On the wire a number is no text and a boolean no number. Unknown keys are ignored. A value out
    of its plausible range makes that quantity unknown, not the reading wrong.
    """

    model_config = ConfigDict(extra="allow", strict=True, frozen=True)

    ts: AwareDatetime | int | None = Field(
        default=None,
        description="RFC 3339 with a zone, or epoch milliseconds; absent: the received time",
    )
    seq: Annotated[int, Field(ge=0, lt=2**63)] | None = Field(
        default=None, description="the device's counter: tells a repetition from a new reading"
    )
    device: str | None = Field(
        default=None, description="needed on the gateway's own topic; else it equals the topic's"
    )
    heart_rate: float | None = Field(default=None, description="/min, plausible 20 to 250")
    respiratory_rate: float | None = Field(default=None, description="/min, plausible 3 to 80")
    in_bed: bool | None = None
    movement: float | None = Field(default=None, description="%: body movement in bed")
    presence: bool | None = Field(default=None, description="somebody is in the room")
    fall: Literal["none", "suspected", "confirmed", "cleared"] | None = None
    sos: Literal["pressed", "cancelled", "test"] | None = None
    battery: float | None = Field(default=None, description="%")
    signal: float | None = Field(default=None, description="dBm, plausible -150 to 0")
    tamper: bool | None = Field(default=None, description="the device is removed or opened")
    test: bool | None = Field(default=None, description="true: this is a test")


class Readings(RootModel[list[Reading]]):
    """Several readings in one message, in the order they were taken."""

    root: list[Reading] = Field(max_length=1000)


class GatewayStatus(BaseModel):
    """Retained, and the gateway's will. The plain words online and offline are read as well."""

    model_config = ConfigDict(extra="allow", strict=True, frozen=True)

    online: bool


class Ack(BaseModel):
    """A worker's answer. `staff` belongs to the station that publishes it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    alert: AlertId = Field(description="any alert of the incident that is answered")
    staff: str = Field(min_length=1, max_length=64)
    action: ActionWord
    outcome: OutcomeWord | None = Field(default=None, description="needed to close")
    reached: ReachedWord | None = Field(
        default=None, description="how the person was reached: needed to close a red"
    )
    to: str | None = Field(default=None, max_length=64, description="whom it is handed over to")
    result: CallResultWord | None = Field(default=None, description="what came of a call")


class Card(BaseModel):
    """An incident as a station is shown it: ids, figures, a link; no name or address.

    A later card of the same incident has a higher `revision` and replaces the earlier one.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    incident: AlertId
    revision: int = Field(ge=0)
    alerts: list[AlertId] = Field(min_length=1, description="everything the incident holds")
    rule: str = Field(description="of the newest, most severe alert, like the fields below")
    severity: Severity
    category: Category
    home: str | None
    elders: list[str] = Field(description="everyone concerned")
    device: str | None
    gateway: str | None
    station: str = Field(description="whom this card is for")
    level: Level
    state: StateWord
    onset: datetime = Field(description="event time at which the condition was met")
    raised: datetime = Field(description="when the system said so")
    cleared: datetime | None
    opened: datetime = Field(description="when the incident began")
    reason: Sentence
    stored: bool = Field(description="false: sent ahead of the store during its outage")
    test: bool
    late: bool
    holder: str | None = Field(description="the staff id of who has taken it")
    paged: bool = Field(description="this station is asked to answer now")
    due: datetime | None = Field(description="when the next level joins, or is paged again")
    next_level: Level | None
    link: str | None = Field(description="the incident in the console, behind its login")
    family_from: datetime | None = Field(
        default=None, description="while nobody has it: from when to call the family contacts"
    )
    unattended: bool = Field(
        default=False,
        description="true: it is stored, but no stations copy has taken it. Such a card, "
        "and one that is not stored, has the alert's id as incident: it goes when a card comes "
        "that holds the alert and is neither",
    )


class Heartbeat(BaseModel):
    """Retained, and the stations side's will: whether anybody listens to the alerts."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    alive: bool
    at: AwareDatetime
