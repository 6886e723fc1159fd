"""Real services for tests: an embedded PostgreSQL and broker for the session, fresh inside.

A test gets a database of its own, so that tests neither see each other nor wait for each other.
With VIGIL_TEST_TIMESCALE_DSN set, store tests also run on that server; with
VIGIL_TEST_TIMESCALE_BIN (the folder of its programs) those too that stop and kill their server.
"""

import os
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from vigil.embedded.postgres import Postgres

TIMESCALE_DSN = os.environ.get("VIGIL_TEST_TIMESCALE_DSN")
TIMESCALE_BIN = os.environ.get("VIGIL_TEST_TIMESCALE_BIN")
STORES = ["postgres", pytest.param("timescaledb", marks=pytest.mark.timescaledb)]
"""For fixtures of a server that the tests may maltreat: see `server`."""

_TIMESCALE = {"shared_preload_libraries": "timescaledb", "timescaledb.telemetry_level": "off"}


def server(kind: str, folder: Path, *, settings: Mapping[str, str] | None = None) -> Postgres:
    """A server of a test's own, of one of STORES; skips where there is no such server."""
    if kind == "postgres":
        return Postgres(folder, settings=settings)
    if TIMESCALE_BIN is None:
        pytest.skip("no VIGIL_TEST_TIMESCALE_BIN: not seen on TimescaleDB")
    settings = {**_TIMESCALE, **(settings or {})}
    return Postgres(folder, settings=settings, binaries=Path(TIMESCALE_BIN))


@contextmanager
def fresh_database(server_dsn: str, *, template: str | None = None) -> Iterator[str]:
    """The DSN of a new database on a server: empty, or a copy of `template`, which nobody may be
    connected to. Dropped afterwards."""
    name = f"vigil_test_{secrets.token_hex(6)}"
    with psycopg.connect(server_dsn, autocommit=True) as admin:
        # Not template1: TimescaleDB's scheduler looks into it now and then.
        create = sql.SQL("CREATE DATABASE {} TEMPLATE {}")
        admin.execute(create.format(sql.Identifier(name), sql.Identifier(template or "template0")))
    try:
        yield make_conninfo(server_dsn, dbname=name)
    finally:
        with psycopg.connect(server_dsn, autocommit=True) as admin:
            drop = sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)")
            admin.execute(drop.format(sql.Identifier(name)))


def name_of(dsn: str) -> str:
    """The name of the database in a connection string."""
    return str(conninfo_to_dict(dsn)["dbname"])
