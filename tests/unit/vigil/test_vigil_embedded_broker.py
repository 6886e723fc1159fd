"""The embedded broker: it answers when started, and says why when it does not."""

import json
import socket
from pathlib import Path

import pytest

from vigil.embedded.broker import Broker
from vigil.embedded.process import EmbeddedError


def test_it_answers_on_loopback_only(broker: Broker) -> None:
    with socket.create_connection(("127.0.0.1", broker.port), timeout=10) as link:
        link.sendall(b"\x10\x11\x00\x04MQTT\x04\x02\x00\x05\x00\x05hello")
        assert link.recv(4) == b"\x20\x02\x00\x00"
    config = json.loads((broker.folder / "nats.conf").read_text())
    assert {config["listen"], config["mqtt"]["listen"]} == {
        config["listen"],
        f"127.0.0.1:{broker.port}",
    }
    assert config["listen"].startswith("127.0.0.1:")
    assert broker.url == f"mqtt://127.0.0.1:{broker.port}"


def test_stopping_twice_is_stopping(tmp_path: Path) -> None:
    broker = Broker(tmp_path / "broker")
    with broker:
        pid = broker.pid
        assert Path(f"/proc/{pid}").exists()
    broker.stop()
    assert not Path(f"/proc/{pid}").exists()
    with pytest.raises(EmbeddedError, match="not running"):
        _ = broker.pid


def test_it_starts_again_on_what_it_kept(tmp_path: Path) -> None:
    port = 0
    for _ in range(2):
        with Broker(tmp_path / "broker", port=port or None) as broker:
            port = broker.port
    assert (tmp_path / "broker" / "jetstream").is_dir()
    assert (tmp_path / "broker").stat().st_mode & 0o777 == 0o700


def test_the_error_shows_the_end_of_the_log(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        broker = Broker(tmp_path / "broker", port=taken.getsockname()[1])
        with pytest.raises(EmbeddedError, match=r"nats\.log(?s:.*)address already in use"):
            broker.start()
