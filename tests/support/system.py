"""The whole system as real processes: store, broker, ingest, stations; driven from outside.

Tests speak MQTT and SQL, as the world does. Nothing here sleeps for luck: every wait is for a
condition and fails with what was seen instead.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol, TypeVar

import paho.mqtt.client as paho
import psycopg
from paho.mqtt.enums import CallbackAPIVersion

from schemas.directory import Directory
from store.connect import connect
from store.directory import import_directory
from store.migrate import migrate
from store.tally import Tally, tally
from vigil.embedded import process
from vigil.embedded.broker import Broker

PATIENCE = 30.0  # seconds; only a failing test waits so long

T = TypeVar("T")


class AnyBroker(Protocol):
    """A broker on loopback, whichever it is."""

    @property
    def url(self) -> str: ...

    @property
    def port(self) -> int: ...


def until(what: Callable[[], T], *, seconds: float = PATIENCE) -> T:
    """The first true answer; AssertionError with the last one if none comes in time."""
    deadline = time.monotonic() + seconds
    while True:
        answer = what()
        if answer:
            return answer
        assert time.monotonic() < deadline, f"waited {seconds} s; the last answer: {answer!r}"
        threading.Event().wait(0.02)


class Client:
    """An MQTT client that keeps what it hears."""

    def __init__(self, broker: AnyBroker, *topics: str) -> None:
        self.heard: list[tuple[str, bytes]] = []
        self._subscribed = threading.Event()
        self._client = paho.Client(CallbackAPIVersion.VERSION2, protocol=paho.MQTTv311)
        self._client.max_inflight_messages_set(500)
        self.on_message: Callable[[str, bytes], None] = lambda t, p: self.heard.append((t, p))
        self._client.on_message = lambda _c, _u, m: self.on_message(m.topic, bytes(m.payload))
        self._client.on_subscribe = lambda *_: self._subscribed.set()
        self._client.connect("127.0.0.1", broker.port)
        self._client.loop_start()
        if topics:
            until(self._client.is_connected)
            self._client.subscribe([(topic, 1) for topic in topics])
            assert self._subscribed.wait(PATIENCE)

    def say(
        self,
        topic: str,
        payload: bytes | str | Mapping[str, Any] | list[Any],
        *,
        retain: bool = False,
        qos: int = 1,
    ) -> paho.MQTTMessageInfo:
        """Publish; wait with `.wait_for_publish()` for the broker's word (at QoS 1)."""
        content = payload if isinstance(payload, bytes | str) else json.dumps(payload)
        return self._client.publish(topic, content, qos=qos, retain=retain)

    def cards(self) -> list[dict[str, Any]]:
        return [json.loads(p) for topic, p in list(self.heard) if topic.endswith("/alerts")]

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()


class System:
    """`ingest` and `stations` as processes on a database and a broker of their own."""

    def __init__(self, dsn: str, broker: AnyBroker, folder: Path, extra: Mapping[str, str]) -> None:
        self.dsn, self.broker, self.folder = dsn, broker, folder
        self.console_port = process.free_port()
        self._environment = {
            **os.environ,
            "VIGIL_CONFIG": str(folder / "none.toml"),
            "VIGIL_STORE__DSN": dsn,
            "VIGIL_BROKER__URL": broker.url,
            "VIGIL_STATIONS__CONSOLE_PORT": str(self.console_port),
            "VIGIL_STATIONS__COVERAGE": "calendar",
            "VIGIL_INGEST__REDELIVERY_WAIT_S": "0.1",
            "VIGIL_INGEST__STATE_FOLDER": str(folder / "state"),
            **extra,
        }
        self._running: dict[str, subprocess.Popen[bytes]] = {}

    def start(
        self, name: str, *arguments: str, copy: str = "", **extra: str
    ) -> subprocess.Popen[bytes]:
        """`vigil NAME` with its output in `folder`; `extra`: settings of this process alone."""
        command = process.command(
            [sys.executable, "-c", "from vigil.cli import main; main()", name, *arguments]
        )
        with (self.folder / f"{name}{copy}.log").open("ab") as log:
            started = subprocess.Popen(
                command, stdout=log, stderr=log, env={**self._environment, **extra}
            )
        self._running[name + copy] = started
        return started

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """A command that ends by itself."""
        program = [sys.executable, "-c", "from vigil.cli import main; main()", *arguments]
        return subprocess.run(
            program, capture_output=True, text=True, env=self._environment, check=False, timeout=120
        )

    def kill(self, name: str) -> None:
        """As the kernel would: no last words."""
        self._end(name, signal.SIGKILL)

    def stop(self, name: str) -> None:
        self._end(name, signal.SIGTERM)

    def _end(self, name: str, by: signal.Signals) -> None:
        ended = self._running.pop(name)
        ended.send_signal(by)
        ended.wait(PATIENCE)

    def close(self) -> None:
        for name in list(self._running):
            self.stop(name)

    def pid(self, name: str) -> int:
        """Of the process that was started under a name; it must be alive."""
        running = self._running[name]
        assert running.poll() is None, f"{name} has ended: {self.log(name)[-2000:]}"
        return running.pid

    def log(self, name: str) -> str:
        return (self.folder / f"{name}.log").read_text()

    @contextmanager
    def sql(self) -> Iterator[psycopg.Connection]:
        with connect(self.dsn, application="test") as connection:
            yield connection

    def rows(self, query: str, *parameters: Any) -> list[tuple[Any, ...]]:
        with self.sql() as connection:
            return connection.execute(query.encode(), parameters).fetchall()

    def tally(self) -> Tally:
        with self.sql() as connection:
            return tally(connection)

    def caught_up(self, times: int = 1) -> bool:
        """Whether ingest has connected and caught up so many times."""
        return bool(self.rows("SELECT count(*) FROM standstill")[0][0] >= times)


@contextmanager
def system(dsn: str, directory: Directory, folder: Path, **extra: str) -> Iterator[System]:
    """A migrated store with a registry, a broker; no process started yet."""
    with (
        Broker(folder / "broker") as broker,
        running_system(dsn, broker, directory, folder, **extra) as running,
    ):
        yield running


@contextmanager
def running_system(
    dsn: str, broker: AnyBroker, directory: Directory, folder: Path, **extra: str
) -> Iterator[System]:
    """The same on a broker that runs already."""
    migrate(dsn)
    with connect(dsn, application="test") as connection:
        import_directory(connection, directory, now=time.time_ns() // 1_000)
    running = System(dsn, broker, folder, extra)
    try:
        yield running
    finally:
        running.close()
