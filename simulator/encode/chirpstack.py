"""A Milesight WS101 button as ChirpStack v4 passes it on: uplink events as JSON.

As protobuf's JSON does, fields whose value is zero, false or empty are left out.
"""

import json
from hashlib import blake2b
from typing import Any, NamedTuple
from uuid import UUID

from schemas.times import format_rfc3339

APPLICATION = "5f0c2a52-7d0e-4a55-9b6a-3d1d2f6f7c10"
_TENANT = "7b0f6c11-90a4-4c39-8f5e-0f3a5f1f2b20"
_PROFILE = "c3a1d6a4-1c2b-4f7e-8a90-6e5d4c3b2a30"
_F_PORT = 85


class Uplink(NamedTuple):
    """`object` is what the network server's codec made of the frame."""

    dev_eui: str
    at: int
    f_cnt: int
    object: dict[str, Any]
    rssi: int
    snr: float


def topic(dev_eui: str) -> str:
    return f"application/{APPLICATION}/device/{dev_eui}/event/up"


def up(uplink: Uplink, gateway: str) -> bytes:
    """`deduplicationId` is the same for the same frame, however often it is sent."""
    digest = blake2b(f"{uplink.dev_eui}/{uplink.f_cnt}/{uplink.at}".encode(), digest_size=24)
    frame = digest.digest()
    body = {
        "deduplicationId": str(UUID(bytes=frame[:16], version=4)),
        "time": format_rfc3339(uplink.at).replace("Z", "+00:00"),
        "deviceInfo": {
            "tenantId": _TENANT,
            "tenantName": "home care",
            "applicationId": APPLICATION,
            "applicationName": "buttons",
            "deviceProfileId": _PROFILE,
            "deviceProfileName": "WS101",
            "deviceName": f"button {uplink.dev_eui[-4:]}",
            "devEui": uplink.dev_eui,
            "deviceClassEnabled": "CLASS_A",
            "tags": {},
        },
        "devAddr": frame[16:20].hex(),
        "adr": True,
        "dr": 5,
        "fCnt": uplink.f_cnt,
        "fPort": _F_PORT,
        "confirmed": True,
        "object": uplink.object,
        "rxInfo": [
            {
                "gatewayId": blake2b(gateway.encode(), digest_size=8).hexdigest(),
                "uplinkId": int.from_bytes(frame[20:24], "big"),
                "rssi": uplink.rssi,
                "snr": uplink.snr,
                "crcStatus": "CRC_OK",
            }
        ],
        "txInfo": {
            "frequency": 486_300_000,
            "modulation": {
                "lora": {"bandwidth": 125_000, "spreadingFactor": 7, "codeRate": "CR_4_5"}
            },
        },
    }
    return json.dumps(_without_zeros(body), separators=(",", ":")).encode()


def _without_zeros(value: dict[str, Any]) -> dict[str, Any]:
    kept = {k: _without_zeros(v) if isinstance(v, dict) else v for k, v in value.items()}
    return {k: v for k, v in kept.items() if v not in (0, "", False) and v != {} and v is not None}
