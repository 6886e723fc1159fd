"""Devices that the registry does not know wait, are adopted or ignored, and never silenced."""

import json

from schemas import topics
from tests.support.registry import EAST, WEST
from tests.support.system import Client, System, until

STRANGER = "0xa4c138ffeeddccbb"
UP = topics.native(EAST, "g1", f"zigbee2mqtt/{STRANGER}")


def waiting(listening: System) -> list[dict[str, str]]:
    done = listening.run("devices", "quarantine", "--json")
    assert done.returncode == 0, done.stderr
    found: list[dict[str, str]] = json.loads(done.stdout)
    return found


def test_a_stranger_is_listed_adopted_and_heard(listening: System, gateway: Client) -> None:
    gateway.say(UP, {"action": None, "battery": 80})
    until(lambda: listening.tally().rejected)
    (entry,) = waiting(listening)
    assert (entry["device"], entry["gateway"], entry["code"]) == (STRANGER, "g1", "unknown_device")
    assert entry["profile"].startswith("z2m-")  # one of those that can read it

    half = listening.run("devices", "adopt", STRANGER, "--gateway", "g1", "--elder", "e1")
    assert half.returncode == 2
    assert "--kind" in half.stderr
    done = listening.run(
        "devices", "adopt", STRANGER, "--gateway", "g1", "--elder", "e1", "--kind", "sos_button",
        "--profile", "z2m-sos-button", "--location", "wall", "--interval", "21600",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert waiting(listening) == []

    def heard() -> bool:
        gateway.say(UP, {"action": "emergency", "battery": 80}).wait_for_publish(10)
        return "g1" in listening.tally().committed

    until(heard)
    ((elder, home),) = listening.rows(
        "SELECT DISTINCT elder, home FROM alert WHERE device IS NOT NULL"
    )
    assert (elder, home) == ("e1", "h1")


def test_a_device_that_moved_waits_until_it_is_moved(listening: System, gateway: Client) -> None:
    gateway.say(topics.up(WEST, "g2", "b1"), {"battery": 80})
    until(lambda: listening.tally().rejected)
    (entry,) = waiting(listening)
    assert (entry["device"], entry["code"]) == ("b1", "wrong_gateway")
    done = listening.run("devices", "adopt", "b1", "--gateway", "g2", "--elder", "e2")
    assert done.returncode == 0, done.stderr
    ((behind, elder, profile),) = listening.rows(
        "SELECT gateway, elder, profile FROM device WHERE id = 'b1'"
    )
    assert (behind, elder, profile) == ("g2", "e2", "canonical")


def test_an_ignored_stranger_is_only_counted_but_its_press_alerts(
    listening: System, gateway: Client
) -> None:
    done = listening.run("devices", "ignore", STRANGER, "--gateway", "g1", "--reason", "not ours")
    assert done.returncode == 0, done.stderr

    def counted() -> bool:
        gateway.say(UP, {"action": None, "battery": 80}).wait_for_publish(10)
        return bool(listening.rows("SELECT 1 FROM reject_overflow"))

    until(counted)
    gateway.say(UP, {"action": "emergency", "battery": 80})
    until(lambda: listening.tally().alerts.get("sos"))
    ((elders, behind),) = listening.rows("SELECT elders, gateway FROM alert")
    assert (elders, behind) == (["e1"], "g1")


def test_a_strangers_state_is_one_press_until_it_ends(listening: System, gateway: Client) -> None:
    topic = topics.native(EAST, "g1", "zigbee2mqtt/0x00137a10000fffff")

    def say(sos: bool, battery: int) -> None:
        gateway.say(topic, {"sos": sos, "battery": battery}).wait_for_publish(10)

    def waits(count: int) -> bool:
        ((found,),) = listening.rows("SELECT count(*) FROM quarantine")
        return bool(found == count)

    say(True, 61)
    say(True, 60)
    until(lambda: waits(2))
    assert listening.tally().alerts == {"sos": 1}
    say(False, 60)
    until(lambda: waits(3))
    assert listening.rows("SELECT * FROM stranger_run") == []
    listening.rows("UPDATE alert SET onset = onset - interval '31 s' RETURNING 1")
    say(True, 59)
    until(lambda: listening.tally().alerts == {"sos": 2})
