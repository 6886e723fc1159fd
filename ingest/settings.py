"""What an ingest can be told. Validating opens no connection."""

from pydantic import BaseModel, ConfigDict, Field


class IngestSettings(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    partition: str = Field(default="main", description="name of this share of the areas")
    client_id: str = Field(
        default="vigil-ingest",
        description="MQTT client id; fixed, so that the broker keeps the session",
    )
    batch_count: int = Field(default=5_000, gt=0, description="messages in a batch at most")
    batch_bytes: int = Field(
        default=8 * 1024 * 1024, gt=0, description="payload bytes in a batch at most"
    )
    batch_age_ms: int = Field(
        default=5, ge=0, description="how long the first message of a batch waits for others"
    )
    queue_count: int = Field(
        default=70_000,
        gt=0,
        description="messages held at most, then the session stops reading; more than the "
        "broker's in-flight window (65,535 at most), so that only QoS 0 can fill it",
    )
    queue_bytes: int = Field(
        default=256 * 1024 * 1024, gt=0, description="payload bytes held at most"
    )
    redelivery_wait_s: float = Field(
        default=2.5,
        ge=0,
        description="how long the broker may take to redeliver what a lost session left "
        "unacknowledged (NATS: its ack_wait; Mosquitto redelivers at once)",
    )
    snapshot_s: float = Field(default=30, gt=0, description="time between snapshots of the state")
    tick_s: float = Field(
        default=1, gt=0, description="how often time moves on when no message comes"
    )
    reject_rate: int = Field(
        default=600,
        gt=0,
        description="rejects, and messages in quarantine, that are kept of a gateway in a minute "
        "(a tenth of it of messages that a profile ignores); more are only counted",
    )
    reject_days: int = Field(
        default=30, gt=0, description="how long rejects and quarantined messages are kept"
    )
    default_area: str | None = Field(
        default=None,
        description="area of devices that publish on their own topics without native/ before them",
    )
