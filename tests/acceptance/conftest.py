"""A running ingest on a small town, and a client on its broker."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.registry import town
from tests.support.system import Client, System, system, until


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
