"""Where a reading stands, by its device time, and what the tables need before it is written.

Readings from a week before their receipt to a day after it stand in `reading`, by day. Others
stand in `reading_other`: a device that tells of another year must not fill the catalogue with a
partition or chunk for any day it can name. They are unique like all and read back like all, but
they are in no summary.
"""

from weakref import WeakKeyDictionary

import numpy as np
import psycopg
from numpy.typing import NDArray

from schemas.readings import Int64, Readings
from schemas.times import DAY, MINUTE
from store import days

BEFORE, AFTER = 7 * DAY, DAY
"""`reading` takes device times from so long before the receipt to so long after (µs)."""

_seen: WeakKeyDictionary[psycopg.Connection, set[int] | None] = WeakKeyDictionary()
"""Days that a connection found to be there; None on TimescaleDB, which needs nothing from us.
It may be wrong after a rollback: then the write fails, and `forget` helps."""


def near(readings: Readings) -> NDArray[np.bool_]:
    """Which rows stand in `reading`: bool, length n."""
    age = readings.received - readings.ts
    return np.asarray((age <= BEFORE) & (age > -AFTER))


def prepare(connection: psycopg.Connection, readings: Readings) -> None:
    """For rows that are `near`, on plain PostgreSQL: their days' partitions, and a `note`; in the
    caller's transaction."""
    make(connection, readings)
    note(connection, readings)


def make(connection: psycopg.Connection, readings: Readings) -> None:
    """The partitions of the days of rows that are `near`, where they are needed and missing."""
    if connection not in _seen:
        _seen[connection] = set() if days.partitioned(connection, "reading") else None
    if (seen := _seen[connection]) is None:
        return
    for day in np.unique(_minutes(readings) * MINUTE // DAY).tolist():
        if day not in seen and not days.make(connection, "reading", day):
            seen.add(day)  # not when just made: the transaction may yet be rolled back


def note(connection: psycopg.Connection, readings: Readings) -> None:
    """Tell the summaries which minutes change with the transaction; after `make`."""
    if len(readings) and _seen.get(connection) is not None:
        minutes = _minutes(readings).tolist()
        connection.execute("SELECT summary_note(%s::bigint[])", [minutes], prepare=True)


def _minutes(readings: Readings) -> Int64:
    """Since 1970, each once."""
    return np.unique(readings.ts // MINUTE)


def forget(connection: psycopg.Connection) -> None:
    """Look anew which days are there."""
    _seen.pop(connection, None)
