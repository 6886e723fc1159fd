"""Stored readings read back in the order in which the rules saw them (I5)."""

from collections.abc import Iterator

import psycopg
from psycopg import sql

from schemas.quantities import CHOICES, NUMBERS
from schemas.readings import Flag, Readings
from schemas.times import MINUTE, from_micros
from store.reading_rows import HEADER, NULL_STEPS, TRAILER, decode

_SIGN = int(Flag.SIGN_OF_LIFE | Flag.NO_TIME)
_UNKNOWN = ", ".join([f"({NULL_STEPS})::int2" for _ in NUMBERS] + ["(-1)::int2" for _ in CHOICES])
_KNOWN = ", ".join(
    [f"coalesce({q.name}, ({NULL_STEPS})::int2)" for q in NUMBERS]
    + [f"coalesce({q.name}, (-1)::int2)" for q in CHOICES]
)
_SELECT = f"""
SELECT ts, device, key, received, coalesce(elder, -1), gateway, {_KNOWN}, flags,
       (-1)::int2 AS online
FROM reading WHERE received >= {{start}} AND received < {{end}}
    AND ts >= {{start}} - INTERVAL '7 days' AND ts < {{end}} + INTERVAL '1 day'
UNION ALL
SELECT ts, device, key, received, coalesce(elder, -1), gateway, {_KNOWN}, flags, (-1)::int2
FROM reading_other WHERE received >= {{start}} AND received < {{end}}
UNION ALL
SELECT received, -1, 0::int8, received, -1, gateway, {_UNKNOWN}, flags | {_SIGN}::int2,
       online::int4::int2
FROM gateway_status WHERE received >= {{start}} AND received < {{end}}
UNION ALL
SELECT received, coalesce(device, -1), 0::int8, received, -1, gateway, {_UNKNOWN},
       flags | {_SIGN}::int2, (-1)::int2
FROM reject WHERE received >= {{start}} AND received < {{end}} AND gateway >= 0
ORDER BY received, device, key
"""  # noqa: S608 (our own column names)
_COPY = sql.SQL(f"COPY ({_SELECT} LIMIT {{limit}}) TO STDOUT (FORMAT binary)")


def read_range(
    connection: psycopg.Connection, start: int, end: int, *, batch: int = 50_000
) -> Iterator[Readings]:
    """Rows with `received` in [start, end) (µs UTC), in order, at most `batch` at a time.

    What gateways said of themselves, and rejects of known gateways, come as SIGN_OF_LIFE rows in
    their places. Memory is bounded by `batch`; every part is a query of its own, so that a long
    reading holds no lock. Rows that are committed behind the reader's place are not seen.
    """
    step = MINUTE
    while start < end:
        until = min(start + step, end)
        found = _read(connection, start, until, batch + 1)
        if len(found) <= batch:
            start, step = until, step * 2
        else:
            found, start, step = _whole(connection, found)
        if len(found):
            yield found


def _whole(connection: psycopg.Connection, found: Readings) -> tuple[Readings, int, int]:
    """Cut a full part before its last `received`, so that equal times stay together.

    Returns it, where to go on, and how long a time such a part covers.
    """
    first, last = int(found.received[0]), int(found.received[-1])
    if first == last:  # more than a part in one microsecond: then that microsecond, whole
        return _read(connection, last, last + 1, None), last + 1, 1
    return found.take(found.received < last), last, last - first


def _read(connection: psycopg.Connection, start: int, end: int, limit: int | None) -> Readings:
    query = _COPY.format(
        start=sql.Literal(from_micros(start)),
        end=sql.Literal(from_micros(end)),
        limit=sql.SQL("ALL") if limit is None else sql.Literal(limit),
    )
    with connection.cursor() as cursor, cursor.copy(query) as copy:
        data = b"".join(copy)
    return decode(data[len(HEADER) : -len(TRAILER)])
