"""A Milesight VS373 radar over MQTT: trigger reports, local time without zone.

Two firmware generations spell their keys differently and nest the trigger differently.
"""

import json
from enum import IntEnum
from typing import Any

from simulator.zones import local_datetime


class Event(IntEnum):
    FALL = 0
    OCCUPANCY = 4
    VACANT = 5


class Status(IntEnum):
    ALARM = 1
    RESOLVE = 2
    REPORT = 4


def topic(serial: str) -> str:
    return f"milesight/vs373/{serial}/trigger"


def trigger(
    serial: str, at: int, zone: str, *, event: Event, status: Status, number: int, old: bool
) -> bytes:
    """One report; `old` firmware writes keys with spaces and the trigger inside the device."""
    mac = ":".join(serial[-12:][i : i + 2] for i in range(0, 12, 2)).lower()
    info: dict[str, Any] = {
        "device_model": "VS373-915M",
        "device_sn": serial,
        "device_mac": mac,
        "ip_address": f"192.168.10.{int(serial[-4:], 16) % 200 + 20}",
        "time": local_datetime(zone, at).strftime("%Y-%m-%d %H:%M:%S"),
    }
    data = {"type": 0, "trigger_id": number, "event": int(event), "status": int(status)}
    if old:
        info["trigger data"] = _spaced(data)
        body: dict[str, Any] = {"device info": _spaced(info)}
    else:
        body = {"device_info": info, "trigger_data": data}
    return json.dumps(body, separators=(",", ":")).encode()


def _spaced(mapping: dict[str, Any]) -> dict[str, Any]:
    return {k.replace("_", " "): v for k, v in mapping.items()}
