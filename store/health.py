"""What a store says of itself that decides whether it keeps its promises. Changes nothing."""

from typing import NamedTuple

import psycopg

from schemas.times import DAY, to_micros
from store import days

_SETTINGS = ("fsync", "full_page_writes", "synchronous_commit")


class Health(NamedTuple):
    version: int
    """As `server_version_num`: 180001 is 18.1."""
    timescaledb: str | None
    settings: dict[str, str]
    """Those that decide whether a commit outlives a power cut."""
    connections: int
    """Still to be had by us."""
    clock: int
    """Its time, µs UTC."""
    tomorrow: bool
    """The partition for tomorrow's readings is there, or none is needed."""
    retention: bool
    """Something drops old readings: a policy, or on plain PostgreSQL our maintenance."""


def examine(connection: psycopg.Connection) -> Health:
    """Of a migrated store. Raises what psycopg raises."""
    row = connection.execute(
        """
        SELECT current_setting('server_version_num')::integer,
               (SELECT extversion FROM pg_extension WHERE extname = 'timescaledb'),
               current_setting('max_connections')::integer
               - current_setting('superuser_reserved_connections')::integer
               - (SELECT count(*)::integer FROM pg_stat_activity
                  WHERE backend_type = 'client backend'),
               clock_timestamp()
        """
    ).fetchone()
    assert row is not None  # noqa: S101 (an aggregate has a row)
    version, timescaledb, connections, clock = row
    return Health(
        version,
        timescaledb,
        {name: _setting(connection, name) for name in _SETTINGS},
        connections,
        to_micros(clock),
        _tomorrow(connection, to_micros(clock)),
        timescaledb is None or _policy(connection),
    )


def _setting(connection: psycopg.Connection, name: str) -> str:
    row = connection.execute("SELECT current_setting(%s)", [name]).fetchone()
    return str(row[0]) if row else ""


def _tomorrow(connection: psycopg.Connection, now: int) -> bool:
    if not days.partitioned(connection, "reading"):
        return True
    return days.exists(connection, "reading", now // DAY + 1)


def _policy(connection: psycopg.Connection) -> bool:
    row = connection.execute(
        """
        SELECT EXISTS (SELECT FROM timescaledb_information.jobs
                       WHERE proc_name = 'policy_retention' AND hypertable_name = 'reading')
        """
    ).fetchone()
    return row == (True,)
