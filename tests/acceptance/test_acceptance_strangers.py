"""Devices that the registry does not know wait, are adopted or ignored, and never silenced."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from schemas import topics
from tests.support.registry import EAST, WEST, town
from tests.support.system import Client, System, system, until

STRANGER = "0xa4c138ffeeddccbb"
UP = topics.native(EAST, "g1", f"zigbee2mqtt/{STRANGER}")


@pytest.fixture
def running(database: str, tmp_path: Path) -> Iterator[System]:
    with system(database, town(homes=2), tmp_path) as it:
        it.start("ingest")
        until(it.caught_up)
        yield it


@pytest.fixture
def client(running: System) -> Iterator[Client]:
    it = Client(running.broker)
    yield it
    it.close()


def waiting(running: System) -> list[dict[str, str]]:
    done = running.run("devices", "quarantine", "--json")
    assert done.returncode == 0, done.stderr
    found: list[dict[str, str]] = json.loads(done.stdout)
    return found


def test_a_stranger_is_listed_adopted_and_heard(running: System, client: Client) -> None:
    client.say(UP, {"action": None, "battery": 80})
    until(lambda: running.tally().rejected)
    (entry,) = waiting(running)
    assert (entry["device"], entry["gateway"], entry["code"]) == (STRANGER, "g1", "unknown_device")
    assert entry["profile"].startswith("z2m-")  # one of those that can read it

    half = running.run("devices", "adopt", STRANGER, "--gateway", "g1", "--elder", "e1")
    assert half.returncode == 2
    assert "--kind" in half.stderr
    done = running.run(
        "devices", "adopt", STRANGER, "--gateway", "g1", "--elder", "e1", "--kind", "sos_button",
        "--profile", "z2m-sos-button", "--location", "wall", "--interval", "21600",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert waiting(running) == []

    def heard() -> bool:
        client.say(UP, {"action": "emergency", "battery": 80}).wait_for_publish(10)
        return "g1" in running.tally().committed

    until(heard)
    ((elder, home),) = running.rows(
        "SELECT DISTINCT elder, home FROM alert WHERE device IS NOT NULL"
    )
    assert (elder, home) == ("e1", "h1")


def test_a_device_that_moved_waits_until_it_is_moved(running: System, client: Client) -> None:
    client.say(topics.up(WEST, "g2", "b1"), {"battery": 80})
    until(lambda: running.tally().rejected)
    (entry,) = waiting(running)
    assert (entry["device"], entry["code"]) == ("b1", "wrong_gateway")
    done = running.run("devices", "adopt", "b1", "--gateway", "g2", "--elder", "e2")
    assert done.returncode == 0, done.stderr
    ((gateway, elder, profile),) = running.rows(
        "SELECT gateway, elder, profile FROM device WHERE id = 'b1'"
    )
    assert (gateway, elder, profile) == ("g2", "e2", "canonical")


def test_an_ignored_stranger_is_only_counted_but_its_press_alerts(
    running: System, client: Client
) -> None:
    done = running.run("devices", "ignore", STRANGER, "--gateway", "g1", "--reason", "neighbour's")
    assert done.returncode == 0, done.stderr

    def counted() -> bool:
        client.say(UP, {"action": None, "battery": 80}).wait_for_publish(10)
        return bool(running.rows("SELECT 1 FROM reject_overflow"))

    until(counted)
    client.say(UP, {"action": "emergency", "battery": 80})
    until(lambda: running.tally().alerts.get("sos"))
    ((elders, gateway),) = running.rows("SELECT elders, gateway FROM alert")
    assert (elders, gateway) == (["e1"], "g1")
