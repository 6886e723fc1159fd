"""What becomes of incidents, told to other systems: CloudEvents 1.0 in structured JSON.

Ids only; what people typed stays here, for it may name somebody.
"""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from schemas.alerts import Severity
from schemas.wire import AlertId, OutcomeWord, ReachedWord, StateWord

EVENT_TYPE = "vigil.incident."


class EventAlert(BaseModel):
    """An alert that the incident holds."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: AlertId
    rule: str
    onset: datetime = Field(description="event time at which the condition was met")


class IncidentData(BaseModel):
    """The incident as it stands after the event."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    incident: AlertId
    revision: int = Field(ge=0, description="grows with each change of the incident")
    home: str | None
    elders: list[str]
    severity: Severity
    state: StateWord
    test: bool
    opened: datetime
    alerts: list[EventAlert]
    staff: str | None = Field(description="who did it; null: the system")
    station: str | None
    outcome: OutcomeWord | None
    reached: ReachedWord | None
    detail: dict[str, Any] = Field(description="what else belongs to this kind of event")


class IncidentEvent(BaseModel):
    """One event. The same `id` again is a repetition."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    specversion: Literal["1.0"] = "1.0"
    id: Annotated[str, Field(pattern=r"^[0-9a-f]{32}-\d+-\d+$")]
    source: str = "urn:vigil:stations"
    type: str = Field(pattern=r"^vigil\.incident\.[a-z_0-9]+$")
    subject: AlertId = Field(description="the incident")
    time: datetime
    datacontenttype: Literal["application/json"] = "application/json"
    data: IncidentData
