"""A connection to a migrated database, on each kind of store."""

from collections.abc import Iterator

import psycopg
import pytest

from store.connect import connect
from store.migrate import migrate


@pytest.fixture
def connection(database: str) -> Iterator[psycopg.Connection]:
    with connect(database, application="vigil test") as connection:
        migrate(connection)
        yield connection
