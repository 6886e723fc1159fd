"""The whole way, on real processes: from a gateway's message to a duty worker's answer."""

import json
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from schemas import topics
from tests.support.registry import EAST, WEST, town
from tests.support.system import Client, System, system, until

# The default ladder has 30 s to the street; here a second stands for it.
RUNGS = [
    {"level": level, "after_s": seconds}
    for seconds, level in enumerate(("community", "street", "district", "city"))
]
LADDER = json.dumps({"red": {"rungs": RUNGS, "repeat_s": 60, "step_s": 180, "on_site_s": 900}})


@pytest.fixture
def running(database: str, tmp_path: Path) -> Iterator[System]:
    """Ingest caught up, stations alive."""
    with system(database, town(homes=4), tmp_path) as it:
        it.start("ingest")
        it.start("stations")
        until(it.caught_up)
        yield it


@pytest.fixture
def client(running: System) -> Iterator[Client]:
    it = Client(running.broker, topics.station_alerts("+"), topics.HEARTBEAT)
    until(lambda: any(topic == topics.HEARTBEAT for topic, _ in it.heard))
    yield it
    it.close()


def now_ms() -> int:
    return time.time_ns() // 1_000_000


def test_an_sos_reaches_its_station_and_is_answered(running: System, client: Client) -> None:
    client.say(topics.up(EAST, "g1", "b1"), {"ts": now_ms(), "seq": 1, "sos": "pressed"})
    card = until(client.cards)[0]
    assert (card["station"], card["severity"], card["home"]) == ("east", "red", "h1")
    assert card["reason"]["zh"]
    assert card["reason"]["en"]
    assert "老人" not in json.dumps(card, ensure_ascii=False)  # I10: ids only
    assert "幸福路" not in json.dumps(card, ensure_ascii=False)

    answer = {"alert": card["alerts"][0], "staff": "east-1", "action": "acknowledge"}
    client.say(topics.station_acks("east"), answer)
    until(lambda: [c for c in client.cards() if c["state"] == "acknowledged"])
    ((state, holder),) = running.rows("SELECT state, holder FROM incident")
    assert (state, holder) == ("acknowledged", "east-1")

    closing = {**answer, "action": "close", "outcome": "genuine", "reached": "seen"}
    client.say(topics.station_acks("east"), closing)
    until(lambda: running.rows("SELECT 1 FROM incident WHERE state = 'closed'"))
    told = running.rows("SELECT kind, staff FROM alert_event WHERE staff IS NOT NULL ORDER BY id")
    assert ("acknowledge", "east-1") in told
    assert ("close", "east-1") in told


def test_only_the_publishing_stations_own_staff_may_answer(running: System, client: Client) -> None:
    client.say(topics.up(EAST, "g1", "b1"), {"sos": "pressed"})
    card = until(client.cards)[0]
    answer = {"alert": card["alerts"][0], "staff": "west-1", "action": "acknowledge"}
    client.say(topics.station_acks("west"), answer)
    client.say(topics.station_acks("east"), answer)
    client.say(topics.station_acks("east"), {**answer, "staff": "east-1"})
    until(lambda: running.rows("SELECT 1 FROM incident WHERE state = 'acknowledged'"))
    assert running.rows("SELECT holder FROM incident") == [("east-1",)]


def test_one_native_press_of_three_messages_is_one_alert(database: str, tmp_path: Path) -> None:
    directory = town()
    button = directory.devices[2].model_copy(
        update={"id": "0xa4c138aabbccddee", "profile": "z2m-sos-button"}
    )
    directory = directory.model_copy(
        update={"devices": (*directory.devices[:2], button, *directory.devices[3:])}
    )
    with system(database, directory, tmp_path) as running:
        running.start("ingest")
        until(running.caught_up)
        client = Client(running.broker)
        base = topics.native(EAST, "g1", "zigbee2mqtt/0xa4c138aabbccddee")
        client.say(base, {"action": None, "battery": 97, "linkquality": 60})
        client.say(base, {"action": "emergency", "battery": 97, "linkquality": 60})
        client.say(base, {"action": "", "battery": 97, "linkquality": 60})
        client.say(base + "/action", b"emergency").wait_for_publish(5)
        until(lambda: sum(running.tally().committed.values()) == 4)
        client.close()
        assert running.tally().alerts == {"sos": 1}


GARBAGE = [
    b"",
    b"{",
    b'{"ts": tru',
    b"\x00\xff\xfe\x80",
    b"x" * 1_000_000,
    b'{"heart_rate": "x"}',
    b"[1]",
]


def test_garbage_on_every_topic_is_kept_and_the_next_good_message_goes_through(
    running: System, client: Client
) -> None:
    where = [
        topics.up(EAST, "g1", "m1"),
        topics.up(EAST, "g1"),
        topics.status(EAST, "g1"),
        topics.native(EAST, "g1", "zigbee2mqtt/0x1"),
        topics.native(EAST, "g1", "application/a/device/0102030405060708/event/up"),
        topics.native(EAST, "nobody", "no/such/thing"),
    ]
    for topic in where:
        for payload in GARBAGE:
            client.say(topic, payload)
    client.say(topics.up(EAST, "g1", "stranger"), {"heart_rate": 60})
    client.say(topics.station_acks("east"), b"\xff{").wait_for_publish(10)
    client.say(topics.up(EAST, "g1", "m1"), {"ts": now_ms(), "heart_rate": 60})
    until(lambda: running.tally().committed.get("g1"))
    rejected = running.tally().rejected
    assert sum(rejected.values()) == len(where) * len(GARBAGE) + 1
    codes = running.rows(
        "SELECT code, reason FROM reject UNION SELECT code, reason FROM quarantine"
    )
    assert all(code and reason for code, reason in codes)


def test_an_sos_of_an_unknown_device_reaches_the_top_and_its_gateways_station(
    running: System, client: Client
) -> None:
    client.say(topics.up(EAST, "g1", "stranger"), {"sos": "pressed"})
    until(lambda: {"east", "city"} <= {c["station"] for c in client.cards()})
    assert running.tally().alerts == {"sos": 1}


def test_unanswered_an_sos_climbs_and_nobody_drops_out(database: str, tmp_path: Path) -> None:
    with system(database, town(), tmp_path, VIGIL_STATIONS__LADDER=LADDER) as running:
        running.start("ingest")
        running.start("stations")
        until(running.caught_up)
        client = Client(running.broker, topics.station_alerts("+"))
        client.say(topics.up(WEST, "g2", "b2"), {"sos": "pressed"})
        until(
            lambda: {"west", "street", "district", "city"} == {c["station"] for c in client.cards()}
        )
        client.close()
        order = running.rows("SELECT station FROM incident_station ORDER BY joined_at")
        assert [s for (s,) in order] == ["west", "street", "district", "city"]
