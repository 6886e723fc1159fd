"""One at a time among any number of copies, without waiting and without session state."""

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg


@contextmanager
def turn(connection: psycopg.Connection, name: str) -> Iterator[bool]:
    """A transaction; True where nobody else is in one of this name, who is kept out until it ends.

    False: another copy is at it, and there is nothing to do.
    """
    with connection.transaction():
        row = connection.execute(
            "SELECT pg_try_advisory_xact_lock(hashtext('vigil turn'), hashtext(%s))", [name]
        ).fetchone()
        yield row == (True,)
