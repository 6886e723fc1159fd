"""Real services for tests: an embedded PostgreSQL and broker for the session, fresh inside.

A test gets a database of its own, so that tests neither see each other nor wait for each other.
With VIGIL_TEST_TIMESCALE_DSN set, store tests also run on that server.
"""

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from psycopg import sql
from psycopg.conninfo import make_conninfo

TIMESCALE_DSN = os.environ.get("VIGIL_TEST_TIMESCALE_DSN")


@contextmanager
def fresh_database(server_dsn: str) -> Iterator[str]:
    """The DSN of a new, empty database on a server; dropped afterwards."""
    name = f"vigil_test_{secrets.token_hex(6)}"
    with psycopg.connect(server_dsn, autocommit=True) as admin:
        admin.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    try:
        yield make_conninfo(server_dsn, dbname=name)
    finally:
        with psycopg.connect(server_dsn, autocommit=True) as admin:
            drop = sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)")
            admin.execute(drop.format(sql.Identifier(name)))
