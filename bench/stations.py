"""Alerts committed → cards on the stations' topics, with ten thousand incidents open.

One copy at a steady rate; then two, of which the first is killed half-way: what is lost, what
comes twice and can be told by its key, and how the work was shared. Alerts are written as ingest
writes them; the broker, the store and the stations are real processes.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.request import urlopen

import numpy as np

from bench.proc import Meter
from bench.result import Result
from bench.stations_load import SEATED, Heard, alerts_of, seat, settled, write
from schemas import topics
from tests.support.registry import town
from tests.support.services import fresh_database
from tests.support.system import Client, System, running_system, until
from vigil.embedded.broker import Broker
from vigil.embedded.postgres import Postgres
from vigil.embedded.process import free_port

RATE = 200  # alerts a second
SECONDS = 20
WARM_S = 2  # not counted: caches, connections
COPY_SECONDS = 10
PATIENCE = 120.0
BUDGET_MS = 300.0
_COUNTED = "vigil_stations_changes_total"


def measure(folder: Path) -> list[Result]:
    with Broker(folder / "broker") as broker, Postgres(folder / "store") as store:
        return [*_one_copy(folder / "one", broker, store), *_killed(folder / "two", broker, store)]


def _one_copy(folder: Path, broker: Broker, store: Postgres) -> list[Result]:
    """p50 and p99 of one copy, and what it and the store had to do for it."""
    with _running(folder, broker, store, copies=1) as (system, heard, _):
        meter = Meter({"stations": system.pid("stations1"), "store": store.pid})
        written = write(system, alerts_of(RATE * SECONDS, first=0), rate=RATE)
        cores = meter.cores()
        until(lambda: not heard.missing(written), seconds=PATIENCE)
    warm = min(written.values()) + WARM_S
    taken = heard.milliseconds({alert: at for alert, at in written.items() if at >= warm})
    p50, p99 = (float(np.percentile(taken, p)) for p in (50, 99))
    name = f"alert to station topic, {SEATED:,} open, {RATE}/s"
    return [
        _budgeted(f"{name}, p50", p50),
        _budgeted(f"{name}, p99", p99),
        *(Result(f"{name}, {who}", busy, "cores") for who, busy in cores.items()),
    ]


def _killed(folder: Path, broker: Broker, store: Postgres) -> list[Result]:
    """The second copy shares the work and survives the first one's kill −9."""
    half = RATE * COPY_SECONDS
    with _running(folder, broker, store, copies=2) as (system, heard, ports):
        written = write(system, alerts_of(half, first=0), rate=RATE)
        shared = [_handled(port) for port in ports]
        system.kill("stations1")
        written |= write(system, alerts_of(half, first=half), rate=RATE)
        settled(lambda: not heard.missing(written))
        lost = len(heard.missing(written))
    name = "two copies, the first killed"
    return [
        Result(f"{name}, never delivered", lost, "alerts", budget="0", ok=not lost),
        Result(f"{name}, delivered twice, told by their key", heard.twice, "cards"),
        Result(f"{name}, the same key on unlike cards", heard.unlike, "cards", budget="0",
               ok=not heard.unlike),
        Result(
            f"{name}, share of the idler before", min(shared) / max(1, sum(shared)), "of changes",
            budget="> 0", ok=min(shared) > 0,
        ),
    ]  # fmt: skip


@contextmanager
def _running(
    folder: Path, broker: Broker, store: Postgres, *, copies: int
) -> Iterator[tuple[System, Heard, list[int]]]:
    """The copies at work (with the ports of their metrics), and a subscriber at every station."""
    folder.mkdir()
    with (
        fresh_database(store.dsn) as dsn,
        running_system(dsn, broker, town(homes=SEATED + RATE * SECONDS), folder) as system,
    ):
        with system.sql() as connection:
            seat(connection)
        heard = Heard()
        client = Client(broker, topics.HEARTBEAT, topics.station_alerts("+"))
        client.on_message = heard.take
        ports = [free_port() for _ in range(copies)]
        for n, port in enumerate(ports, 1):
            system.start("stations", copy=str(n), **_own(n, port))
        until(lambda: heard.beats >= copies, seconds=PATIENCE)
        try:
            yield system, heard, ports
        finally:
            client.close()


def _own(copy: int, metrics: int) -> dict[str, str]:
    """What copies may not share."""
    return {
        "VIGIL_STATIONS__NAME": f"copy{copy}",
        "VIGIL_STATIONS__CONSOLE_PORT": str(free_port()),
        "VIGIL_METRICS__STATIONS_PORT": str(metrics),
    }


def _handled(port: int) -> float:
    """Changes that a copy has taken in, by its own count."""
    with urlopen(f"http://127.0.0.1:{port}/metrics") as page:
        lines = page.read().decode().splitlines()
    return next(float(li.split()[1]) for li in lines if li.startswith(f"{_COUNTED} "))


def _budgeted(name: str, value: float) -> Result:
    return Result(
        name, value, "ms", "budget", value / BUDGET_MS, f"≤ {BUDGET_MS:g} ms", value <= BUDGET_MS
    )
