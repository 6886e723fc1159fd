"""Readings in: exactly once each, and which of them were new. For reading out see `read_range`."""

import numpy as np
import psycopg
from numpy.typing import NDArray
from psycopg import errors, sql

from schemas.readings import Flag, Readings
from store import reading_days
from store.reading_rows import COLUMNS, encode
from store.readings_range import read_range

__all__ = ["read_range", "write"]

_COPY = f"COPY reading ({', '.join(COLUMNS)}) FROM STDIN (FORMAT binary)".encode()
_COPY_STAGED = f"COPY reading_staged (position, {', '.join(COLUMNS)}) FROM STDIN (FORMAT binary)"
# Kept for the session, emptied at every commit: a new one for each batch would bloat the catalogue.
_STAGE = f"""
CREATE TEMP TABLE IF NOT EXISTS reading_staged ON COMMIT DELETE ROWS
AS SELECT 0 AS position, {", ".join(COLUMNS)} FROM reading LIMIT 0
"""  # noqa: S608 (our own column names)
_MERGE = f"""
WITH added AS (
    INSERT INTO reading ({", ".join(COLUMNS)})
    SELECT {", ".join(COLUMNS)} FROM reading_staged ORDER BY position
    ON CONFLICT (ts, device, key) DO NOTHING
    RETURNING ts, device, key
)
SELECT position FROM reading_staged s
WHERE NOT EXISTS (SELECT FROM added a WHERE (a.ts, a.device, a.key) = (s.ts, s.device, s.key))
"""  # noqa: S608 (our own column names)


def write(connection: psycopg.Connection, readings: Readings) -> NDArray[np.bool_]:
    """Write a batch in the caller's transaction; bool, length n: which rows were new.

    A row whose (ts, device, key) is stored already, or stands earlier in the batch, is not new.
    Rows of no device and signs of life belong elsewhere: they are left out and called new.
    A straight COPY under a savepoint; only a batch that hits the key goes through a staging table.
    """
    new = np.ones(len(readings), np.bool_)
    rows = np.flatnonzero((readings.device >= 0) & ~readings.has(Flag.SIGN_OF_LIFE))
    if len(rows) == 0:
        return new
    stored = readings if len(rows) == len(readings) else readings.take(rows)
    reading_days.ensure(connection, stored)
    if not _copied(connection, encode(stored)):
        new[rows] = _merge(connection, stored)
    return new


def _copied(connection: psycopg.Connection, rows: bytes) -> bool:
    try:
        with connection.transaction(), connection.cursor() as cursor, cursor.copy(_COPY) as copy:
            copy.write(rows)
    except errors.UniqueViolation:
        return False
    return True


def _merge(connection: psycopg.Connection, readings: Readings) -> NDArray[np.bool_]:
    new = _first(readings)
    firsts = np.flatnonzero(new)
    with connection.transaction(), connection.cursor() as cursor:
        cursor.execute(_STAGE)
        cursor.execute("DELETE FROM reading_staged")  # of an earlier batch in this transaction
        with cursor.copy(sql.SQL(_COPY_STAGED)) as copy:
            copy.write(encode(readings.take(firsts), positions=firsts))
        known = [position for (position,) in cursor.execute(sql.SQL(_MERGE))]
    new[known] = False
    return new


def _first(readings: Readings) -> NDArray[np.bool_]:
    """Rows whose (ts, device, key) does not stand earlier in the batch."""
    order = np.lexsort((readings.key, readings.device, readings.ts))  # stable: earliest first
    first = np.ones(len(readings), np.bool_)
    same = np.ones(len(readings) - 1, np.bool_)
    for column in (readings.ts, readings.device, readings.key):
        same &= column[order[1:]] == column[order[:-1]]
    first[order[1:][same]] = False
    return first
