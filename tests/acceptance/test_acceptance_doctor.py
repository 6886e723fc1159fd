"""vigil doctor on real servers, configured badly and well."""

import json
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from schemas import topics
from store import presets
from store.maintain import maintain
from store.settings import StoreSettings
from tests.support.mosquitto import Mosquitto, needs_mosquitto
from tests.support.registry import EAST, town
from tests.support.services import fresh_database
from tests.support.site_broker import SiteBroker, site_broker
from tests.support.system import AnyBroker, System, running_system
from vigil.broker_config.write import Which
from vigil.embedded.broker import Broker
from vigil.embedded.postgres import Postgres

Found = dict[str, dict[str, Any]]


def doctor(running: System, *arguments: str) -> tuple[int, Found]:
    """Its exit code, and its findings by what they are about."""
    done: subprocess.CompletedProcess[str] = running.run("doctor", "--json", *arguments)
    assert done.stdout, done.stderr
    return done.returncode, {f["what"]: f for f in json.loads(done.stdout)}


def levels(found: Found) -> dict[str, str]:
    return {what: f["level"] for what, f in found.items() if f["level"] not in ("ok", "unseen")}


@pytest.fixture
def plain(postgres: Postgres) -> Iterator[str]:
    """A database on the embedded server."""
    with fresh_database(postgres.dsn) as dsn:
        yield dsn


@contextmanager
def site(dsn: str, broker: AnyBroker, folder: Path, **extra: str) -> Iterator[System]:
    """A site of small batches, so that few messages show what its broker does."""
    small = {"VIGIL_INGEST__BATCH_COUNT": "500", "VIGIL_INGEST__IN_FLIGHT_WINDOW": "1000"}
    with running_system(dsn, broker, town(), folder, **(small | extra)) as running:
        with running.sql() as connection:
            presets.apply(connection, StoreSettings())
            maintain(connection, StoreSettings(), now=time.time_ns() // 1_000)
        yield running


@pytest.mark.parametrize("which", [pytest.param("mosquitto", marks=needs_mosquitto), "nats"])
def test_nothing_is_wrong_with_what_broker_config_writes(
    which: Which, database: str, tmp_path: Path
) -> None:
    window = {"VIGIL_INGEST__IN_FLIGHT_WINDOW": "10000" if which == "mosquitto" else "8191"}
    with (
        site_broker(which, tmp_path / "broker") as broker,
        site(database, broker, tmp_path, **window) as running,
    ):
        accounts = str(broker.config / "accounts.csv")
        code, found = doctor(running, "--watch", "0", "--accounts", accounts)
        assert (code, levels(found)) == (0, {}), found
        assert found["rights of g1"]["level"] == found["queue"]["level"] == "ok"
        assert sessions_left(broker) == []


def sessions_left(broker: SiteBroker) -> list[Path]:
    """Files in which the broker still keeps a session of the doctor's."""
    broker.server.stop()  # it writes what it keeps
    files = (path for path in broker.site.data.rglob("*") if path.is_file())
    return [path for path in files if b"vigil-doctor" in path.read_bytes()]


@needs_mosquitto
def test_mosquitto_as_it_comes_loses_messages(plain: str, tmp_path: Path) -> None:
    """Its default queue and window, small messages only, and a gateway at QoS 0."""
    with (
        Mosquitto(tmp_path / "broker", options={"message_size_limit": "1000"}) as broker,
        site(plain, broker, tmp_path) as running,
    ):
        code, found = doctor(running, "--watch", "0")
    assert code == 1
    assert levels(found) == {
        "queue": "bad",
        "window": "warning",
        "window setting": "warning",
        "message size": "bad",
        "log-in": "warning",
    }
    assert found["queue"]["do"] == "in mosquitto.conf: max_queued_messages 0"
    assert "20 messages" in found["window"]["found"]
    assert "max_inflight_messages 1000" in found["window"]["do"]


@needs_mosquitto
def test_who_publishes_at_qos_0_is_named(plain: str, tmp_path: Path) -> None:
    with (
        Mosquitto(tmp_path / "broker") as broker,
        site(plain, broker, tmp_path) as running,
        talking(broker),
    ):
        _, found = doctor(running, "--watch", "2")
    assert found["QoS"]["level"] == "warning"
    assert f"{EAST}/g1" in found["QoS"]["found"]
    assert f"{EAST}/g3" not in found["QoS"]["found"]


@contextmanager
def talking(broker: Mosquitto) -> Iterator[None]:
    """g1 at QoS 0, g3 at QoS 1, several times a second."""
    again = ["-m", "[]", "--repeat", "1000", "--repeat-delay", "0.1"]
    speakers = []
    for gateway, qos in (("g1", "0"), ("g3", "1")):
        topic = ["-t", topics.up(EAST, gateway), "-q", qos]
        command = ["mosquitto_pub", "-p", str(broker.port), *topic, *again]
        speakers.append(subprocess.Popen(command))
    try:
        yield
    finally:
        for speaker in speakers:
            speaker.kill()
            speaker.wait()


def test_open_rights_are_seen(plain: str, tmp_path: Path) -> None:
    """Accounts that anybody may do without, and gateways that may say anything."""
    accounts = tmp_path / "accounts.csv"
    accounts.write_text("login,password,kind\ng1,whatever,gateway\n")
    broker = Broker(tmp_path / "broker")
    url = f"mqtt://vigil-ingest:x@127.0.0.1:{broker.port}"
    with broker, site(plain, broker, tmp_path, VIGIL_BROKER__URL=url) as running:
        code, found = doctor(running, "--watch", "0", "--accounts", str(accounts))
    assert code == 1
    assert found["log-in"]["level"] == found["rights of g1"]["level"] == "bad"
    assert "say what is not its own and hear what others say" in found["rights of g1"]["found"]


def test_a_store_that_forgets_and_has_no_room(tmp_path: Path) -> None:
    settings = {"fsync": "off", "synchronous_commit": "off", "max_connections": "14"}
    with (
        Postgres(tmp_path / "store", settings=settings) as server,
        fresh_database(server.dsn) as dsn,
        Broker(tmp_path / "broker") as broker,
        running_system(dsn, broker, town(), tmp_path) as running,
    ):
        code, found = doctor(running, "--watch", "0")
        assert code == 1
        assert found["durability"]["found"] == "fsync, synchronous_commit off"
        assert "ALTER SYSTEM SET synchronous_commit = on" in found["durability"]["do"]
        assert found["connections"]["level"] == "warning"
        assert found["upkeep"]["level"] == "warning"


def test_nobody_there(plain: str, tmp_path: Path) -> None:
    """No broker, and a store that was never migrated."""
    running = System(plain, Broker(tmp_path / "broker"), tmp_path, {})
    code, found = doctor(running)
    assert (code, levels(found)) == (1, {"migrations": "bad", "broker": "bad"})
    assert "VIGIL_BROKER__URL" in found["broker"]["do"]
    assert "BAD      broker:" in running.run("doctor").stdout
