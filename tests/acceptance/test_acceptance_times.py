"""Device time, received time and the assumption stay apart, through a real broker."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from schemas import topics
from schemas.readings import Flag
from tests.support.registry import EAST, town
from tests.support.system import Client, System, system, until

UP = topics.up(EAST, "g1", "m1")


@pytest.fixture
def running(database: str, tmp_path: Path) -> Iterator[System]:
    with system(database, town(), tmp_path) as it:
        it.start("ingest")
        until(it.caught_up)
        yield it


@pytest.fixture
def client(running: System) -> Iterator[Client]:
    it = Client(running.broker)
    yield it
    it.close()


def now_ms() -> int:
    return time.time_ns() // 1_000_000


def committed(running: System, count: int) -> bool:
    return sum(running.tally().committed.values()) == count


def test_a_wrong_clock_is_flagged_and_its_claim_is_kept(running: System, client: Client) -> None:
    eight_hours_off = now_ms() + 8 * 3_600_000
    client.say(UP, {"ts": eight_hours_off, "seq": 1, "movement": 1})
    client.say(UP, {"ts": "1970-01-01T00:00:10Z", "seq": 2, "movement": 1})
    client.say(UP, {"seq": 3, "movement": 1})
    client.say(UP, {"ts": now_ms() - 1_000, "seq": 4, "movement": 1})
    until(lambda: committed(running, 4))
    rows = running.rows("SELECT key, flags, ts = received FROM reading ORDER BY key")
    assert rows == [
        (1, Flag.CLOCK_SUSPECT, True),
        (2, Flag.CLOCK_SUSPECT, True),
        (3, Flag.NO_TIME, True),
        (4, 0, False),
    ]
    claims = running.rows("SELECT claimed_us FROM device_clock ORDER BY received")
    assert claims == [(eight_hours_off * 1_000,), (10_000_000,)]
    said = running.run("doctor")
    assert "set the clock or the zone of m1" in said.stdout


def test_a_repetition_is_one_row_whatever_carries_it(running: System, client: Client) -> None:
    reading = {"ts": now_ms(), "seq": 9, "movement": 1}
    for _ in range(3):
        client.say(UP, reading)
    client.say(
        topics.up(EAST, "g1"), [{**reading, "device": "m1"}, {"device": "r1", "presence": True}]
    )
    client.say(UP, {**reading, "seq": 10}).wait_for_publish(10)
    until(lambda: committed(running, 3))
    assert running.rows("SELECT count(*) FROM reading WHERE key = 9") == [(1,)]


def test_a_retained_press_is_state_and_never_a_new_edge(running: System, client: Client) -> None:
    button = topics.up(EAST, "g1", "b1")
    client.say(button, {"sos": "pressed"}, retain=True).wait_for_publish(10)
    until(lambda: running.tally().alerts)
    assert running.rows("SELECT severity FROM alert") == [("red",)]  # live, as it was pressed
    running.stop("ingest")
    running.start("ingest")
    until(lambda: running.caught_up(2))
    client.say(UP, {"ts": now_ms(), "seq": 1, "movement": 1}).wait_for_publish(10)
    until(lambda: running.rows("SELECT 1 FROM reading WHERE key = 1"))
    found = running.rows("SELECT severity FROM alert ORDER BY onset")
    assert found[0] == ("red",)
    assert all(severity == "blue" for (severity,) in found[1:])


def test_late_readings_are_judged_at_their_time_and_history_moves_nothing(
    running: System, client: Client
) -> None:
    client.say(UP, {"ts": now_ms(), "seq": 1, "movement": 1})
    late = topics.up(EAST, "g1", "b1")
    client.say(late, {"ts": now_ms() - 60_000, "seq": 2, "sos": "pressed"})
    until(lambda: running.tally().alerts)
    client.say(late, {"ts": now_ms() - 3 * 86_400_000, "seq": 3, "sos": "pressed"})
    until(lambda: running.tally().alerts == {"sos": 2})
    assert running.rows("SELECT severity, late FROM alert ORDER BY onset DESC") == [
        ("red", True),
        ("blue", True),
    ]
