"""Bytes to readings: what one message costs, id look-up included.

The canonical wire, and every profile by the first of its examples that is read. Devices are looked
up in a registry of `DEVICES`.
"""

import json
import time
from collections.abc import Callable
from pathlib import Path

from bench.result import Result
from devices.catalogue import Catalogue
from devices.decoded import DecodeError
from devices.examples import Example, full_topic, load_examples

NOW = 1_768_000_000_000_000
DEVICES = 22_000
UP = "vigil/v1/330105001001/g1/up/m1"
SINGLE = {"ts": NOW // 1_000, "seq": 7, "in_bed": True, "heart_rate": 62, "respiratory_rate": 14.5}
FIFTY = [{**SINGLE, "seq": n} for n in range(50)]
CANONICAL_US, DECLARATIVE_US = 2, 12  # budgets

Decode = Callable[[], int]
"""Decodes one message; how many readings it gave."""


def measure(_folder: Path) -> list[Result]:
    """Microseconds a reading; the best of seven rounds, as the machine is shared."""
    catalogue = Catalogue.load()
    known = {f"d{n}": "canonical" for n in range(DEVICES)} | {"m1": "canonical"}
    results = [
        _result("canonical single", _decoder(catalogue, UP, SINGLE, known), CANONICAL_US),
        _result("canonical array of 50", _decoder(catalogue, UP, FIFTY, known), CANONICAL_US),
    ]
    for profile in catalogue.profiles.values():
        if profile.routes:
            example = next(e for e in load_examples(profile.folder) if e.reading)
            devices = {reading.device: profile.id for reading in example.reading}
            decode = _of_example(catalogue, example, known | devices)
            results.append(_result(profile.id, decode, DECLARATIVE_US))
    return results


def _result(name: str, decode: Decode, budget: float) -> Result:
    readings = decode()
    rounds = max(200, 3_000 // readings)
    best = min(_round(decode, rounds) for _ in range(7))
    cost = 1e6 * best / rounds / readings
    return Result(f"decode: {name}", cost, "µs/reading", budget=f"≤ {budget} µs", ok=cost <= budget)


def _decoder(catalogue: Catalogue, topic: str, content: object, known: dict[str, str]) -> Decode:
    payload = json.dumps(content).encode()

    def decode() -> int:
        found = catalogue.decode(topic, payload, profile_of=known.get, received=NOW).readings
        for reading in found:
            known.get(reading.device)  # ingest finds the device's row by its id
        return len(found)

    return decode


def _of_example(catalogue: Catalogue, example: Example, known: dict[str, str]) -> Decode:
    topic, payload = full_topic(example), example.bytes()

    def decode() -> int:
        try:
            decoded = catalogue.decode(topic, payload, profile_of=known.get, received=NOW)
        except DecodeError as error:
            raise RuntimeError(f"{example.note}: {error}") from error
        return len(decoded.readings)

    return decode


def _round(decode: Decode, rounds: int) -> float:
    began = time.perf_counter()
    for _ in range(rounds):
        decode()
    return time.perf_counter() - began
