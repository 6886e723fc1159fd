"""A running ingest on a small town and a client on its broker; a store for a browser to look at."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.browser import chromium_path
from tests.support.desk import fresh_store
from tests.support.registry import town
from tests.support.system import Client, System, system, until
from vigil.embedded.postgres import Postgres


@pytest.fixture
def listening(database: str, tmp_path: Path) -> Iterator[System]:
    """Ingest on two homes, caught up; no stations."""
    with system(database, town(), tmp_path) as it:
        it.start("ingest")
        until(it.caught_up)
        yield it


@pytest.fixture
def gateway(listening: System) -> Iterator[Client]:
    """Says what gateways say."""
    it = Client(listening.broker)
    yield it
    it.close()


@pytest.fixture
def store(postgres: Postgres) -> Iterator[str]:
    """A store of the test's own, for the console; skips where there is no browser."""
    chromium_path()
    with fresh_store(postgres.dsn) as dsn:
        yield dsn
