"""Migrations: from nothing, again, by several at once, and what they refuse."""

import shutil
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import numpy as np
import psycopg
import pytest

from schemas.readings import Readings
from schemas.times import DAY
from store import days
from store import migrate as migrations
from store.connect import connect
from store.migrate import MigrationError, check, flavour, migrate
from store.reading_rows import COLUMNS, encode
from store.readings import read_range, write
from store.rejects import Reject, write_rejects
from tests.support.columns import START, assert_equal, random_readings


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "0001_first.sql").write_text("CREATE TABLE a (n int); CREATE TABLE b (n int);")
    (tmp_path / "0002_second.postgres.sql").write_text("CREATE TABLE plain (n int);")
    (tmp_path / "0002_second.timescaledb.sql").write_text("CREATE TABLE hyper (n int);")
    return tmp_path


def test_from_nothing_and_again(database: str) -> None:
    done = migrate(database)
    assert done
    assert done == sorted(done)
    assert migrate(database) == []
    with connect(database, application="vigil test") as connection:
        assert check(connection) == []


def test_the_flavour_is_that_of_the_server(database: str, request: pytest.FixtureRequest) -> None:
    migrate(database)
    with connect(database, application="vigil test") as connection:
        expected = "timescaledb" if "timescaledb" in request.node.name else "postgres"
        assert flavour(connection) == expected
        found = connection.execute(
            "SELECT relkind FROM pg_class WHERE oid = 'reading'::regclass"
        ).fetchone()
        assert found == (("r",) if expected == "timescaledb" else ("p",))
        if expected == "timescaledb":
            hypertables = connection.execute(
                "SELECT hypertable_name FROM timescaledb_information.hypertables"
            ).fetchall()
            assert hypertables == [("reading",)]


def test_several_starters_at_once(database: str) -> None:
    starters = 4
    together = Barrier(starters)

    def start(_: int) -> list[str]:
        with connect(database, application="vigil test") as connection:
            together.wait(30)
            return migrate(connection)

    with ThreadPoolExecutor(starters) as pool:
        done = [name for names in pool.map(start, range(starters)) for name in names]
    assert sorted(done) == sorted(set(done))
    with connect(database, application="vigil test") as connection:
        assert check(connection) == []


def test_two_processes_at_once(database: str) -> None:
    """As two deployments would: each applies some or none, together everything once."""
    program = "import sys; from store.migrate import migrate; print(*migrate(sys.argv[1]))"
    starters = [
        subprocess.Popen([sys.executable, "-c", program, database], stdout=subprocess.PIPE)
        for _ in range(2)
    ]
    said = [starter.communicate(timeout=120)[0].decode().split() for starter in starters]
    assert [starter.returncode for starter in starters] == [0, 0]
    names = [name for part in said for name in part]
    assert names
    assert sorted(names) == sorted(set(names))
    with connect(database, application="vigil test") as connection:
        assert check(connection) == []


_FILES = Path(migrations.__file__).parent / "migrations"
_VERSIONS = sorted({int(path.name[:4]) for path in _FILES.glob("*.sql")})


@pytest.mark.parametrize("version", _VERSIONS[1:-1])
def test_from_every_earlier_version_with_data(database: str, tmp_path: Path, version: int) -> None:
    """What was stored under an earlier version is read, summarised and kept from repetition."""
    for path in _FILES.glob("*.sql"):
        if int(path.name[:4]) <= version:
            shutil.copy(path, tmp_path)
    rows = random_readings(np.random.default_rng(version), 40)
    rows.ts[30:] -= 100 * DAY
    with connect(database, application="vigil test") as connection:
        migrate(connection, folder=tmp_path)
        _insert(connection, rows, version)
        pending = check(connection)
        assert len(pending) == len(_VERSIONS) - 1 - _VERSIONS.index(version)
        assert len(migrate(connection)) == len(pending)
        assert check(connection) == []
        assert_equal(Readings.concat(list(read_range(connection, START, START + DAY))), rows)
        assert connection.execute("SELECT sum(readings)::int FROM hour").fetchone() == (30,)
        assert not write(connection, rows).any()
        assert connection.execute("SELECT reason FROM reject").fetchall() == [("cut off",)]


