"""Every setting: one TOML file plus `VIGIL_*` environment variables.

Each package owns its model; this one puts them together. The environment is read here and
nowhere else. Validating opens no connection.
"""

import os
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import unquote, urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from ingest.mqtt import BrokerAddress
from ingest.settings import IngestSettings
from stations.console.settings import ConsoleSettings
from stations.settings import StationsSettings
from store.settings import StoreSettings

_PORTS = {"mqtt": 1883, "mqtts": 8883}


def _broker_url(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme not in _PORTS or not parts.hostname:
        raise ValueError("a broker is mqtt://host[:port] or mqtts://host[:port]")
    return url


class BrokerSettings(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    url: Annotated[str, AfterValidator(_broker_url)] = Field(
        default="mqtt://localhost",
        description="mqtt://[user:password@]host[:port], or mqtts:// for TLS",
    )

    @property
    def address(self) -> BrokerAddress:
        parts = urlsplit(self.url)
        return BrokerAddress(
            host=parts.hostname or "localhost",
            port=parts.port or _PORTS[parts.scheme],
            tls=parts.scheme == "mqtts",
            username=unquote(parts.username) if parts.username else None,
            password=unquote(parts.password) if parts.password else None,
        )


class DevicesSettings(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    folder: Path | None = Field(
        default=None, description="folder of profiles of your own, beside those that ship"
    )


class Time(BaseModel):
    """Only a demo changes these: time that runs faster than it should."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    speed: float = Field(default=1, gt=0, description="how fast time runs (demo)")
    origin: int = Field(default=0, description="simulated time at `started`, µs UTC (demo)")
    started: int = Field(default=0, description="real time at the start, µs UTC (demo)")


class LogSettings(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    format: Literal["auto", "json", "text"] = Field(
        default="auto", description="auto: text on a terminal, JSON elsewhere"
    )
    level: Literal["debug", "info", "warning", "error"] = Field(
        default="info", description="what is logged, from this level on"
    )


class MetricsSettings(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    ingest_port: int = Field(default=0, description="Prometheus port of ingest; 0: none")
    stations_port: int = Field(default=0, description="Prometheus port of stations; 0: none")
    host: str = Field(default="127.0.0.1", description="address the metrics listen on")


class Settings(BaseSettings):
    """Read from the file that VIGIL_CONFIG names (default vigil.toml, may be absent), then from
    the environment, which wins: VIGIL_STORE__DSN, VIGIL_BROKER__URL, ..."""

    model_config = SettingsConfigDict(
        env_prefix="VIGIL_", env_nested_delimiter="__", extra="forbid", frozen=True
    )

    store: StoreSettings = StoreSettings()
    broker: BrokerSettings = BrokerSettings()
    devices: DevicesSettings = DevicesSettings()
    ingest: IngestSettings = IngestSettings()
    stations: StationsSettings = StationsSettings()
    console: ConsoleSettings = ConsoleSettings()
    time: Time = Time()
    log: LogSettings = LogSettings()
    metrics: MetricsSettings = MetricsSettings()

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003 (pydantic-settings' signature)
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        path = Path(os.environ.get("VIGIL_CONFIG", "vigil.toml"))
        return init_settings, env_settings, TomlConfigSettingsSource(settings_cls, path)
