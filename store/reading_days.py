"""Day partitions of `reading` on plain PostgreSQL, made when the first row of a day comes.

Only days around the time of receipt get one: a device that tells of 1970 must not fill the
catalogue. Other rows fall into `reading_other`, unique like all. On TimescaleDB nothing is done.
"""

from datetime import timedelta
from typing import LiteralString
from weakref import WeakKeyDictionary

import numpy as np
import psycopg
from psycopg import sql

from schemas.readings import Readings
from schemas.times import DAY, from_micros

BEFORE, AFTER = 7 * DAY, DAY
"""A partition is made for device times from so long before the receipt to so long after."""

_seen: WeakKeyDictionary[psycopg.Connection, set[int] | None] = WeakKeyDictionary()
"""Days that a connection found to be there; None where the store needs none. Being wrong costs
no row: what has no partition falls into the default one, and is moved when its day is made."""


_MAKE: tuple[LiteralString, ...] = (
    "CREATE TABLE {day} (LIKE reading INCLUDING ALL)",
    """
    WITH moved AS (DELETE FROM reading_other WHERE ts >= {start} AND ts < {end} RETURNING *)
    INSERT INTO {day} SELECT * FROM moved
    """,
    "ALTER TABLE reading ATTACH PARTITION {day} FOR VALUES FROM ({start}) TO ({end})",
)


def ensure(connection: psycopg.Connection, readings: Readings) -> None:
    """Make what the batch needs, in the caller's transaction."""
    if connection not in _seen:
        _seen[connection] = set() if _partitioned(connection) else None
    seen = _seen[connection]
    if seen is None or len(readings) == 0:
        return
    near = (readings.ts >= readings.received - BEFORE) & (readings.ts < readings.received + AFTER)
    for day in np.unique(readings.ts[near] // DAY).tolist():
        if day not in seen:
            if _exists(connection, day):
                seen.add(day)  # not when just made: the transaction may yet be rolled back
            else:
                _make(connection, day)


def _partitioned(connection: psycopg.Connection) -> bool:
    query = "SELECT relkind = 'p' FROM pg_class WHERE oid = 'reading'::regclass"
    return connection.execute(query).fetchone() == (True,)


def _name(day: int) -> str:
    return f"reading_{from_micros(day * DAY):%Y%m%d}"


def _exists(connection: psycopg.Connection, day: int) -> bool:
    query = "SELECT to_regclass(%s) IS NOT NULL"
    return connection.execute(query, [_name(day)]).fetchone() == (True,)


def _make(connection: psycopg.Connection, day: int) -> None:
    """With the rows of the day that fell into the default partition before."""
    connection.execute("SELECT pg_advisory_xact_lock(hashtext('vigil reading days'))")
    if _exists(connection, day):
        return
    start = from_micros(day * DAY)
    names = {
        "day": sql.Identifier(_name(day)),
        "start": sql.Literal(start),
        "end": sql.Literal(start + timedelta(days=1)),
    }
    for statement in _MAKE:
        connection.execute(sql.SQL(statement).format(**names))
