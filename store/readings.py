"""Readings in: exactly once each, and which of them were new. For reading out see `read_range`."""

from collections.abc import Callable, Iterable

import numpy as np
import psycopg
from numpy.typing import NDArray
from psycopg import errors, sql

from schemas.readings import Flag, Readings
from store import reading_days
from store.reading_rows import COLUMNS, encode
from store.readings_range import read_range

__all__ = ["make_days", "note_days", "read_range", "write", "write_straight"]

_COPY = f"COPY reading ({', '.join(COLUMNS)}) FROM STDIN (FORMAT binary)".encode()
_COPY_STAGED = f"COPY reading_staged (position, {', '.join(COLUMNS)}) FROM STDIN (FORMAT binary)"
# Kept for the session, emptied at every commit: a new one for each batch would bloat the catalogue.
_STAGE = f"""
CREATE TEMP TABLE IF NOT EXISTS reading_staged ON COMMIT DELETE ROWS
AS SELECT 0 AS position, {", ".join(COLUMNS)} FROM reading LIMIT 0
"""  # noqa: S608 (our own column names)
_MERGE = f"""
WITH added AS (
    INSERT INTO {{table}} ({", ".join(COLUMNS)})
    SELECT {", ".join(COLUMNS)} FROM reading_staged s {{where}} ORDER BY position
    ON CONFLICT (ts, device, key) DO NOTHING
    RETURNING ts, device, key
)
SELECT position FROM reading_staged s
WHERE NOT EXISTS (SELECT FROM added a WHERE (a.ts, a.device, a.key) = (s.ts, s.device, s.key))
"""  # noqa: S608 (our own column names)
_MERGE_NEAR = _MERGE.format(table="reading", where="")
# What is far from its receipt now may have been near when it came first. OFFSET 0 keeps this a
# look into one partition for each row, whatever the planner thinks of their number.
_MERGE_FAR = _MERGE.format(
    table="reading_other",
    where="""WHERE NOT EXISTS (
        SELECT FROM reading r WHERE r.ts = s.ts AND r.device = s.device AND r.key = s.key OFFSET 0
    )""",
)


def write(connection: psycopg.Connection, readings: Readings) -> NDArray[np.bool_]:
    """Write a batch in the caller's transaction; bool, length n: which rows were new.

    A row whose (ts, device, key) is stored already, or stands earlier in the batch, is not new.
    Rows of no device and signs of life belong elsewhere: they are left out and called new.
    A straight COPY under a savepoint; only a batch that hits the key goes through a staging table,
    and so do rows far from their receipt (see `store.reading_days`).
    """
    return _write(connection, readings, _write_near)


def make_days(connection: psycopg.Connection, readings: Readings) -> None:
    """What has to be there for `write_straight`; in a transaction of its own."""
    reading_days.make(connection, _near(readings))


def note_days(connection: psycopg.Connection, readings: Readings) -> None:
    """What `write_straight` does not say itself, for the same transaction."""
    reading_days.note(connection, _near(readings))


def write_straight(connection: psycopg.Connection, readings: Readings) -> NDArray[np.bool_]:
    """As `write`, for rows that are most likely all new: without a savepoint and its trips, and
    after `make_days`.

    psycopg.IntegrityError, and the transaction is lost, where they are not, or where the partition
    of a day is not there any more: `write` will do.
    """
    return _write(connection, readings, _copy_near)


def _near(readings: Readings) -> Readings:
    stored = readings.take(_stored(readings))
    return stored.take(reading_days.near(stored))


_WriteNear = Callable[[psycopg.Connection, Readings], NDArray[np.bool_]]


def _write(
    connection: psycopg.Connection, readings: Readings, near: _WriteNear
) -> NDArray[np.bool_]:
    new = np.ones(len(readings), np.bool_)
    rows = _stored(readings)
    if len(rows) == 0:
        return new
    stored = readings if len(rows) == len(readings) else readings.take(rows)
    is_near = reading_days.near(stored)
    if is_near.all():
        new[rows] = near(connection, stored)
    else:
        new[rows[is_near]] = near(connection, stored.take(is_near))
        new[rows[~is_near]] = _merge(connection, stored.take(~is_near), _MERGE_FAR)
    return new


def _stored(readings: Readings) -> NDArray[np.intp]:
    """The rows that belong into these tables."""
    return np.flatnonzero((readings.device >= 0) & ~readings.has(Flag.SIGN_OF_LIFE))


def _write_near(connection: psycopg.Connection, readings: Readings) -> NDArray[np.bool_]:
    if len(readings) == 0:
        return np.ones(0, np.bool_)
    reading_days.prepare(connection, readings)
    rows = list(encode(readings))
    try:
        copied = _copied(connection, rows)
    except errors.CheckViolation as error:
        if error.diag.constraint_name is not None:
            raise
        reading_days.forget(connection)  # the partition of a day was rolled back, or dropped
        reading_days.prepare(connection, readings)
        copied = _copied(connection, rows)
    return np.ones(len(readings), np.bool_) if copied else _merge(connection, readings, _MERGE_NEAR)


def _copied(connection: psycopg.Connection, rows: Iterable[bytes]) -> bool:
    try:
        with connection.transaction():
            _copy(connection, rows)
    except errors.UniqueViolation:
        return False
    return True


def _copy_near(connection: psycopg.Connection, readings: Readings) -> NDArray[np.bool_]:
    if len(readings):
        _copy(connection, encode(readings))
    return np.ones(len(readings), np.bool_)


def _copy(connection: psycopg.Connection, rows: Iterable[bytes]) -> None:
    with connection.cursor() as cursor, cursor.copy(_COPY) as copy:
        for piece in rows:
            copy.write(piece)


def _merge(connection: psycopg.Connection, readings: Readings, merge: str) -> NDArray[np.bool_]:
    new = _first(readings)
    firsts = np.flatnonzero(new)
    with connection.transaction(), connection.cursor() as cursor:
        cursor.execute(_STAGE)
        cursor.execute("DELETE FROM reading_staged")  # of an earlier batch in this transaction
        with cursor.copy(sql.SQL(_COPY_STAGED)) as copy:
            for piece in encode(readings.take(firsts), positions=firsts):
                copy.write(piece)
        known = [position for (position,) in cursor.execute(merge.encode())]
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
