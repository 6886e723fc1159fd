"""An independent witness: a subscriber of its own that counts what was published.

Its figures come from the broker, those it is compared with from SQL; none from the pipeline.
"""

import json
from collections import Counter
from dataclasses import dataclass, field
from threading import Lock
from typing import Any

from schemas import topics


@dataclass
class Witness:
    """Readings by the gateway in the topic. An array counts as its readings."""

    published: Counter[str] = field(default_factory=Counter)
    repeated: Counter[str] = field(default_factory=Counter)
    """Readings whose device, time and sequence were published before: they make no second row."""
    delivered: set[str] = field(default_factory=set)
    """Alerts seen on a station's topic."""
    _seen: set[int] = field(default_factory=set)
    _lock: Lock = field(default_factory=Lock)

    def on_message(self, topic: str, payload: bytes) -> None:
        """Everything on ingest's topics and on the stations'."""
        if topic.startswith("vigil/v1/station/"):
            self._on_card(payload)
            return
        address = topics.parse(topic)
        if address is None or address.area == topics.MARKER_AREA:
            return
        with self._lock:
            for key in _readings(topic, payload, canonical=address.kind == "up"):
                self.published[address.gateway] += 1
                if key is not None:
                    self.repeated[address.gateway] += key in self._seen
                    self._seen.add(key)

    def _on_card(self, payload: bytes) -> None:
        card = json.loads(payload)
        with self._lock:
            self.delivered.update(card["alerts"])

    @property
    def total(self) -> int:
        return self.published.total()


def _readings(topic: str, payload: bytes, *, canonical: bool) -> list[int | None]:
    """One entry a reading: what makes it the same as another one, None where nothing does."""
    if not canonical:
        return [None]
    try:
        content = json.loads(payload)
    except ValueError:
        return [None]
    if isinstance(content, dict):
        return [_identity(topic, content)]
    if isinstance(content, list) and 0 < len(content) <= 1_000 and len(payload) <= 65_536:
        return [_identity(topic, c) if isinstance(c, dict) else None for c in content]
    return [None]


def _identity(topic: str, reading: dict[str, Any]) -> int | None:
    if "ts" not in reading:
        return None
    what = reading["seq"] if "seq" in reading else sorted(reading.items())
    return hash((topic, str(reading.get("device")), str(reading["ts"]), str(what)))
