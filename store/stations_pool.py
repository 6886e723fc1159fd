"""Connections of the stations side: asynchronous, autocommit, UTC, replaced when they are lost."""

from psycopg import AsyncConnection
from psycopg_pool import AsyncConnectionPool

from store.connect import conninfo

_WAIT = 10.0  # seconds for a connection, then PoolTimeout


def pool(dsn: str, *, application: str, size: int) -> AsyncConnectionPool:
    """A pool that is not open yet. Each connection is checked before it is lent, so that a store
    that restarted costs its borrowers nothing."""
    return AsyncConnectionPool(
        conninfo(dsn, application=application),
        min_size=min(4, size),
        max_size=size,
        timeout=_WAIT,
        open=False,
        kwargs={"autocommit": True, "prepare_threshold": None},
        configure=_utc,
        check=AsyncConnectionPool.check_connection,
        name=application,
    )


async def connect(dsn: str, *, application: str) -> AsyncConnection:
    """One connection outside the pool, to listen on."""
    connection = await AsyncConnection.connect(
        conninfo(dsn, application=application), autocommit=True, prepare_threshold=None
    )
    try:
        await _utc(connection)
    except BaseException:
        await connection.close()
        raise
    return connection


async def _utc(connection: AsyncConnection) -> None:
    await connection.execute("SET TIME ZONE 'UTC'")
