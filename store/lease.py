"""Which ingest copy may own a partition: it is alive as long as it says so, by the store's clock.

The fence (`store.partition`) decides what may be committed; this decides when another copy may
take over without asking. An owner says every few seconds that it lives, in a row that its own
transactions never lock, so that a slow commit does not look like a death. No session state: it
works behind PgBouncer in transaction mode.
"""

from typing import NamedTuple

import psycopg

from store import partition as partitions
from store.partition import Lease


class Holder(NamedTuple):
    """Who has the partition, and cannot be replaced yet."""

    owner: str
    token: str
    silent_s: float
    """Since it last said that it lives, by the store's clock."""


_BUSY_S = 1  # how long a take-over waits for a transaction of the former owner

_READ = b"""
SELECT coalesce(p.owner, ''), l.token,
    CASE WHEN l.seen_at = '-infinity' THEN 'infinity'::float8
         ELSE extract(epoch FROM clock_timestamp() - l.seen_at)::float8 END
FROM partition_lease l LEFT JOIN partition p ON p.id = l.partition
WHERE l.partition = %s
"""
_READ_LOCKED = _READ + b"FOR UPDATE OF l"


def acquire(
    connection: psycopg.Connection,
    partition: str,
    *,
    owner: str,
    token: str,
    lease_s: float,
    now: int,
    dead: str | None = None,
) -> Lease | Holder:
    """Own the partition if nobody else does: it is new, was let go, its owner has been silent for
    `lease_s` seconds, or has the token `dead`, of a process known to have ended.

    `owner` is for people, `token` names this process; `now`: µs UTC. A transaction that a former
    owner left open is ended.
    """
    try:
        with connection.transaction():
            held = _look(connection, partition)
            if held is not None and held.silent_s < lease_s and held.token not in (dead, token):
                return held
            connection.execute(f"SET LOCAL lock_timeout = '{_BUSY_S}s'".encode())
            taken = partitions.take(connection, partition, owner=owner, now=now)
            _put(connection, taken, token)
    except psycopg.errors.LockNotAvailable:
        _end_transaction_of(connection, partition)
        return held or Holder(owner="", token="", silent_s=0.0)
    return taken


def beat(connection: psycopg.Connection, lease: Lease) -> bool:
    """Say that the owner lives; False where another copy has taken over."""
    done = connection.execute(
        "UPDATE partition_lease SET seen_at = clock_timestamp()"
        " WHERE partition = %s AND epoch = %s",
        [lease.partition, lease.epoch],
    )
    return done.rowcount == 1


def release(connection: psycopg.Connection, lease: Lease) -> None:
    """Let go in order: the next copy need not wait. Nothing happens if another one has it."""
    connection.execute(
        "UPDATE partition_lease SET seen_at = '-infinity' WHERE partition = %s AND epoch = %s",
        [lease.partition, lease.epoch],
    )


def holder(connection: psycopg.Connection, partition: str) -> Holder | None:
    """Who has it; None for a partition that nobody ever took. Waits for nobody."""
    return _read(connection, partition, _READ)


def _look(connection: psycopg.Connection, partition: str) -> Holder | None:
    """The holder, with its row locked until the end of the transaction: one copy takes at a
    time."""
    connection.execute(
        "INSERT INTO partition_lease (partition, epoch, token, seen_at)"
        " VALUES (%s, 0, '', '-infinity') ON CONFLICT DO NOTHING",
        [partition],
    )
    return _read(connection, partition, _READ_LOCKED)


def _read(connection: psycopg.Connection, partition: str, query: bytes) -> Holder | None:
    row = connection.execute(query, [partition]).fetchone()
    return Holder(*row) if row else None


def _put(connection: psycopg.Connection, lease: Lease, token: str) -> None:
    connection.execute(
        "UPDATE partition_lease SET epoch = %s, token = %s, seen_at = clock_timestamp()"
        " WHERE partition = %s",
        [lease.epoch, token, lease.partition],
    )


def _end_transaction_of(connection: psycopg.Connection, partition: str) -> None:
    """End the session whose transaction holds the partition's row.

    The server ends an idle one after a while (see `store.partition`), but not one that stopped
    in the middle of a COPY. `xmax` of the row is the transaction that is changing it.
    """
    connection.execute(
        """
        SELECT pg_terminate_backend(l.pid)
        FROM partition p JOIN pg_locks l ON l.transactionid = p.xmax AND l.granted
        WHERE p.id = %s AND l.locktype = 'transactionid' AND l.pid <> pg_backend_pid()
        """,
        [partition],
    )
