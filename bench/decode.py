"""Bytes to readings: what one message costs."""

import json
import time
from pathlib import Path

from bench.result import Result
from devices.catalogue import Catalogue

NOW = 1_768_000_000_000_000
UP = "vigil/v1/330105001001/g1/up/m1"
SINGLE = {"ts": NOW // 1_000, "seq": 7, "in_bed": True, "heart_rate": 62, "respiratory_rate": 14.5}
Z2M = {"action": "", "battery": 90, "linkquality": 60}
MESSAGES = {
    "canonical single": (UP, SINGLE, 1),
    "canonical array of 50": (UP, [{**SINGLE, "seq": n} for n in range(50)], 50),
    "z2m SOS button": ("native/a/g1/zigbee2mqtt/0xa4c138aabbccddee", Z2M, 1),
}


def measure(_folder: Path) -> list[Result]:
    """Microseconds a reading; the best of five rounds, as the machine is shared."""
    catalogue = Catalogue.load()
    results = []
    for name, (topic, content, readings) in MESSAGES.items():
        payload = json.dumps(content).encode()
        rounds = max(200, 5_000 // readings)
        best = min(_round(catalogue, topic, payload, rounds) for _ in range(5))
        results.append(Result(f"decode: {name}", 1e6 * best / rounds / readings, "µs/reading"))
    return results


def _round(catalogue: Catalogue, topic: str, payload: bytes, rounds: int) -> float:
    began = time.perf_counter()
    for _ in range(rounds):
        catalogue.decode(topic, payload, profile_of=lambda _: None, received=NOW)
    return time.perf_counter() - began
