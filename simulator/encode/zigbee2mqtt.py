"""An SOS button behind zigbee2mqtt: state on its own topic, a plain copy on `…/action`.

One press is three or four messages. `last_seen` is as the bridge's setting ISO_8601 writes it:
UTC with milliseconds.
"""

import json

from schemas.times import from_micros

_GAP = 40_000
"""µs between the messages of one press."""


def topic(device: str) -> str:
    return f"zigbee2mqtt/{device}"


def state(at: int, *, action: str | None, battery: int, linkquality: int) -> bytes:
    seen = from_micros(at).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return json.dumps(
        {"action": action, "battery": battery, "last_seen": seen, "linkquality": linkquality},
        separators=(",", ":"),
    ).encode()


def press(
    device: str, at: int, *, battery: int, linkquality: int, announced: bool
) -> list[tuple[int, str, bytes]]:
    """(time, topic, payload) of one press at `at`; `announced`: the button joins again first."""
    own = topic(device)
    words: list[str | None] = ["emergency", ""]
    before = [None] if announced else []
    messages = [
        (
            at + k * _GAP,
            own,
            state(at + k * _GAP, action=w, battery=battery, linkquality=linkquality),
        )
        for k, w in enumerate([*before, *words])
    ]
    return [*messages, (at + 3 * _GAP, own + "/action", b"emergency")]
