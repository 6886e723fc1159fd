"""What an ingest can be told. Validating opens no connection."""

from pathlib import Path

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
        default=2 * 1024 * 1024, gt=0, description="payload bytes in a batch at most"
    )
    batch_age_ms: int = Field(
        default=25,
        ge=0,
        description="how long the first message of a batch waits for others, as long as they keep "
        "coming; what may be an emergency waits for nobody",
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
    keepalive_s: int = Field(
        default=30,
        ge=1,
        le=65_535,
        description="MQTT keep-alive: a silent client is left by the broker after "
        "one and a half of it, and a silent broker by ingest after one",
    )
    store_timeout_s: float = Field(
        default=60,
        gt=0,
        description="how long the store may take over one transaction; then the connection is "
        "given up and a new one finds out what became of it",
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
    lease_s: float = Field(
        default=10,
        gt=1,
        description="a copy that the store has not heard of for so long counts as dead, and a "
        "standby takes over",
    )
    state_folder: Path = Field(
        default=Path("~/.local/state/vigil"),
        description="where this process keeps what it said ahead of the store; copies on one "
        "machine may share it, and then take over from each other at once",
    )
    record_folder: Path | None = Field(
        default=None,
        description="folder in which everything committed is recorded as captures besides, for "
        "replays; nothing is ever deleted there",
    )
    in_flight_window: int = Field(
        default=8_000,
        gt=0,
        description="how many messages the broker sends before it waits for an acknowledgement; "
        "half of it without a commit makes ingest listen for emergencies on the side",
    )
    listen_after_s: float = Field(
        default=1,
        gt=0,
        description="a commit that takes so long makes ingest listen for emergencies on the side",
    )
    ahead_after_s: float = Field(
        default=2,
        gt=0,
        description="an emergency that could not be committed for so long goes to its ladder "
        "ahead of the store",
    )
    untaken_s: float = Field(
        default=10,
        gt=0,
        description="a red alert that no stations copy took for so long goes to its ladder from "
        "here",
    )
    default_area: str | None = Field(
        default=None,
        description="area of devices that publish on their own topics without native/ before them",
    )
