"""Messages as `mosquitto_sub -F %j` writes them: JSON Lines, local time with a numeric zone."""

import json
from datetime import timedelta, timezone

from schemas.directory import DEFAULT_ZONE
from schemas.times import SECOND, from_micros
from simulator.message import Message
from simulator.zones import offset_at


def line(message: Message, zone: str = DEFAULT_ZONE) -> str:
    """One JSON object without a line end. What is not UTF-8 goes into `payload_hex`."""
    said: dict[str, object] = {
        "tst": _tst(message.at, zone),
        "topic": message.topic,
        "qos": message.qos,
        "retain": int(message.retain),
        "payloadlen": len(message.payload),
    }
    try:
        said["payload"] = message.payload.decode()
    except UnicodeDecodeError:
        said["payload_hex"] = message.payload.hex()
    return json.dumps(said, ensure_ascii=False, separators=(",", ":"))


def _tst(at: int, zone: str) -> str:
    """`2026-01-31T08:00:00.000000Z+0800`: local time, in spite of the Z."""
    offset = timezone(timedelta(seconds=offset_at(zone, at) // SECOND))
    return from_micros(at).astimezone(offset).strftime("%Y-%m-%dT%H:%M:%S.%fZ%z")
