"""Connections to the store: autocommit, UTC, and an end to waiting for a peer that is gone.

Works directly and behind PgBouncer in transaction mode: there nothing is prepared, and nothing but
settings that PgBouncer follows is kept in the session. Statements that say `prepare=True` are
prepared where the session is our own. They are those whose plan stays right however the tables
grow; others are planned each time they run.
"""

from typing import Any

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo

_DEFAULTS: dict[str, Any] = {
    "client_encoding": "utf8",
    "connect_timeout": 5,  # seconds
    # A peer that vanished is noticed after 10 s idle plus 3 × 5 s, or 15 s with data on the way.
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 15_000,  # milliseconds
}


PID = "SELECT pg_backend_pid()"
"""What answers with `connection.info.backend_pid` is the server itself: a pooler that shares
sessions gives its clients numbers of its own, as they belong to no server process."""
EXPLICITLY = 1_000_000_000
"""As psycopg's `prepare_threshold`: nothing is prepared but what asks for it."""

# The same of the server's side: what we had under way when we vanished would hold its locks.
_SESSION = b"""
SET TIME ZONE 'UTC';
SET tcp_keepalives_idle = 10; SET tcp_keepalives_interval = 5; SET tcp_keepalives_count = 3;
SET tcp_user_timeout = 15000;
"""


def conninfo(dsn: str, *, application: str) -> str:
    """`dsn` with our defaults where it says nothing itself; for pools and async connections."""
    given = {key: value for key, value in conninfo_to_dict(dsn).items() if value is not None}
    return make_conninfo(**{**_DEFAULTS, "application_name": application, **given})


def connect(dsn: str, *, application: str) -> psycopg.Connection:
    """Connect. `application` names us in pg_stat_activity.

    Raises psycopg.OperationalError (see `store.errors.kind`) where nothing answers in time.
    """
    connection = psycopg.connect(
        conninfo(dsn, application=application), autocommit=True, prepare_threshold=None
    )
    try:
        connection.execute(_SESSION)
        if connection.execute(PID).fetchone() == (connection.info.backend_pid,):
            connection.prepare_threshold = EXPLICITLY
    except BaseException:
        connection.close()
        raise
    return connection


def connect_read_only(dsn: str, *, application: str) -> psycopg.Connection:
    """Connect so that the server refuses every write: each transaction begins READ ONLY.

    No autocommit: who reads for long rolls back now and then, or what it has read can neither be
    dropped nor cleaned up. (A setting of the session would outlive us behind PgBouncer.)
    """
    connection = connect(dsn, application=application)
    connection.autocommit = False
    connection.read_only = True
    return connection
