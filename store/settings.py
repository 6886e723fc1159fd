"""What the store can be told. Validating opens no connection."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

_MOST_LATE_DAYS = 10
"""A reading may come a week late and still change its summaries, so nothing younger is dropped."""


class StoreSettings(BaseModel):
    """How long things are kept, and how chunks are cut. Applied by `vigil migrate`; on plain
    PostgreSQL followed by `store.maintain`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    dsn: str = Field(
        default="postgresql://localhost/vigil",
        description="PostgreSQL or TimescaleDB: a libpq connection string",
    )
    preset: Literal["district", "city"] = Field(
        default="district",
        description="TimescaleDB's chunks. district: a day, columns segmented by device; city: an "
        "hour, ordered by device (hundreds of thousands of devices)",
    )
    reading_days: int = Field(
        default=30, ge=_MOST_LATE_DAYS, description="how long readings are kept"
    )
    minute_days: int = Field(
        default=14, ge=_MOST_LATE_DAYS, description="how long summaries by minute are kept"
    )
    hour_days: int = Field(
        default=400, ge=_MOST_LATE_DAYS, description="how long summaries by hour are kept"
    )
    night_days: int = Field(
        default=800, ge=_MOST_LATE_DAYS, description="how long summaries by night are kept"
    )
    reject_days: int = Field(
        default=30, gt=0, description="how long rejects and quarantined messages are kept"
    )
    maintain_s: float = Field(
        default=60, gt=0, description="how often `vigil stations` looks after the store"
    )
