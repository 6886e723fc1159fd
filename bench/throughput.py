"""Single readings, QoS 1: broker → committed and ruled, beside the broker's own ceiling."""

import json
import subprocess
import sys
import time
from pathlib import Path

from bench.brokers import Address, brokers
from bench.result import Result
from schemas import topics
from schemas.directory import Directory
from tests.support.registry import town
from tests.support.services import fresh_database
from tests.support.system import running_system, until
from vigil.embedded.postgres import Postgres

HOMES = 1_000
COUNT = 60_000


def measure(folder: Path) -> list[Result]:
    """For each broker that is there: its ceiling, then the whole ingest, in the same minute."""
    directory = town(homes=HOMES)
    lines = folder / "topics.json"
    lines.write_text(json.dumps(mattresses(directory)))
    results = []
    for name, serve in brokers().items():
        with serve(folder / f"{name}-bare") as broker:
            ceiling = COUNT / _ceiling(broker.port, lines)
        with serve(folder / name) as broker:
            ours = COUNT / _ingest(broker, lines, directory, folder / f"{name}-run")
        results += [
            Result(f"bare subscriber, {name}", ceiling, "messages/s"),
            Result(
                f"single readings, {name}",
                ours,
                "readings/s",
                against="bare subscriber, same run",
                ratio=ours / ceiling,
                budget="≥ 0.5 (Mosquitto)",
            ),
        ]
    return results


def mattresses(directory: Directory) -> list[str]:
    """The topics of all mattresses."""
    area = {g.id: g.area for g in directory.gateways}
    return [
        topics.up(area[d.gateway], d.gateway, d.id)
        for d in directory.devices
        if d.kind == "mattress"
    ]


def generate(port: int, lines: Path, count: int, *, rate: float = 0) -> subprocess.Popen[str]:
    """A generator that has made its packets and begins now."""
    arguments = [sys.executable, "-m", "bench.generator", str(port), str(count), str(rate)]
    running = subprocess.Popen([*arguments, str(lines)], stdout=subprocess.PIPE, text=True)
    _line(running, "begin")
    return running


def _line(running: subprocess.Popen[str], word: str) -> None:
    if running.stdout is None or running.stdout.readline().strip() != word:
        raise RuntimeError(f"{running.args!r} did not say {word!r}")


def _ceiling(port: int, lines: Path) -> float:
    """Seconds in which a bare subscriber has everything."""
    arguments = [sys.executable, "-m", "bench.subscriber", str(port), str(COUNT)]
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True) as subscriber:
        _line(subscriber, "ready")
        with generate(port, lines, COUNT):
            began = time.perf_counter()
            subscriber.wait(300)
            return time.perf_counter() - began


def _ingest(broker: Address, lines: Path, directory: Directory, folder: Path) -> float:
    """Seconds in which everything is committed and ruled."""
    folder.mkdir()
    with (
        Postgres(folder / "store") as store,
        fresh_database(store.dsn) as dsn,
        running_system(dsn, broker, directory, folder) as system,
    ):
        system.start("ingest")
        until(system.caught_up)
        with system.sql() as connection, generate(broker.port, lines, COUNT):
            began = time.perf_counter()
            count = "SELECT count(*) FROM reading"
            until(lambda: connection.execute(count).fetchone() == (COUNT,), seconds=300)
            return time.perf_counter() - began
