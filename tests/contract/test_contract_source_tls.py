"""The session by TLS and with an account, on a Mosquitto that wants both."""

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from structlog.testing import capture_logs
from structlog.typing import EventDict

from ingest.mqtt import MqttSource
from tests.support.mosquitto import Mosquitto, needs_mosquitto
from tests.support.sources import caught_up, session
from tests.support.system import until
from vigil.embedded import process

_TOOLS = {name: shutil.which(name) for name in ("openssl", "mosquitto_passwd")}

pytestmark = [
    needs_mosquitto,
    pytest.mark.skipif(None in _TOOLS.values(), reason="openssl is not installed"),
]

INGEST, STRANGER = ("ingest", "correct horse"), ("ingest", "battery staple")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """With a certificate for localhost that is its own authority, and a password file."""
    folder = tmp_path_factory.mktemp("tls")
    subject = "-subj /CN=localhost -addext subjectAltName=DNS:localhost -days 2 -nodes"
    key = "-newkey ec -pkeyopt ec_paramgen_curve:P-256 -keyout key.pem -out certificate.pem"
    _run(folder, "openssl", "req", "-x509", *subject.split(), *key.split())
    _run(folder, "mosquitto_passwd", "-b", "-c", "passwords", *INGEST)
    return folder


def _run(folder: Path, tool: str, *arguments: str) -> None:
    program = _TOOLS[tool] or tool
    subprocess.run([program, *arguments], cwd=folder, check=True, capture_output=True)


@pytest.fixture(scope="module")
def broker(folder: Path) -> Iterator[Mosquitto]:
    port = process.free_port()
    config = folder / "mosquitto.conf"
    config.write_text(
        f"listener {port} 127.0.0.1\nuser root\nallow_anonymous false\n"
        f"password_file {folder}/passwords\n"
        f"certfile {folder}/certificate.pem\nkeyfile {folder}/key.pem\n"
    )
    with Mosquitto(folder / "broker", port=port, file=config) as server:
        yield server


def test_a_broker_of_a_known_authority_is_spoken_to(
    broker: Mosquitto, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(folder / "certificate.pem"))
    with session(broker.port, login=INGEST) as source:
        caught_up(source)
        assert source.connected


def test_a_broker_of_an_unknown_authority_is_not_told_the_password(broker: Mosquitto) -> None:
    with capture_logs() as said, session(broker.port, login=INGEST) as source:
        _fails(source, said, "certificate verify failed")


def test_a_wrong_password_is_said(
    broker: Mosquitto, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(folder / "certificate.pem"))
    with capture_logs() as said, session(broker.port, login=STRANGER) as source:
        _fails(source, said, "may not connect")
        assert "the broker refused the session" in {line["event"] for line in said}


def _fails(source: MqttSource, said: list[EventDict], why: str) -> None:
    """It says why, and again: it goes on trying."""
    no_connection = "no connection to the broker"
    until(
        lambda: sum(line["event"] == no_connection and why in line["reason"] for line in said) > 1
    )
    assert not source.connected
