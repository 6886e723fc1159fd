"""Browsers that are known for an account, as hashes of a random token of theirs."""

from datetime import datetime, timedelta

from store.console_sessions import Connection

_KEPT = timedelta(days=90)


async def known(conn: Connection, browser: bytes, staff: str, *, now: datetime) -> bool:
    """Whether the account has signed in there within 90 days, under its present password."""
    cursor = await conn.execute(
        "SELECT FROM console_browser WHERE browser = %s AND staff = %s AND seen_at > %s",
        (browser, staff, now - _KEPT),
    )
    return await cursor.fetchone() is not None


async def ours(conn: Connection, browser: bytes) -> bool:
    """Whether anybody has signed in there: the token is one that we gave."""
    cursor = await conn.execute(
        "SELECT FROM console_browser WHERE browser = %s LIMIT 1", (browser,)
    )
    return await cursor.fetchone() is not None


async def remember(conn: Connection, browser: bytes, staff: str, *, now: datetime) -> None:
    """The account has just signed in there; what is too old to count goes."""
    await conn.execute("DELETE FROM console_browser WHERE seen_at <= %s", (now - _KEPT,))
    await conn.execute(
        "INSERT INTO console_browser (browser, staff, seen_at) VALUES (%s, %s, %s)"
        " ON CONFLICT (browser, staff) DO UPDATE SET seen_at = excluded.seen_at",
        (browser, staff, now),
    )


async def forget(conn: Connection, staff: str) -> None:
    """Under a new password no browser is known."""
    await conn.execute("DELETE FROM console_browser WHERE staff = %s", (staff,))
