"""An SOS button behind zigbee2mqtt: state on its own topic, a plain copy on `…/action`.

One press is three or four messages. `last_seen` is in the gateway's local time with its zone.
"""

import json

from simulator.encode.canonical import zone_text
from simulator.zones import local_datetime, offset_at

_GAP = 40_000
"""µs between the messages of one press."""


def topic(device: str) -> str:
    return f"zigbee2mqtt/{device}"


def state(at: int, zone: str, *, action: str | None, battery: int, linkquality: int) -> bytes:
    seen = local_datetime(zone, at).strftime("%Y-%m-%dT%H:%M:%S") + zone_text(offset_at(zone, at))
    return json.dumps(
        {"action": action, "battery": battery, "last_seen": seen, "linkquality": linkquality},
        separators=(",", ":"),
    ).encode()


def press(
    device: str, at: int, zone: str, *, battery: int, linkquality: int, announced: bool
) -> list[tuple[int, str, bytes]]:
    """(time, topic, payload) of one press at `at`; `announced`: the button joins again first."""
    own = topic(device)
    words: list[str | None] = ["emergency", ""]
    before = [None] if announced else []
    messages = [
        (at + k * _GAP, own, state(at, zone, action=w, battery=battery, linkquality=linkquality))
        for k, w in enumerate([*before, *words])
    ]
    return [*messages, (at + 3 * _GAP, own + "/action", b"emergency")]
