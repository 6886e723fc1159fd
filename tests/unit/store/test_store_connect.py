"""What every connection to the store is like."""

from datetime import UTC
from pathlib import Path

import psycopg

from store.connect import connect, conninfo
from tests.support.pgbouncer import PgBouncer, needs_pgbouncer


def test_autocommit_utc_and_our_name(database: str) -> None:
    with connect(database, application="vigil test") as connection:
        row = connection.execute(
            "SELECT now(), current_setting('application_name'), current_setting('client_encoding')"
        ).fetchone()
        assert connection.autocommit
        assert connection.info.transaction_status == psycopg.pq.TransactionStatus.IDLE
    assert row is not None
    assert row[0].tzinfo is not None
    assert row[0].utcoffset() == UTC.utcoffset(None)
    assert row[1:] == ("vigil test", "UTF8")


def prepared(connection: psycopg.Connection) -> list[tuple[str]]:
    """The statements that a session has prepared, after some have run."""
    for number in range(20):
        connection.execute("SELECT %s::int", [number])
        connection.execute("SELECT 1 + %s::int", [number], prepare=True)
    return connection.execute("SELECT statement FROM pg_prepared_statements").fetchall()


def test_only_what_asks_for_it_is_prepared(database: str) -> None:
    with connect(database, application="vigil test") as connection:
        assert prepared(connection) == [("SELECT 1 + $1::int",)]


@needs_pgbouncer
def test_nothing_is_prepared_in_a_session_that_is_shared(database: str, tmp_path: Path) -> None:
    with (
        PgBouncer(tmp_path / "pgbouncer", database) as pooler,
        connect(pooler.dsn, application="vigil test") as connection,
    ):
        assert prepared(connection) == []


def test_the_dsn_has_the_last_word() -> None:
    made = psycopg.conninfo.conninfo_to_dict(
        conninfo("host=db connect_timeout=30 application_name=mine", application="vigil")
    )
    assert (made["connect_timeout"], made["application_name"]) == ("30", "mine")
    assert made["tcp_user_timeout"] == "15000"
