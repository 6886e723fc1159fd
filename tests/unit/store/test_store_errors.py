"""SQLSTATE → what to do, on errors that a real server raised."""

from pathlib import Path

import psycopg
import pytest

from store.connect import connect
from store.errors import Kind, kind
from vigil.embedded.postgres import Postgres

_RAISED = [
    ("SELECT 1/0", "22012", Kind.PERMANENT),
    ("SELECT 'x'::int", "22P02", Kind.PERMANENT),
    ("INSERT INTO t VALUES (1), (1)", "23505", Kind.PERMANENT),
    ("INSERT INTO t VALUES (NULL)", "23502", Kind.PERMANENT),
    ("SELECT * FROM no_such_table", "42P01", Kind.BROKEN),
    ("SELEKT", "42601", Kind.BROKEN),
    ("SET statement_timeout = '1ms'; SELECT pg_sleep(5)", "57014", Kind.TRANSIENT),
    ("SELECT pg_terminate_backend(pg_backend_pid())", "57P01", Kind.TRANSIENT),
    ("BEGIN READ ONLY; CREATE TABLE u ()", "25006", Kind.TRANSIENT),
]


@pytest.mark.parametrize(("statement", "state", "expected"), _RAISED)
def test_what_the_server_raises(
    postgres: Postgres, statement: str, state: str, expected: Kind
) -> None:
    with connect(postgres.dsn, application="vigil test") as connection:
        connection.execute("CREATE TEMP TABLE t (n int PRIMARY KEY)")
        with pytest.raises(psycopg.Error) as caught:
            connection.execute(statement.encode())
    assert (caught.value.sqlstate, kind(caught.value)) == (state, expected)


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        ("08006", Kind.TRANSIENT),
        ("0A000", Kind.PERMANENT),
        ("28P01", Kind.BROKEN),
        ("3D000", Kind.BROKEN),
        ("40001", Kind.TRANSIENT),
        ("40P01", Kind.TRANSIENT),
        ("40002", Kind.PERMANENT),
        ("42501", Kind.BROKEN),
        ("53100", Kind.TRANSIENT),
        ("53300", Kind.TRANSIENT),
        ("54000", Kind.PERMANENT),
        ("55P03", Kind.TRANSIENT),
        ("57P03", Kind.TRANSIENT),
        ("57P04", Kind.BROKEN),
        ("58030", Kind.TRANSIENT),
        ("XX000", Kind.BROKEN),
    ],
)
def test_states_that_are_hard_to_raise(state: str, expected: Kind) -> None:
    assert kind(psycopg.errors.lookup(state)()) is expected


def test_nobody_answers(postgres: Postgres) -> None:
    with pytest.raises(psycopg.OperationalError) as caught:
        connect(postgres.dsn.replace(str(postgres.port), "1"), application="vigil test")
    assert kind(caught.value) is Kind.TRANSIENT


def test_a_closed_connection_is_transient(postgres: Postgres) -> None:
    connection = connect(postgres.dsn, application="vigil test")
    connection.close()
    with pytest.raises(psycopg.OperationalError) as caught:
        connection.execute("SELECT 1")
    assert kind(caught.value) is Kind.TRANSIENT


def test_what_the_driver_refuses_is_permanent(postgres: Postgres) -> None:
    with (
        connect(postgres.dsn, application="vigil test") as connection,
        pytest.raises(psycopg.DataError) as caught,
    ):
        connection.execute("SELECT %s", ["a\0b"])
    assert kind(caught.value) is Kind.PERMANENT


def test_a_mistake_in_our_own_code_loses_no_content() -> None:
    assert kind(psycopg.ProgrammingError("wrong number of parameters")) is Kind.BROKEN


def test_every_class_is_explained() -> None:
    """Each class in the table has its reason beside it."""
    source = Path("store/errors.py").read_text(encoding="utf-8")
    table = source[source.index("_CLASSES = {") : source.index("def kind")]
    lines = [line for line in table.splitlines() if ": Kind." in line]
    assert lines
    assert all("#" in line for line in lines)
