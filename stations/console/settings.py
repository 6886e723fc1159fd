"""What a site may set about its console. Validating opens no connection."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from schemas.directory import DEFAULT_ZONE, Zone


class ConsoleSettings(BaseModel):
    """Defaults are the project's own choices."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    secure: bool = Field(
        default=False,
        description="the console is reached over https: cookies are Secure and HSTS is sent",
    )
    language: Literal["zh", "en"] = Field(default="zh", description="until a worker chooses")
    zone: Zone = Field(default=DEFAULT_ZONE, description="the zone in which times are shown")
    session_hours: float = Field(
        default=13, gt=0, le=24, description="a session ends this long after its login: one shift"
    )
    idle_minutes: float = Field(
        default=60, gt=0, description="a session ends this long after its last page or live page"
    )
    free_tries: int = Field(
        default=5, ge=1, description="failed logins of one account before it has to wait"
    )
    wait_s: float = Field(
        default=30, gt=0, description="the first wait; it doubles with every further failure"
    )
    longest_wait_s: float = Field(
        default=300, gt=0, description="no wait is longer, so that nobody locks a worker out"
    )
    ping_s: float = Field(
        default=2, gt=0, le=4, description="a live page hears from the server this often"
    )
    poll_s: float = Field(
        default=1, gt=0, le=4, description="the board is read anew this often if nothing wakes it"
    )
