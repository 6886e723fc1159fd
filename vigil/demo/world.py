"""What a demo stands on: store, broker, registry, and the two processes, watched."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import time
from pathlib import Path

from argon2 import PasswordHasher

from schemas.directory import WEEKDAYS, Directory, Duty, Role
from store.connect import connect
from store.directory import import_directory, set_password
from store.migrate import migrate
from vigil.embedded import process
from vigil.embedded.broker import Broker
from vigil.embedded.postgres import Postgres
from vigil.settings import Time


@dataclass(frozen=True)
class World:
    """Addresses of what runs, and the environment that brings our processes to it."""

    dsn: str
    broker_url: str
    console_url: str
    folder: Path
    environment: Mapping[str, str]


@contextmanager
def embedded(
    folder: Path, directory: Directory, *, password: str, port: int, time: Time
) -> Iterator[World]:
    """Store and broker up, tables made, registry imported, every worker's password set."""
    with Postgres(folder / "store") as store, Broker(folder / "broker") as broker:
        migrate(store.dsn)
        _fill(store.dsn, directory, password=password, now=time.origin)
        url = f"http://127.0.0.1:{port}"
        environment = {
            **os.environ,
            "VIGIL_CONFIG": str(folder / "none.toml"),
            "VIGIL_STORE__DSN": store.dsn,
            "VIGIL_BROKER__URL": broker.url,
            "VIGIL_STATIONS__CONSOLE_HOST": "127.0.0.1",
            "VIGIL_STATIONS__CONSOLE_PORT": str(port),
            "VIGIL_STATIONS__PUBLIC_URL": url,
            # Its staff answer through their stations' terminals, where nobody confirms a shift.
            "VIGIL_STATIONS__COVERAGE": "calendar",
            "VIGIL_INGEST__STATE_FOLDER": str(folder / "state"),
            "VIGIL_TIME__SPEED": str(time.speed),
            "VIGIL_TIME__ORIGIN": str(time.origin),
            "VIGIL_TIME__STARTED": str(time.started),
        }
        yield World(store.dsn, broker.url, url, folder, environment)


def round_the_clock(directory: Directory) -> Directory:
    """Duty at every station at every hour, so that a demo shows the ladder whenever it is run."""
    duty, seen = [], set()
    for worker in directory.staff:
        if worker.role is Role.DUTY and worker.station not in seen:
            seen.add(worker.station)
            duty.append(
                Duty(
                    station=worker.station,
                    staff=worker.id,
                    weekdays=WEEKDAYS,
                    starts=time(0),
                    ends=time(0),
                )
            )
    return directory.model_copy(update={"duty": tuple(duty)})


def _fill(dsn: str, directory: Directory, *, password: str, now: int) -> None:
    hashed = PasswordHasher().hash(password)  # one for all: it is printed on the screen anyway
    with connect(dsn, application="vigil demo") as connection:
        import_directory(connection, directory, now=now)
        for worker in directory.staff:
            set_password(connection, worker.id, hashed)


class Child:
    """`vigil NAME` as a process of its own, started again if it dies: at once the first time,
    then after a pause that doubles."""

    def __init__(self, name: str, world: World) -> None:
        self.name = name
        self.log = world.folder / f"{name}.log"
        self.deaths = 0
        self._again_at = 0.0
        self._environment = dict(world.environment)
        self._start()

    def _start(self) -> None:
        program = "from vigil.cli import main; main()"
        arguments = process.command([sys.executable, "-c", program, self.name])
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(  # noqa: S603 (our own arguments, no shell)
                arguments,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                env=self._environment,
            )

    @property
    def pid(self) -> int:
        return self._process.pid

    def watch(self, now: float) -> str | None:
        """Start it again if it died; then say so. `now`: monotonic seconds."""
        if self._process.poll() is None or now < self._again_at:
            return None
        self.deaths += 1
        self._again_at = now + min(2.0**self.deaths, 60)
        told = f"{self.name} ended with status {self._process.returncode}; started again. Its log:"
        told += "\n" + process.tail(self.log, 4)
        self._start()
        return told

    def stop(self) -> None:
        process.stop(self._process, by=signal.SIGTERM, within=15)
