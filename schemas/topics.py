"""The topics of `vigil/v1`: how they are built, and what an incoming one says.

An id stands for one topic level: no `/`, `+`, `#`, space or control character (NATS ends the
connection of a publisher that uses a space).
"""

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

ID_PATTERN = r"^[^\s/+#\x00-\x1f]{1,64}$"

UP = "vigil/v1/+/+/up"
UP_DEVICE = "vigil/v1/+/+/up/+"
STATUS = "vigil/v1/+/+/status"
NATIVE = "native/#"
SUBSCRIPTIONS = (UP, UP_DEVICE, STATUS, NATIVE)
"""What ingest subscribes to; they do not overlap, so no message comes twice."""

ACKS = "vigil/v1/station/+/acks"
HEARTBEAT = "vigil/v1/stations/heartbeat"

MARKER_AREA = "_ingest"
"""The area under which ingest publishes its own markers; never a real area."""


def up(area: str, gateway: str, device: str | None = None) -> str:
    base = f"vigil/v1/{area}/{gateway}/up"
    return base if device is None else f"{base}/{device}"


def status(area: str, gateway: str) -> str:
    return f"vigil/v1/{area}/{gateway}/status"


def native(area: str, gateway: str, device_topic: str) -> str:
    return f"native/{area}/{gateway}/{device_topic}"


def station_alerts(station: str) -> str:
    return f"vigil/v1/station/{station}/alerts"


def station_acks(station: str) -> str:
    return f"vigil/v1/station/{station}/acks"


@dataclass(frozen=True, slots=True)
class Address:
    """Where an incoming message says it comes from.

    `rest` is the device id for `up` ("" for the gateway's own array topic), and the device's own
    topic for `native`.
    """

    kind: Literal["up", "status", "native"]
    area: str
    gateway: str
    rest: str


_UP = re.compile(r"vigil/v1/([^/]+)/([^/]+)/(?:up(?:/([^/]+))?|(status))\Z")
_NATIVE = re.compile(r"native/([^/]+)/([^/]+)/(.+)\Z", re.DOTALL)


@lru_cache(maxsize=1 << 16)  # gateways repeat theirs; a city's cost a few MB
def parse(topic: str) -> Address | None:
    """The address in a topic, or None for a topic that is none of ours."""
    if match := _UP.match(topic):
        area, gateway, device, is_status = match.groups()
        if is_status:
            return Address("status", area, gateway, "")
        return Address("up", area, gateway, device or "")
    if match := _NATIVE.match(topic):
        return Address("native", *match.groups())
    return None


def station_of(topic: str) -> str | None:
    """The station in an acks topic."""
    parts = topic.split("/")
    if len(parts) == 5 and parts[:3] == ["vigil", "v1", "station"] and parts[4] == "acks":
        return parts[3]
    return None
