"""Messages as `mosquitto_sub -F %j` writes them: JSON Lines, local time with a numeric zone."""

from functools import lru_cache

import msgspec

from schemas.directory import DEFAULT_ZONE
from schemas.times import SECOND
from simulator.message import Message
from simulator.zones import local_datetime


def line(message: Message, zone: str = DEFAULT_ZONE) -> bytes:
    """One JSON object with its line end. What is not UTF-8 goes into `payload_hex`."""
    begin, end = _second(message.at // SECOND, zone)
    said: dict[str, object] = {
        "tst": f"{begin}{message.at % SECOND:06d}{end}",
        "topic": message.topic,
        "qos": message.qos,
        "retain": int(message.retain),
        "payloadlen": len(message.payload),
    }
    try:
        said["payload"] = message.payload.decode()
    except UnicodeDecodeError:
        said["payload_hex"] = message.payload.hex()
    return msgspec.json.encode(said) + b"\n"


@lru_cache(maxsize=64)
def _second(second: int, zone: str) -> tuple[str, str]:
    """What stands before and after the microseconds: local time, in spite of the Z."""
    local = local_datetime(zone, second * SECOND)
    return local.strftime("%Y-%m-%dT%H:%M:%S."), local.strftime("Z%z")