def _insert(connection: psycopg.Connection, rows: Readings, version: int) -> None:
    """As the writer of that version did."""
    if days.partitioned(connection, "reading"):
        days.make(connection, "reading", START // DAY)
    write_rejects(connection, [_REJECT])
    parts = {"reading": rows}
    if version >= 7:
        parts = {"reading": rows.take(slice(0, 30)), "reading_other": rows.take(slice(30, 40))}
    for table, part in parts.items():
        copy = f"COPY {table} ({', '.join(COLUMNS)}) FROM STDIN (FORMAT binary)"
        with connection.cursor() as cursor, cursor.copy(copy.encode()) as out:
            for piece in encode(part):
                out.write(piece)


_REJECT = Reject(
    received=START,
    topic="vigil/v1/a/g/up/d",
    payload=b"{",
    size=1,
    code="json",
    reason="cut off",
    gateway_id="g",
    device=-1,
    gateway=-1,
    flags=0,
)


def test_only_what_is_pending_runs(database: str, folder: Path) -> None:
    assert len(migrate(database, folder=folder)) == 2
    (folder / "0003_third.sql").write_text("CREATE TABLE c (n int);")
    with connect(database, application="vigil test") as connection:
        assert check(connection, folder=folder) == [
            "0003_third.sql is not applied: run `vigil migrate`"
        ]
        assert migrate(connection, folder=folder) == ["0003_third.sql"]


def test_a_failing_file_leaves_nothing_of_itself(database: str, folder: Path) -> None:
    (folder / "0003_third.sql").write_text("CREATE TABLE c (n int); SELECT 1/0;")
    with connect(database, application="vigil test") as connection:
        with pytest.raises(psycopg.errors.DivisionByZero):
            migrate(connection, folder=folder)
        assert _tables(connection, "b", "c") == ["b"]
        (folder / "0003_third.sql").write_text("CREATE TABLE c (n int);")
        assert migrate(connection, folder=folder) == ["0003_third.sql"]
        assert _tables(connection, "b", "c") == ["b", "c"]


def _change(folder: Path) -> None:
    (folder / "0001_first.sql").write_text("CREATE TABLE a (n bigint);")


def _remove(folder: Path) -> None:
    (folder / "0001_first.sql").unlink()


def _go_between(folder: Path) -> None:
    (folder / "0000_before.sql").write_text("SELECT 1;")


@pytest.mark.parametrize(
    ("act", "words"),
    [
        (_change, "0001_first.sql was changed after it had been applied"),
        (_remove, "the store has 0001_first.sql, which this version does not know"),
        (_go_between, "0000_before.sql comes before 0002_second"),
    ],
)
def test_what_does_not_fit_is_refused(
    database: str, folder: Path, act: Callable[[Path], None], words: str
) -> None:
    migrate(database, folder=folder)
    act(folder)
    with connect(database, application="vigil test") as connection:
        assert any(words in problem for problem in check(connection, folder=folder))
        with pytest.raises(MigrationError, match=words):
            migrate(connection, folder=folder)


@pytest.mark.parametrize("name", ["0002_twice.sql", "3_short.sql", "0003_Loud.sql"])
def test_names_that_are_none(database: str, folder: Path, name: str) -> None:
    (folder / name).write_text("SELECT 1;")
    with pytest.raises(MigrationError, match=name):
        migrate(database, folder=folder)


def test_an_empty_store_is_said_to_be_empty(database: str) -> None:
    with connect(database, application="vigil test") as connection:
        assert check(connection) == ["the store is empty: run `vigil migrate`"]
        assert flavour(connection) is None


def test_without_the_right_to_create_extensions(database: str) -> None:
    """A store on a server that offers TimescaleDB but does not grant it becomes a plain one."""
    with connect(database, application="vigil test") as admin:
        role = f"r_{admin.info.dbname}"
        admin.execute(f"CREATE ROLE {role}".encode())
        admin.execute(f"GRANT ALL ON SCHEMA public TO {role}".encode())
        try:
            with connect(database, application="vigil test") as connection:
                connection.execute(f"SET ROLE {role}".encode())
                migrate(connection)
                assert flavour(connection) == "postgres"
        finally:
            admin.execute(f"DROP OWNED BY {role}".encode())
            admin.execute(f"DROP ROLE {role}".encode())


def _tables(connection: psycopg.Connection, *names: str) -> list[str]:
    rows = connection.execute(
        "SELECT relname FROM pg_class WHERE relname = ANY (%s) AND relkind = 'r' ORDER BY 1",
        [list(names)],
    )
    return [name for (name,) in rows]
