"""Tables in one partition a day, on plain PostgreSQL: made, listed, dropped.

A day is its number since 1970 (UTC). Nothing here waits long for a lock that writers need.
"""

from datetime import UTC, datetime, timedelta
from typing import LiteralString

import psycopg
from psycopg import errors, sql

from schemas.times import DAY, from_micros, to_micros

_FORMAT = "%Y%m%d"
_PATIENCE = "500ms"
"""How long work that can wait stands in a queue for a lock, with writers behind it."""

# Made apart and then attached: that lets writers go on, creating it in place would not.
_MAKE: tuple[LiteralString, ...] = (
    "CREATE TABLE {day} (LIKE {table} INCLUDING ALL)",
    "ALTER TABLE {table} ATTACH PARTITION {day} FOR VALUES FROM ({start}) TO ({end})",
)


def partitioned(connection: psycopg.Connection, table: str) -> bool:
    """Whether the table has partitions at all; a hypertable looks after its chunks itself."""
    query = "SELECT relkind = 'p' FROM pg_class WHERE oid = to_regclass(%s)"
    return connection.execute(query, [table]).fetchone() == (True,)


def exists(connection: psycopg.Connection, table: str, day: int) -> bool:
    query = "SELECT to_regclass(%s) IS NOT NULL"
    return connection.execute(query, [_name(table, day)]).fetchone() == (True,)


def make(connection: psycopg.Connection, table: str, day: int) -> bool:
    """Make a day's partition in a transaction; whether it was missing. Safe with several makers."""
    with connection.transaction():
        lock = "SELECT pg_advisory_xact_lock(hashtext('vigil days'), hashtext(%s))"
        connection.execute(lock, [table])
        if exists(connection, table, day):
            return False
        start = from_micros(day * DAY)
        names = {
            "table": sql.Identifier(table),
            "day": sql.Identifier(_name(table, day)),
            "start": sql.Literal(start),
            "end": sql.Literal(start + timedelta(days=1)),
        }
        for statement in _MAKE:
            connection.execute(sql.SQL(statement).format(**names))
        return True


def make_ahead(connection: psycopg.Connection, table: str, day: int) -> bool:
    """As `make`, but left for another time where somebody holds what it needs."""
    try:
        with connection.transaction():
            connection.execute("SELECT set_config('lock_timeout', %s, true)", [_PATIENCE])
            return make(connection, table, day)
    except errors.LockNotAvailable:
        return False


def there(connection: psycopg.Connection, table: str) -> list[int]:
    """The days that have a partition, in order."""
    rows = connection.execute(
        """
        SELECT substr(c.relname, length(%(table)s) + 2) FROM pg_inherits
        JOIN pg_class c ON c.oid = inhrelid
        WHERE inhparent = to_regclass(%(table)s) AND c.relname ~ ('^' || %(table)s || '_[0-9]{8}$')
        ORDER BY 1
        """,
        {"table": table},
    ).fetchall()
    return [_day(text) for (text,) in rows]


def drop(connection: psycopg.Connection, table: str, *, before: int) -> list[int]:
    """Drop the partitions of days before a day; the days that went.

    One whose lock is not free soon stays for another time.
    """
    gone = []
    for day in there(connection, table):
        if day >= before:
            break
        drop = sql.SQL("DROP TABLE {}").format(sql.Identifier(_name(table, day)))
        try:
            with connection.transaction():
                connection.execute("SELECT set_config('lock_timeout', %s, true)", [_PATIENCE])
                connection.execute(drop)
        except (errors.LockNotAvailable, errors.UndefinedTable):  # busy, or another was quicker
            continue
        gone.append(day)
    return gone


def _name(table: str, day: int) -> str:
    return f"{table}_{from_micros(day * DAY):{_FORMAT}}"


def _day(text: str) -> int:
    return to_micros(datetime.strptime(text, _FORMAT).replace(tzinfo=UTC)) // DAY
