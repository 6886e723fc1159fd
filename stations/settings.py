"""What the stations side can be told. Validating opens no connection."""

from datetime import date

from pydantic import BaseModel, ConfigDict, Field, field_validator

from stations.channels.settings import Outlet
from stations.ladder import Ladder
from stations.policy import Coverage, Policy


class StationsSettings(BaseModel):
    """`name` must differ between copies that run side by side: it names their broker session."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(
        default="stations",
        pattern=r"^[A-Za-z0-9_-]{1,32}$",
        description="name of this copy; copies side by side need different ones",
    )
    console_host: str = Field(default="127.0.0.1", description="address the console listens on")
    console_port: int = Field(default=8080, ge=0, le=65535, description="port of the console")
    public_url: str = Field(
        default="", description="the console's address as staff reach it; cards link to it"
    )
    heartbeat_s: float = Field(default=30, gt=0, description="time between heartbeats")
    poll_s: float = Field(
        default=1, gt=0, description="how often the store is asked, should a wake-up be lost"
    )
    connections: int = Field(default=10, ge=5, description="connections to the store at most")
    coverage: Coverage = Field(
        default=Coverage.CONFIRMED,
        description="when a station has somebody on duty, else its pages go up at once: a shift "
        "confirmed by a worker who can be reached, a shift of the calendar, or always",
    )
    ladder: Ladder = Field(
        default=Ladder(),
        description="who is paged when, by severity, until an administrator changes it in the "
        "console (`vigil doctor` says which holds); see the ladder reference",
    )
    channels: tuple[Outlet, ...] = Field(
        default=(), description="more ways to reach people and systems; see the channels reference"
    )

    visit_day: int = Field(
        default=20,
        ge=1,
        le=28,
        description="from this day of the month on, a visit that was not made yet is a task",
    )

    holidays: tuple[date, ...] = Field(
        default=(), description="days that are no working days, besides Saturdays and Sundays"
    )

    storm: int = Field(
        default=20, ge=2, description="so many silences of a district within 10 min are one outage"
    )

    @field_validator("channels")
    @classmethod
    def _names_differ(cls, channels: tuple[Outlet, ...]) -> tuple[Outlet, ...]:
        names = [c.name for c in channels]
        if twice := sorted({n for n in names if names.count(n) > 1}):
            raise ValueError(f"each channel needs a name of its own; twice: {', '.join(twice)}")
        return channels

    def policy(self) -> Policy:
        return Policy(
            ladder=self.ladder,
            link=self.public_url,
            coverage=self.coverage,
            outlets=self.channels,
            visit_day=self.visit_day,
            holidays=self.holidays,
            storm=self.storm,
        )
