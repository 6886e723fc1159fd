"""A store that stands still, dies, refuses or is full: ingest waits, nothing is lost (I1, I4)."""

import os
import random
import subprocess
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import psycopg
import pytest

from tests.support.fleet import HOMES, traffic
from tests.support.ledger import settle
from tests.support.registry import town
from tests.support.services import STORES, fresh_database, server
from tests.support.stopped import peak_memory, stopped
from tests.support.system import System, system, until
from vigil.embedded.postgres import Postgres

SETTINGS = {
    "VIGIL_INGEST__REJECT_RATE": "100000",
    "VIGIL_INGEST__REDELIVERY_WAIT_S": "2.5",  # the embedded broker's, and it matters here
}
OUTAGE = float(os.environ.get("VIGIL_TEST_OUTAGE_S", "4"))
MEMORY = 250 * 1024 * 1024  # bytes; what the design grants at 22,000 elders


@pytest.fixture(scope="module", params=STORES)
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def store(kind: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Postgres]:
    """A small server of this module's own, to be maltreated."""
    folder = tmp_path_factory.mktemp("failures") / "store"
    with server(kind, folder, settings={"max_connections": "12"}) as running:
        yield running


@contextmanager
def ingesting(store: Postgres, folder: Path) -> Iterator[System]:
    with (
        fresh_database(store.dsn) as dsn,
        system(dsn, town(homes=HOMES), folder, **SETTINGS) as running,
    ):
        running.start("ingest")
        until(running.caught_up)
        yield running


@pytest.fixture
def running(store: Postgres, tmp_path: Path) -> Iterator[System]:
    """After the test: it has lived through it, and its memory stayed bounded."""
    with ingesting(store, tmp_path) as it:
        yield it
        assert peak_memory(it.pid("ingest")) < MEMORY


def pause(seconds: float) -> None:
    threading.Event().wait(seconds)


@pytest.mark.timeout(300)
def test_a_store_that_stands_still(running: System, store: Postgres) -> None:
    with traffic(running.broker) as fleet, stopped(store.pid):
        pause(OUTAGE)
    settle(running, fleet.ledger)


def test_a_store_that_is_killed(running: System, store: Postgres) -> None:
    with traffic(running.broker) as fleet:
        pause(0.5)
        store.kill()
        pause(1)
        store.start()
    settle(running, fleet.ledger)
    assert "the store failed" in running.log("ingest")


def take_all(others: ExitStack, store: Postgres) -> None:
    for _ in range(12):
        others.enter_context(psycopg.connect(store.dsn))


def test_no_connection_to_be_had(running: System, store: Postgres) -> None:
    """Others hold them all when ours is lost."""
    with traffic(running.broker) as fleet, ExitStack() as others:
        admin = others.enter_context(psycopg.connect(store.dsn, autocommit=True))
        with pytest.raises(psycopg.OperationalError, match="too many clients"):
            take_all(others, store)
        admin.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE application_name LIKE 'vigil ingest%'"
        )
        with suppress(psycopg.OperationalError):
            take_all(others, store)  # its place too, before it is back
        until(lambda: "too many clients" in running.log("ingest"))
    settle(running, fleet.ledger)


def test_statements_cancelled_and_sessions_ended(running: System, store: Postgres) -> None:
    rng = random.Random(5)
    with (
        traffic(running.broker) as fleet,
        psycopg.connect(store.dsn, autocommit=True) as admin,
    ):
        for _ in range(60):
            pause(rng.uniform(0.01, 0.08))
            end = "pg_cancel_backend" if rng.random() < 0.7 else "pg_terminate_backend"
            admin.execute(
                f"SELECT {end}(pid) FROM pg_stat_activity"
                " WHERE application_name LIKE 'vigil ingest%' AND state <> 'idle'".encode()
            )
    settle(running, fleet.ledger)
    assert "the store failed" in running.log("ingest")


@contextmanager
def small_disk(folder: Path) -> Iterator[Path]:
    """A file system of 128 MB; skips where we may not mount one."""
    folder.mkdir()
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=128m,mode=755", "none", folder],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        pytest.skip(f"may not mount a small file system here: {done.stderr.strip()}")
    try:
        yield folder
    finally:
        subprocess.run(["umount", folder], check=True)


def fill(disk: Path) -> Path:
    """A file that leaves no room on the disk."""
    ballast = disk / "ballast"
    with ballast.open("wb", buffering=0) as file:
        try:
            while True:
                file.write(bytes(1 << 16))
        except OSError:
            return ballast


def test_a_full_disk(kind: str, tmp_path: Path) -> None:
    """The server may end over it, as PostgreSQL does when its log cannot grow: whoever makes room
    starts it again; ingest is left alone."""
    with small_disk(tmp_path / "disk") as disk:
        settings = {"max_wal_size": "32MB", "min_wal_size": "32MB", "shared_buffers": "8MB"}
        with (
            server(kind, disk / "store", settings=settings) as store,
            ingesting(store, tmp_path) as running,
        ):
            with traffic(running.broker) as fleet:
                pause(0.5)
                ballast = fill(disk)
                until(lambda: "No space left" in store.log.read_text())
                pause(1)
                ballast.unlink()
                if not alive(store):
                    store.stop()
                    store.start()
            settle(running, fleet.ledger)
            assert peak_memory(running.pid("ingest")) < MEMORY


def alive(store: Postgres) -> bool:
    try:
        psycopg.connect(store.dsn, connect_timeout=5).close()
    except psycopg.OperationalError:
        return False
    return True
