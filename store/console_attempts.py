"""How often a password may be tried, by whatever tries are counted under (`account`: a hash). A try
is counted before the password is looked at, so that many at once gain nothing.
"""

from datetime import datetime, timedelta
from typing import NamedTuple

from store.console_sessions import Connection


class Limit(NamedTuple):
    """`free` failures cost nothing; then `wait`, doubling, never more than `longest`."""

    free: int
    wait: timedelta
    longest: timedelta


_TAKE = """
INSERT INTO console_attempt AS a (account, failures, last_at, free_at)
VALUES (%(account)s, 1, %(now)s, %(now)s + %(first)s)
ON CONFLICT (account) DO UPDATE SET last_at = %(now)s,
    failures = CASE WHEN a.last_at > %(forget)s THEN a.failures + 1 ELSE 1 END,
    free_at = CASE WHEN a.last_at > %(forget)s AND a.failures + 1 >= %(free)s
        THEN %(now)s + least(%(longest)s, %(wait)s * power(2, least(20, a.failures + 1 - %(free)s)))
        ELSE %(now)s + %(first)s END
WHERE a.free_at <= %(now)s
RETURNING failures
"""


async def take(conn: Connection, account: bytes, *, now: datetime, limit: Limit) -> datetime | None:
    """Count one try; or the time from which the account may be tried again.

    Failures are forgotten an hour after the last one.
    """
    values = {
        "account": account,
        "now": now,
        "free": limit.free,
        "wait": limit.wait,
        "longest": limit.longest,
        "forget": now - timedelta(hours=1),
        "first": limit.wait if limit.free <= 1 else timedelta(0),
    }
    cursor = await conn.execute(_TAKE, values)
    if await cursor.fetchone():
        return None
    cursor = await conn.execute(
        "SELECT free_at FROM console_attempt WHERE account = %s", (account,)
    )
    row = await cursor.fetchone()
    return row[0] if row else now


async def clear(conn: Connection, account: bytes) -> None:
    """It was signed in."""
    await conn.execute("DELETE FROM console_attempt WHERE account = %s", (account,))


async def give_back(conn: Connection, account: bytes) -> None:
    """One try was none of a guesser's; the others stay counted."""
    await conn.execute(
        "UPDATE console_attempt SET failures = greatest(0, failures - 1) WHERE account = %s",
        (account,),
    )


async def purge(conn: Connection, *, now: datetime) -> None:
    """Drop what is forgotten, so that typed nonsense does not pile up."""
    await conn.execute(
        "DELETE FROM console_attempt WHERE last_at <= %s", (now - timedelta(hours=1),)
    )
