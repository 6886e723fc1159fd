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

from schemas.readings import Readings
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
    """For rows that are `near`, on plain PostgreSQL: their days' partitions, made in the caller's
    transaction, and a note of their minutes for the summaries."""
    if connection not in _seen:
        _seen[connection] = set() if days.partitioned(connection, "reading") else None
    seen = _seen[connection]
    if seen is None or len(readings) == 0:
        return
    minutes = np.unique(readings.ts // MINUTE)
    for day in np.unique(minutes * MINUTE // DAY).tolist():
        if day not in seen and not days.make(connection, "reading", day):
            seen.add(day)  # not when just made: the transaction may yet be rolled back
    connection.execute("SELECT summary_note(%s::bigint[])", [minutes.tolist()])


def forget(connection: psycopg.Connection) -> None:
    """Look anew which days are there."""
    _seen.pop(connection, None)
