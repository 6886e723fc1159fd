"""What every connection to the store is like."""

from datetime import UTC

import psycopg

from store.connect import connect, conninfo


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


def test_nothing_is_prepared(database: str) -> None:
    with connect(database, application="vigil test") as connection:
        for number in range(20):
            connection.execute("SELECT %s::int", [number])
        prepared = connection.execute("SELECT count(*) FROM pg_prepared_statements").fetchone()
    assert prepared == (0,)


def test_the_dsn_has_the_last_word() -> None:
    made = psycopg.conninfo.conninfo_to_dict(
        conninfo("host=db connect_timeout=30 application_name=mine", application="vigil")
    )
    assert (made["connect_timeout"], made["application_name"]) == ("30", "mine")
    assert made["tcp_user_timeout"] == "15000"
