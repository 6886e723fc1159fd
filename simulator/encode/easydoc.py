"""A bed band as its HTTP bridge republishes it: each answer of the cloud's interface unchanged.

What could not be measured is 0, and movement is a yes or no. The cloud's clock is right.
"""

import json

from schemas.directory import DEFAULT_ZONE
from simulator.zones import local_datetime

_MS = 1_000


def topic(mac: str) -> str:
    return f"easydoc/{mac.replace(':', '').upper()}/realtime"


def answer(
    mac: str, at: int, *, in_bed: bool, moving: bool, heart: int | None, breath: int | None
) -> bytes:
    """What the band last measured, at `at` (µs UTC); rates in tenths a minute."""
    told = at // _MS
    body = {
        "ret": 0,
        "err_code": 0,
        "msg": "ok",
        "timestamp": told,
        "mac": mac,
        "date": local_datetime(DEFAULT_ZONE, at).strftime("%Y-%m-%d %H:%M:%S"),
        "id": told,
        "temperature": 0,
        "humidity": 0,
        "inbed": in_bed,
        "body_movement": moving,
        "respiration_rate": (breath or 0) / 10,
        "heart_rate": (heart or 0) / 10,
    }
    return json.dumps(body, separators=(",", ":")).encode()
