"""A store outage does not hide an emergency, nor do stations that nobody runs (I9)."""

import threading
import urllib.request
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from schemas import topics
from tests.support.mosquitto import WELL, Mosquitto, needs_mosquitto
from tests.support.registry import EAST, WEST, town
from tests.support.services import STORES, fresh_database, server
from tests.support.stopped import stopped
from tests.support.system import Client, System, running_system, system, until
from vigil.embedded.broker import Broker
from vigil.embedded.postgres import Postgres

LADDER = {"east", "street", "district", "city"}
WITHIN = 10.0  # seconds; on a machine that does nothing else the whole ladder has it within 3
on_mosquitto = partial(pytest.param, marks=needs_mosquitto)


@pytest.fixture(scope="module", params=STORES)
def store(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Postgres]:
    """A server of this module's own, to be maltreated."""
    with server(request.param, tmp_path_factory.mktemp("emergency") / "store") as it:
        yield it


@pytest.fixture
def window(request: pytest.FixtureRequest) -> int:
    """The broker's in-flight window; 0 on NATS, whose own is wide."""
    return int(getattr(request, "param", 0))


@pytest.fixture
def running(window: int, store: Postgres, tmp_path: Path) -> Iterator[System]:
    """Ingest at work, with metrics on `system.console_port`: there is no console here."""
    folder = tmp_path / "broker"
    options = {**WELL, "max_inflight_messages": str(window)}
    with (
        Mosquitto(folder, options=options) if window else Broker(folder) as broker,
        fresh_database(store.dsn) as dsn,
        running_system(
            dsn,
            broker,
            town(homes=4),
            tmp_path,
            VIGIL_INGEST__IN_FLIGHT_WINDOW=str(window or 8000),
            VIGIL_INGEST__REDELIVERY_WAIT_S="0.1" if window else "2.5",  # NATS: its ack_wait
        ) as it,
    ):
        it.start("ingest", VIGIL_METRICS__INGEST_PORT=str(it.console_port))
        until(it.caught_up)
        yield it
        assert "stumbled" not in it.log("ingest")


@pytest.fixture
def client(running: System) -> Iterator[Client]:
    """Says what gateways say, and hears what stations hear."""
    it = Client(running.broker, topics.station_alerts("+"))
    yield it
    it.close()


def vitals(client: Client, count: int) -> None:
    sent = [
        client.say(topics.up(EAST, "g1", "m1"), {"in_bed": True, "heart_rate": 50 + n % 50})
        for n in range(count)
    ]
    for one in sent:
        one.wait_for_publish(30)


def stations(client: Client, device: str) -> set[str]:
    return {card["station"] for card in client.cards() if card["device"] == device}


def one_alert(running: System, device: str) -> str:
    """The id of the only alert that a device has in the store, once it is there."""
    rows = until(lambda: running.rows("SELECT id FROM alert WHERE device = %s", device))
    assert len(rows) == 1
    return str(rows[0][0].hex)


def ids(cards: list[dict[str, Any]]) -> set[str]:
    return {card["alerts"][0] for card in cards}


def listening(running: System) -> bool:
    """Whether a second session listens, by ingest's metrics."""
    address = f"http://127.0.0.1:{running.console_port}/metrics"
    with urllib.request.urlopen(address, timeout=10) as answer:
        return b"vigil_ingest_listening_aside 1.0" in answer.read()


@pytest.mark.parametrize("window", [0, on_mosquitto(100), on_mosquitto(1000)], indirect=True)
def test_a_press_gets_out_while_the_store_stands_still_and_is_stored_once(
    running: System, store: Postgres, client: Client, window: int
) -> None:
    """Also when ingest's own session takes nothing any more: its window is full of vitals."""
    press, up = {"sos": "pressed"}, topics.up(EAST, "g1", "b1")
    count = 3 * window or 50
    with stopped(store.pid):
        vitals(client, count)
        if window >= 1000:  # else ingest has not begun to, or never ceases to
            until(lambda: listening(running))
        client.say(up, press)
        until(lambda: stations(client, "b1") == LADDER, seconds=WITHIN)
        client.say(up, press).wait_for_publish(10)  # within the window: the same emergency
        client.say(topics.up(EAST, "g3", "r3"), {"fall": "confirmed"})
        client.say(topics.up(EAST, "g1", "nobody"), {"sos": "pressed"})
        client.say(topics.up(WEST, "g2", "b2"), {"sos": "test"})
        until(lambda: stations(client, "r3") == LADDER)
        until(lambda: {c["station"] for c in client.cards() if not c["home"]} == {"east", "city"})
    sent = client.cards()
    assert {(c["stored"], c["severity"], c["paged"]) for c in sent} == {(False, "red", True)}
    assert len(sent) == 2 * len(LADDER) + 2
    assert sum(c["home"] == "h1" and c["elders"] == ["e1"] for c in sent) == len(LADDER)
    until(lambda: running.rows("SELECT 1 FROM quarantine"))
    until(lambda: sum(running.tally().committed.values()) == count + 4)
    stored = running.rows("SELECT id FROM alert WHERE NOT test")
    assert {id_.hex for (id_,) in stored} == ids(sent)
    assert one_alert(running, "b1") in ids(sent)
    assert len(client.cards()) == len(sent)


def test_killed_in_between_it_keeps_its_id(
    running: System, store: Postgres, client: Client
) -> None:
    """And who starts while the store is away hears the next one all the same."""
    vitals(client, 5)
    until(lambda: sum(running.tally().committed.values()) == 5)
    store.kill()
    client.say(topics.up(EAST, "g1", "b1"), {"sos": "pressed"})
    until(lambda: stations(client, "b1") == LADDER)
    running.kill("ingest")
    threading.Event().wait(1)  # so that what comes again is received at another time
    running.start("ingest")
    until(lambda: "listening for emergencies" in running.log("ingest"))

    def pressed() -> bool:  # until the one that has just started hears it
        client.say(topics.up(EAST, "g3", "b3"), {"sos": "pressed"}).wait_for_publish(10)
        return stations(client, "b3") == LADDER

    until(pressed)
    store.start()
    assert ids(client.cards()) == {one_alert(running, "b1"), one_alert(running, "b3")}
    presses = "SELECT min(received - ts) > interval '1 second' FROM reading WHERE sos = 1"
    assert running.rows(presses) == [(True,)]
    client.say(topics.up(EAST, "g1", "m1"), {"heart_rate": 60}).wait_for_publish(10)
    until(lambda: running.rows("SELECT 1 FROM reading WHERE heart_rate = 600"))
    assert len(client.cards()) == 2 * len(LADDER)


def test_a_red_alert_that_no_stations_copy_takes_is_told_by_ingest(
    database: str, tmp_path: Path
) -> None:
    with system(database, town(), tmp_path, VIGIL_INGEST__UNTAKEN_S="1") as running:
        running.start("ingest")
        until(running.caught_up)
        client = Client(running.broker, topics.station_alerts("+"))
        client.say(topics.up(EAST, "g1", "b1"), {"sos": "pressed"})
        until(lambda: stations(client, "b1") == LADDER)
        told = client.cards()
        assert {(c["stored"], c["unattended"], c["paged"]) for c in told} == {(True, True, True)}
        alert = one_alert(running, "b1")
        assert ids(told) == {alert} == {c["incident"] for c in told}
        running.start("stations")
        until(lambda: len(client.cards()) > len(told))
        taken = client.cards()[len(told)]
        assert (taken["alerts"], taken["unattended"]) == ([alert], False)
        assert taken["incident"] != alert
        client.close()
        assert len(running.rows("SELECT 1 FROM incident")) == 1
