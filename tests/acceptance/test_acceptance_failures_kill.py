"""Ingest killed at any moment loses and doubles nothing (I1, I2, I5)."""

import random
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.fleet import HOMES, traffic
from tests.support.ledger import settle
from tests.support.mosquitto import Mosquitto, needs_mosquitto
from tests.support.registry import town
from tests.support.stopped import peak_memory
from tests.support.system import System, running_system, until
from vigil.embedded.broker import Broker

MEMORY = 250 * 1024 * 1024  # bytes; what the design grants at 22,000 elders


@pytest.fixture(params=["nats", pytest.param("mosquitto", marks=needs_mosquitto)])
def running(request: pytest.FixtureRequest, database: str, tmp_path: Path) -> Iterator[System]:
    folder = tmp_path / "broker"
    server = Broker(folder) if request.param == "nats" else Mosquitto(folder)
    with (
        server as broker,
        running_system(
            database,
            broker,
            town(homes=HOMES),
            tmp_path,
            VIGIL_INGEST__SNAPSHOT_S="0.5",
            VIGIL_INGEST__BATCH_COUNT="200",
            VIGIL_INGEST__REJECT_RATE="100000",
            VIGIL_INGEST__REDELIVERY_WAIT_S="2.5",  # NATS's, and it matters here
        ) as it,
    ):
        it.start("ingest")
        until(it.caught_up)  # before its first session a broker keeps nothing for it
        yield it


def test_killed_ten_times_at_random_moments(running: System) -> None:
    """Also before it has connected, while it restores, and while it catches up a backlog."""
    rng = random.Random(7)
    running.kill("ingest")
    with traffic(running.broker, ahead=200) as fleet:
        for _ in range(10):
            running.start("ingest")
            threading.Event().wait(rng.uniform(0.3, 2))
            running.kill("ingest")
        running.start("ingest")
    settle(running, fleet.ledger)
    assert peak_memory(running.pid("ingest")) < MEMORY
