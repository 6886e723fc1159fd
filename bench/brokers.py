"""The brokers that are measured, each on loopback with a folder of its own."""

import shutil
import signal
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.support.system import until
from vigil.embedded import process
from vigil.embedded.broker import Broker


@dataclass(frozen=True)
class Address:
    port: int

    @property
    def url(self) -> str:
        return f"mqtt://127.0.0.1:{self.port}"


Serve = Callable[[Path], AbstractContextManager[Address]]


@contextmanager
def nats(folder: Path) -> Iterator[Address]:
    """The embedded broker."""
    with Broker(folder) as broker:
        yield Address(broker.port)


@contextmanager
def mosquitto(folder: Path) -> Iterator[Address]:
    """Mosquitto with what a site that loses nothing sets."""
    folder.mkdir(parents=True)
    port = process.free_port()
    config = folder / "mosquitto.conf"
    config.write_text(
        f"listener {port} 127.0.0.1\nallow_anonymous true\nuser root\npersistence true\n"
        f"persistence_location {folder}/\nautosave_interval 1\nmax_queued_messages 0\n"
        "max_inflight_messages 20000\n"
    )
    program = shutil.which("mosquitto", path="/usr/sbin:/usr/local/sbin:/usr/bin")
    arguments = process.command([program or "mosquitto", "-c", config])
    server = process.start(arguments, log=folder / "mosquitto.log")
    try:
        until(lambda: not process.port_is_free(port))
        yield Address(port)
    finally:
        process.stop(server, by=signal.SIGTERM, within=10)


def brokers() -> dict[str, Serve]:
    """Those that are installed here."""
    found = shutil.which("mosquitto", path="/usr/sbin:/usr/local/sbin:/usr/bin")
    return {"mosquitto": mosquitto, "nats": nats} if found else {"nats": nats}
