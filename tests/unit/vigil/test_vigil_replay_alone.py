"""A replay can neither write nor reach anybody, by what it is made of."""

import subprocess
import sys

import psycopg
import pytest

from store.connect import connect_read_only
from store.migrate import migrate

_REACHING = (
    "stations.run",
    "stations.deliver",
    "stations.outlets",
    "stations.mqtt",
    "paho",
    "aiomqtt",
    "apprise",
    "httpx",
)


def test_nothing_that_delivers_is_even_loaded() -> None:
    """In a process of its own: every other test has loaded something."""
    program = (
        "import sys, vigil.commands.replay, vigil.replay.jobs\n"
        f"print([m for m in {_REACHING} if m in sys.modules])"
    )
    said = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert said.stdout.strip() == "[]"


def test_its_connection_refuses_every_write(database: str) -> None:
    migrate(database)
    with connect_read_only(database, application="test") as connection:
        assert connection.execute("SELECT count(*) FROM alert").fetchone() == (0,)
        with pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
            connection.execute("DELETE FROM alert")
        connection.rollback()
        with pytest.raises(psycopg.errors.ReadOnlySqlTransaction), connection.transaction():
            connection.execute("INSERT INTO area (id, name, level) VALUES ('a', 'a', 'city')")
