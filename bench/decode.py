"""Bytes to readings: what one costs, id look-up included.

The canonical wire in batches of `BATCH`, as ingest reads it: from topics and payloads to columns of
a draft, of `DEVICES` devices. Every profile by the first of its examples that is read, one by one;
those whose payload is read by code (several values a message, packed) have no budget.
"""

import json
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from bench import fleet
from bench.result import Result
from devices.catalogue import Catalogue
from devices.decoded import DecodeError
from devices.examples import Example, full_topic, load_examples
from devices.readers import READERS
from ingest.decode import Decoder
from ingest.lookup import Lookup
from ingest.reject import RejectBudget
from ingest.source import Mark, Messages
from schemas import topics
from schemas.directory import Directory
from schemas.registry import Registry
from tests.support.registry import town

NOW = 1_768_000_000_000_000
DEVICES = 22_000
BATCH = 2_000
SINGLE = {"ts": NOW // 1_000, "seq": 7, "in_bed": True, "heart_rate": 62, "respiratory_rate": 14.5}
FIFTY = [{**SINGLE, "seq": n} for n in range(50)]
CANONICAL_US, DECLARATIVE_US = 2, 12  # budgets

Decode = Callable[[], int]
"""Decodes one message; how many readings it gave."""


def measure(_folder: Path) -> list[Result]:
    """Microseconds a reading; the best of many short rounds, as the machine is shared."""
    catalogue = Catalogue.load()
    known = {f"d{n}": "canonical" for n in range(DEVICES)}
    directory = town(homes=DEVICES // 3)
    results = [
        _result("canonical single", _plain(catalogue, directory, SINGLE, BATCH), CANONICAL_US),
        _result("canonical array of 50", _plain(catalogue, directory, FIFTY, 40), CANONICAL_US),
        _result("canonical array of 50 devices", _of_gateways(catalogue), CANONICAL_US),
    ]
    for profile in catalogue.profiles.values():
        if profile.routes:
            example = next(e for e in load_examples(profile.folder) if e.reading)
            devices = {reading.device: profile.id for reading in example.reading}
            decode = _of_example(catalogue, example, known | devices)
            is_declarative = all(m.payload not in READERS for m in profile.spec.message)
            budget = DECLARATIVE_US if is_declarative else None
            results.append(_result(f"{profile.id} {_size(example)}", decode, budget))
    return results


def _size(example: Example) -> str:
    """What one message holds: its cost is that of all its readings."""
    readings = example.reading
    values = sum(len(reading.model_extra or {}) for reading in readings)
    return f"({len(readings)} × {values / len(readings):.2g} values)"


def _result(name: str, decode: Decode, budget: float | None) -> Result:
    readings = decode()
    rounds = max(3, 200 // readings)
    best = min(_round(decode, rounds) for _ in range(100))
    cost = 1e6 * best / rounds / readings
    name = f"decode: {name}"
    if budget is None:
        return Result(name, cost, "µs/reading")
    return Result(name, cost, "µs/reading", budget=f"≤ {budget} µs", ok=cost <= budget)


def _plain(catalogue: Catalogue, directory: Directory, content: object, count: int) -> Decode:
    """A batch of `count` messages of as many devices."""
    area = {gateway.id: gateway.area for gateway in directory.gateways}
    devices = directory.devices[:: max(1, DEVICES // count)][:count]
    names = [topics.up(area[d.gateway], d.gateway, d.id) for d in devices]
    return _batch(catalogue, directory, [(name, content) for name in names])


def _of_gateways(catalogue: Catalogue) -> Decode:
    """A batch of gateways that each speak for fifty devices of their own."""
    directory = fleet.crowded(homes=BATCH)
    said = [
        (topic, [{**SINGLE, "device": device} for device in devices])
        for topic, devices in fleet.arrays(directory)
    ]
    return _batch(catalogue, directory, said)


def _batch(
    catalogue: Catalogue, directory: Directory, said: Sequence[tuple[str, object]]
) -> Decode:
    decoder = Decoder(catalogue, Lookup(Registry.build(directory)), budget=RejectBudget(1))
    messages = Messages(
        [topic.encode() for topic, _ in said],
        [json.dumps(content, separators=(",", ":")).encode() for _, content in said],
        NOW + 1_000 * np.arange(len(said)),
        np.arange(len(said)),
        np.full(len(said), Mark.QOS1, np.uint8),
        session=1,
    )
    return lambda: len(decoder.decode(messages, after=0).said)


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
    """Seconds of this thread's own, so that others on the machine count little."""
    began = time.thread_time()
    for _ in range(rounds):
        decode()
    return time.thread_time() - began
