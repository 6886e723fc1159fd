"""What a site may set about its console. Validating opens no connection."""

from ipaddress import ip_network
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from schemas.directory import DEFAULT_ZONE, Zone


def _network(text: str) -> str:
    ip_network(text)  # ValueError for what is none
    return text


Proxy = Annotated[str, AfterValidator(_network)]


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
    address_tries: int = Field(
        default=100,
        ge=1,
        description="failed logins from one address, by browsers in which the account has not "
        "signed in before, until these have to wait; a desk shares one address",
    )
    trusted_proxies: tuple[Proxy, ...] = Field(
        default=("127.0.0.1", "::1"),
        description="addresses or networks of the proxies before the console: whom they forward "
        "for (X-Forwarded-For) is believed; nobody else's word is",
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
