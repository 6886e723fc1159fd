"""PgBouncer in transaction mode before a PostgreSQL on loopback."""

import os
import pwd
import shutil
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from tests.support.system import until
from vigil.embedded import process
from vigil.embedded.process import User
from vigil.embedded.service import Service

PROGRAM = shutil.which("pgbouncer", path="/usr/sbin:/usr/local/sbin:/usr/bin")
needs_pgbouncer = pytest.mark.skipif(PROGRAM is None, reason="Debian's pgbouncer is not installed")


class PgBouncer(Service):
    """`dsn` leads through it to the server's; fewer server connections than clients."""

    name = "pgbouncer"

    def __init__(self, folder: Path, server: str) -> None:
        super().__init__(folder)
        self._server = {key: str(value) for key, value in conninfo_to_dict(server).items()}

    @property
    def dsn(self) -> str:
        return make_conninfo(**{**self._server, "host": "127.0.0.1", "port": str(self.port)})

    def start(self) -> None:
        self.folder.mkdir(parents=True, mode=0o700, exist_ok=True)
        server, users = self._server, self.folder / "users"
        users.write_text(f'"{server["user"]}" "{server["password"]}"\n')
        config = self.folder / "pgbouncer.ini"
        config.write_text(
            f"[databases]\n* = host={server['host']} port={server['port']}\n[pgbouncer]\n"
            f"listen_addr = 127.0.0.1\nlisten_port = {self.port}\nunix_socket_dir =\n"
            "auth_type = scram-sha-256\nauth_file = {folder}/users\n"
            "pool_mode = transaction\ndefault_pool_size = 3\nserver_login_retry = 1\n"
        )
        self._process = process.start(self._command(config), log=self.log)
        running = self._process
        until(lambda: self._answers() or running.poll() is not None)
        if running.poll() is not None:
            raise self._failed()

    def _command(self, config: Path) -> list[str]:
        """It refuses to run as root: then it is `nobody`, as the embedded server is."""
        text = config.read_text()
        if os.geteuid() != 0:
            config.write_text(text.replace("{folder}", str(self.folder)))
            return process.command([PROGRAM or "pgbouncer", config])
        entry = pwd.getpwnam("nobody")
        user = User(entry.pw_uid, entry.pw_gid)
        for path in (self.folder, *self.folder.iterdir()):
            os.chown(path, *user)
        config.write_text(text.replace("{folder}", "."))
        arguments = [
            "/bin/sh",
            "-c",
            'cd "$0" && exec "$1" pgbouncer.ini',
            "{folder}",
            PROGRAM or "",
        ]
        return process.command(arguments, folder=self.folder, user=user)

    def _answers(self) -> bool:
        try:
            psycopg.connect(self.dsn, connect_timeout=2).close()
        except psycopg.OperationalError:
            return False
        return True
