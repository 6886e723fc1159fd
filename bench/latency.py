"""SOS published → on the station's topic, with readings in the background."""

import json
import time
from pathlib import Path

import numpy as np

from bench import fleet
from bench.brokers import brokers
from bench.result import Result
from schemas import topics
from tests.support.registry import town
from tests.support.services import fresh_database
from tests.support.system import AnyBroker, Client, running_system, until
from vigil.embedded.postgres import Postgres

HOMES = 1_000
PRESSES = 100
BACKGROUND = 2_000  # messages a second
BUDGETS = {"p50": 30.0, "p99": 150.0}  # milliseconds


def measure(folder: Path) -> list[Result]:
    """p50 and p99 over presses in different homes, for each broker that is there."""
    results = []
    for name, serve in brokers().items():
        with serve(folder / name) as broker, Postgres(folder / f"{name}-store") as store:
            taken = _presses(broker, store.dsn, folder / f"{name}-run")
        for label, budget in BUDGETS.items():
            value = float(np.percentile(taken, float(label[1:])))
            results.append(
                Result(
                    f"SOS to station {label}, {BACKGROUND:,}/s behind, {name}",
                    value,
                    "ms",
                    against="budget",
                    ratio=value / budget,
                    budget=f"≤ {budget:g} ms",
                    ok=value <= budget,
                )
            )
    return results


def _presses(broker: AnyBroker, dsn: str, folder: Path) -> list[float]:
    """Milliseconds from each publish to its card."""
    folder.mkdir()
    directory = town(homes=HOMES)
    area = {g.id: g.area for g in directory.gateways}
    pressed: dict[str, float] = {}
    carded: dict[str, float] = {}

    def on_card(payload: bytes) -> None:
        home = json.loads(payload)["home"]
        carded.setdefault(home, time.perf_counter())

    with (
        fresh_database(dsn) as database,
        running_system(database, broker, directory, folder) as system,
    ):
        system.start("ingest")
        system.start("stations")
        until(system.caught_up)
        client = Client(broker, topics.HEARTBEAT, topics.station_alerts("+"))
        until(lambda: client.heard)
        client.on_message = lambda topic, payload: (
            on_card(payload) if topic.endswith("/alerts") else None
        )
        pause = 0.1  # ten presses a second are more than a city's
        count = int(BACKGROUND * PRESSES * pause * 1.5)
        speakers = fleet.singles(directory)
        with fleet.generate(broker.port, speakers, count, rate=BACKGROUND, folder=folder) as behind:
            time.sleep(max(0, behind.begin - time.time()))
            for n in range(1, PRESSES + 1):
                time.sleep(pause)
                pressed[f"h{n}"] = time.perf_counter()
                client.say(topics.up(area[f"g{n}"], f"g{n}", f"b{n}"), {"sos": "pressed"})
            until(lambda: len(carded) >= PRESSES)
        client.close()
    return [1_000 * (carded[home] - pressed[home]) for home in pressed]
