"""Connections of the stations side: asynchronous, autocommit, UTC, replaced when they are lost."""

import select

from psycopg import AsyncConnection
from psycopg_pool import AsyncConnectionPool

from store.connect import EXPLICITLY, PID, conninfo

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
        configure=_configure,
        check=_check,
        name=application,
    )


async def connect(dsn: str, *, application: str) -> AsyncConnection:
    """One connection outside the pool, to listen on."""
    connection = await AsyncConnection.connect(
        conninfo(dsn, application=application), autocommit=True, prepare_threshold=None
    )
    try:
        await _configure(connection)
    except BaseException:
        await connection.close()
        raise
    return connection


async def _configure(connection: AsyncConnection) -> None:
    await connection.execute("SET TIME ZONE 'UTC'")
    found = await (await connection.execute(PID)).fetchone()
    if found == (connection.info.backend_pid,):
        connection.prepare_threshold = EXPLICITLY


async def _check(connection: AsyncConnection) -> None:
    """Ask the server only where something has come on a connection that rests: nothing comes but
    the news that it is gone. A press does not wait for a trip at every turn."""
    poll = select.poll()
    poll.register(connection.fileno(), select.POLLIN)
    if poll.poll(0):
        await AsyncConnectionPool.check_connection(connection)
