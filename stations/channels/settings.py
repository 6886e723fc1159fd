"""Channels that a site adds to the console and the stations' own topics. Opens no connection."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, HttpUrl, SecretStr, field_validator

from schemas.alerts import Severity

_Language = Literal["zh", "en"]


class _Outlet(BaseModel):
    """What all of them have."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(
        pattern=r"^[a-z0-9][a-z0-9_-]{0,31}$", description="its name in the outbox, logs, metrics"
    )
    per_minute: int | None = Field(
        default=None, gt=0, description="messages in any 60 s at most; reds go first"
    )
    give_up_s: float = Field(
        default=900, gt=0, description="what was not taken after this becomes a task, in seconds"
    )

    @field_validator("name")
    @classmethod
    def _not_ours(cls, name: str) -> str:
        if name in {"console", "station_topic"}:
            raise ValueError(f"{name} is built in: choose another name")
        return name


class _Paging(_Outlet):
    """Sends the pages of stations as text."""

    stations: tuple[str, ...] = Field(default=(), description="whose pages; empty: every station's")
    at_least: Severity = Field(
        default=Severity.ORANGE, description="pages of this severity and above"
    )
    language: _Language = Field(default="zh", description="of the text")
    personal: bool = Field(
        default=False,
        description="whether the text names people and the address, each time on record; else ids "
        "and a link behind the login",
    )


class AppriseOutlet(_Paging):
    """A service that Apprise knows: SMS gateways, mail, and many more."""

    kind: Literal["apprise"]
    url: SecretStr = Field(
        description="Apprise URL. With {phone} in it, it is sent to each worker on duty who has one"
    )


class RobotOutlet(_Paging):
    """A group's robot in DingTalk, WeCom or Feishu, which says in its answer what it took."""

    kind: Literal["dingtalk", "wecom", "feishu"]
    url: SecretStr = Field(description="the robot's webhook address, token included")
    secret: SecretStr | None = Field(
        default=None, description="its signing secret, where it has one"
    )


class WebhookOutlet(_Outlet):
    """Everything that becomes of incidents, as signed CloudEvents, for other systems."""

    kind: Literal["webhook"]
    url: HttpUrl = Field(description="where to POST them")
    secret: SecretStr = Field(min_length=16, description="key of the HMAC-SHA256 signature")
    events: tuple[str, ...] = Field(
        default=(), description="kinds of events, such as close; empty: all"
    )


PagingOutlet = AppriseOutlet | RobotOutlet
Outlet = Annotated[AppriseOutlet | RobotOutlet | WebhookOutlet, Field(discriminator="kind")]
