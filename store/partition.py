"""Who owns an ingest partition, and what its rules need to start again where they were.

Every transaction of the owner passes `fence`, so a copy that lost the partition can commit
nothing. No session state is used: it works behind PgBouncer in transaction mode.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

import psycopg
from psycopg.pq import TransactionStatus

from schemas.times import NEVER, from_micros, to_micros

_PAGE = 64  # batches read from the log at a time

_FENCE = """
UPDATE partition SET batch = batch + 1 WHERE id = %s AND epoch = %s AND batch = %s
RETURNING batch, set_config('idle_in_transaction_session_timeout', '30s', true)
"""
# The time-out is for the copy that vanishes with an open transaction: it would hold the row, and
# with it whoever takes over, until the server notices the dead link.


class Fenced(Exception):  # noqa: N818 (a state of affairs that is handled, not a mistake)
    """Another copy owns the partition: nothing of this transaction may stay."""


@dataclass(slots=True)
class Lease:
    """Our ownership. `batch` is the last batch that we know as committed; adopt `batch + 1`
    after the commit of a fenced transaction."""

    partition: str
    epoch: int
    batch: int


class Owner(NamedTuple):
    owner: str
    epoch: int
    batch: int
    taken_at: int  # µs UTC


def take(connection: psycopg.Connection, partition: str, *, owner: str, now: int) -> Lease:
    """Own the partition from here on; whoever owned it is fenced. Waits for a transaction of
    theirs that is under way. `owner` is for people; `now`: µs UTC."""
    row = connection.execute(
        """
        INSERT INTO partition AS p (id, epoch, batch, owner, taken_at) VALUES (%s, 1, 0, %s, %s)
        ON CONFLICT (id) DO UPDATE
        SET epoch = p.epoch + 1, owner = excluded.owner, taken_at = excluded.taken_at
        RETURNING epoch, batch
        """,
        [partition, owner, from_micros(now)],
    ).fetchone()
    if row is None:
        raise Fenced(partition)
    return Lease(partition, row[0], row[1])


def owner_seen(connection: psycopg.Connection, partition: str) -> Owner | None:
    """Who owns it now, and how far they are: a batch that moves shows an owner at work."""
    row = connection.execute(
        "SELECT owner, epoch, batch, taken_at FROM partition WHERE id = %s", [partition]
    ).fetchone()
    return Owner(row[0], row[1], row[2], to_micros(row[3])) if row else None


def fence(connection: psycopg.Connection, lease: Lease) -> int:
    """First statement of every transaction: count the batch, or raise Fenced.

    Returns the new batch's number; `lease` keeps the old one until the caller has committed.
    """
    return _fenced(_ask_fence(connection, lease), lease)


def _ask_fence(connection: psycopg.Connection, lease: Lease) -> psycopg.Cursor:
    values = [lease.partition, lease.epoch, lease.batch]
    return connection.execute(_FENCE, values, prepare=True)


def _fenced(answer: psycopg.Cursor, lease: Lease) -> int:
    row = answer.fetchone()
    if row is None:
        raise Fenced(f"another copy owns partition {lease.partition!r}, or this batch is counted")
    return int(row[0])


@contextmanager
def begin(connection: psycopg.Connection, lease: Lease) -> Iterator[None]:
    """Begin a fenced transaction; what the body executes travels along, in one trip.

    It ends by `commit`, or after any error by `connection.rollback()`. The body must not use
    `connection.transaction()`: before the trip is made it would end ours with its own.
    """
    with connection.pipeline():
        connection.execute("BEGIN")
        answer = _ask_fence(connection, lease)
        yield
    if connection.info.transaction_status != TransactionStatus.INTRANS:
        raise RuntimeError("the transaction of a batch has ended before its rows")
    _fenced(answer, lease)


@contextmanager
def commit(connection: psycopg.Connection, lease: Lease, content: bytes) -> Iterator[None]:
    """Log what the batch held and commit; what the body executes travels along, in one trip."""
    with connection.pipeline():
        yield
        log_batch(connection, lease, content)
        connection.execute("COMMIT")


def stay(connection: psycopg.Connection) -> None:
    """Say inside a long transaction that its owner has not vanished."""
    connection.execute("SELECT")


def settle(connection: psycopg.Connection, lease: Lease) -> bool:
    """After a COMMIT whose answer was lost: whether the batch after `lease.batch` is in.

    Waits for the lost transaction if it is still open somewhere. False also where another copy
    has taken over; the next `fence` tells.
    """
    row = connection.execute(
        "SELECT epoch, batch FROM partition WHERE id = %s FOR UPDATE", [lease.partition]
    ).fetchone()
    return row == (lease.epoch, lease.batch + 1)


def evict(connection: psycopg.Connection) -> None:
    """End what an earlier connection of the same application name still has under way.

    For a name that only this process uses. Where a link hung in the middle of a COPY, the server
    would wait for its rest, and hold the partition row, until its own keep-alive gives up.
    """
    connection.execute(
        """
        SELECT pg_terminate_backend(pid) FROM pg_stat_activity
        WHERE application_name = current_setting('application_name') AND usename = current_user
          AND pid <> pg_backend_pid() AND xact_start IS NOT NULL
        """
    )


def log_batch(connection: psycopg.Connection, lease: Lease, content: bytes) -> None:
    """Keep what the batch held, in its own transaction, after `fence`."""
    connection.execute(
        "INSERT INTO batch_log (partition, batch, content) VALUES (%s, %s, %b)",
        [lease.partition, lease.batch + 1, content],
        prepare=True,
    )


def read_log(
    connection: psycopg.Connection, partition: str, after: int
) -> Iterator[tuple[int, bytes]]:
    """Batches with numbers above `after`, in order; a bounded number in memory."""
    while True:
        rows = connection.execute(
            "SELECT batch, content FROM batch_log WHERE partition = %s AND batch > %s"
            " ORDER BY batch LIMIT %s",
            [partition, after, _PAGE],
            binary=True,
        ).fetchall()
        yield from rows
        if len(rows) < _PAGE:
            return
        after = rows[-1][0]


def save_snapshot(
    connection: psycopg.Connection, lease: Lease, content: bytes, *, keep: int = 256
) -> None:
    """Keep the rules' state as of `lease.batch`, and drop the log up to it but for `keep` batches.

    Those are for the packet ids that a broker may still deliver again. Inside a fenced
    transaction or alone; Fenced where another copy owns the partition.
    """
    with connection.transaction():
        done = connection.execute(
            """
            INSERT INTO snapshot (partition, batch, content)
            SELECT id, %(batch)s, %(content)b FROM partition
            WHERE id = %(id)s AND epoch = %(epoch)s AND batch >= %(batch)s
            FOR UPDATE
            ON CONFLICT (partition) DO UPDATE
            SET batch = excluded.batch, content = excluded.content
            """,
            {
                "id": lease.partition,
                "epoch": lease.epoch,
                "batch": lease.batch,
                "content": content,
            },
        )
        if done.rowcount == 0:
            raise Fenced(f"another copy owns partition {lease.partition!r}")
        connection.execute(
            "DELETE FROM batch_log WHERE partition = %s AND batch <= %s",
            [lease.partition, lease.batch - keep],
        )


def load_snapshot(connection: psycopg.Connection, partition: str) -> tuple[int, bytes] | None:
    """The last snapshot and the batch it covers; None if there is none."""
    row = connection.execute(
        "SELECT batch, content FROM snapshot WHERE partition = %s", [partition], binary=True
    ).fetchone()
    return (row[0], row[1]) if row else None


def record_standstill(
    connection: psycopg.Connection, partition: str, *, clock: int, resumed: int
) -> None:
    """The watermark stood at `clock` (NEVER before the first reading) and ran on at `resumed`."""
    connection.execute(
        "INSERT INTO standstill (partition, clock, resumed)"
        " VALUES (%s, coalesce(%s::timestamptz, '-infinity'), %s) ON CONFLICT DO NOTHING",
        [partition, None if clock == NEVER else from_micros(clock), from_micros(resumed)],
    )


def standstills(
    connection: psycopg.Connection, partition: str, start: int, end: int
) -> list[tuple[int, int]]:
    """(clock, resumed) of those that touch [start, end), in order; all µs UTC."""
    rows = connection.execute(
        "SELECT nullif(clock, '-infinity'), resumed FROM standstill"
        " WHERE partition = %s AND clock < %s AND resumed >= %s ORDER BY resumed",
        [partition, from_micros(end), from_micros(start)],
    )
    return [(_micros(clock), to_micros(resumed)) for clock, resumed in rows]


def _micros(when: datetime | None) -> int:
    return NEVER if when is None else to_micros(when)
