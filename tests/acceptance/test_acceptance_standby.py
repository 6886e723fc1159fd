"""Two copies of ingest: one works, the other waits, says why, and takes over by itself."""

import threading
import urllib.request
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from tests.support.fleet import HOMES, traffic
from tests.support.ledger import settle
from tests.support.mosquitto import Mosquitto, needs_mosquitto
from tests.support.pgbouncer import PgBouncer, needs_pgbouncer
from tests.support.registry import town
from tests.support.stopped import stopped
from tests.support.system import System, running_system, until
from vigil.embedded import process
from vigil.embedded.broker import Broker

CONNECTED = '"client": "vigil-ingest", "session_kept"'
"""Of ingest's own session, once it has connected."""


on_mosquitto = pytest.param("mosquitto", marks=needs_mosquitto)
on = partial(pytest.mark.parametrize, "running", indirect=True)


LIMITS = {"VIGIL_INGEST__LEASE_S": "2", "VIGIL_INGEST__REJECT_RATE": "100000"}


@pytest.fixture
def running(request: pytest.FixtureRequest, database: str, tmp_path: Path) -> Iterator[System]:
    """One copy at work; on NATS, or the broker that a test names."""
    folder = tmp_path / "broker"
    mosquitto = getattr(request, "param", "nats") == "mosquitto"
    server = Mosquitto(folder) if mosquitto else Broker(folder)
    with (
        server as broker,
        running_system(database, broker, town(homes=HOMES), tmp_path, **LIMITS) as it,
    ):
        it.start("ingest")
        until(it.caught_up)
        yield it


def start_second(running: System, **extra: str) -> None:
    running.start("ingest", copy="-2", **extra)
    until(lambda: "standby: partition 'main' belongs to" in running.log("ingest-2"))


def elsewhere(tmp_path: Path, **extra: str) -> dict[str, str]:
    """As on another machine: it cannot see whether a process here lives."""
    return {"VIGIL_INGEST__STATE_FOLDER": str(tmp_path / "elsewhere"), **extra}


def pause(seconds: float) -> None:
    threading.Event().wait(seconds)


def roles(port: int) -> tuple[float, float]:
    """Whether a process owns its partition, and whether it waits for it, by its metrics."""
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as answer:
        lines = dict(line.rsplit(" ", 1) for line in answer.read().decode().splitlines())
    return float(lines["vigil_ingest_active"]), float(lines["vigil_ingest_standby"])


@on([on_mosquitto])
def test_the_second_copy_takes_over_from_one_that_is_killed(
    running: System, tmp_path: Path
) -> None:
    port = process.free_port()
    start_second(running, **elsewhere(tmp_path, VIGIL_METRICS__INGEST_PORT=str(port)))
    assert roles(port) == (0, 1)
    with traffic(running.broker) as fleet:
        pause(1)
        assert CONNECTED not in running.log("ingest-2")
        running.kill("ingest")
        until(lambda: running.caught_up(2))
        pause(0.5)
    settle(running, fleet.ledger)
    assert roles(port) == (1, 0)
    assert running.rows("SELECT epoch FROM partition") == [(2,)]


def test_on_one_machine_it_need_not_wait(running: System) -> None:
    """The death of a neighbour can be seen, and one that leaves in order says so."""
    forever = {"VIGIL_INGEST__LEASE_S": "3600"}
    start_second(running, **forever)
    running.kill("ingest")
    until(lambda: running.caught_up(2))
    running.start("ingest", copy="-3", **forever)
    until(lambda: "standby" in running.log("ingest-3"))
    running.stop("ingest-2")
    until(lambda: running.caught_up(3))


def test_in_order_it_is_handed_over_at_once_to_another_machine(
    running: System, tmp_path: Path
) -> None:
    start_second(running, **elsewhere(tmp_path, VIGIL_INGEST__LEASE_S="3600"))
    running.stop("ingest")
    until(lambda: running.caught_up(2))


@on([on_mosquitto])
def test_one_that_stood_still_commits_nothing_more_and_stays_away_from_the_broker(
    running: System, tmp_path: Path
) -> None:
    start_second(running, **elsewhere(tmp_path))
    with traffic(running.broker) as fleet:
        pause(0.5)
        with stopped(running.pid("ingest")):
            until(lambda: running.caught_up(2))
            pause(0.5)
        until(lambda: "becoming a standby" in running.log("ingest"))
        pause(1.5)  # long enough for a fight over the session, if there were one
    settle(running, fleet.ledger)
    assert running.log("ingest").count(CONNECTED) == 1
    assert running.log("ingest-2").count(CONNECTED) == 1
    running.kill("ingest-2")
    until(lambda: running.caught_up(3))  # and it is there when it is needed
    assert running.log("ingest").count(CONNECTED) == 2


@on([on_mosquitto])
def test_a_slow_store_is_no_death(running: System, tmp_path: Path) -> None:
    """The owner's transactions take longer than its lease; it goes on saying that it lives."""
    start_second(running, **elsewhere(tmp_path))
    with traffic(running.broker) as fleet, running.sql() as other, other.transaction():
        other.execute("LOCK TABLE batch_log IN EXCLUSIVE MODE")
        pause(5)
    settle(running, fleet.ledger)
    assert running.rows("SELECT epoch FROM partition") == [(1,)]


@needs_pgbouncer
def test_a_lease_behind_pgbouncer(database: str, tmp_path: Path) -> None:
    """In transaction mode: nothing of it lives in a session."""
    with (
        PgBouncer(tmp_path / "pgbouncer", database) as pooler,
        Broker(tmp_path / "broker") as broker,
        running_system(
            database,
            broker,
            town(homes=HOMES),
            tmp_path,
            VIGIL_STORE__DSN=pooler.dsn,
            VIGIL_INGEST__REDELIVERY_WAIT_S="2.5",  # the embedded broker's, and it matters here
            **LIMITS,
        ) as running,
    ):
        running.start("ingest")
        until(running.caught_up)
        start_second(running, **elsewhere(tmp_path))
        with traffic(running.broker) as fleet:
            pause(3)  # longer than the lease
            assert running.rows("SELECT epoch FROM partition") == [(1,)]
            running.kill("ingest")
            until(lambda: running.caught_up(2))
        settle(running, fleet.ledger)
        assert running.rows("SELECT epoch FROM partition") == [(2,)]
