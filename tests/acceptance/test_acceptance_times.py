"""Device time, received time and the assumption stay apart, through a real broker."""

import time

from schemas import topics
from schemas.readings import Flag
from tests.support.registry import EAST
from tests.support.system import Client, System, until

UP = topics.up(EAST, "g1", "m1")


def now_ms() -> int:
    return time.time_ns() // 1_000_000


def committed(listening: System, count: int) -> bool:
    return sum(listening.tally().committed.values()) == count


def test_a_wrong_clock_is_flagged_and_its_claim_is_kept(listening: System, gateway: Client) -> None:
    eight_hours_off = now_ms() + 8 * 3_600_000
    gateway.say(UP, {"ts": eight_hours_off, "seq": 1, "movement": 1})
    gateway.say(UP, {"ts": "1970-01-01T00:00:10Z", "seq": 2, "movement": 1})
    gateway.say(UP, {"seq": 3, "movement": 1})
    gateway.say(UP, {"ts": now_ms() - 1_000, "seq": 4, "movement": 1})
    until(lambda: committed(listening, 4))
    rows = listening.rows("SELECT key, flags, ts = received FROM reading ORDER BY key")
    assert rows == [
        (1, Flag.CLOCK_SUSPECT, True),
        (2, Flag.CLOCK_SUSPECT, True),
        (3, Flag.NO_TIME, True),
        (4, 0, False),
    ]
    claims = listening.rows("SELECT claimed_us FROM device_clock ORDER BY received")
    assert claims == [(eight_hours_off * 1_000,), (10_000_000,)]
    said = listening.run("doctor")
    assert "set the clock or the zone of m1" in said.stdout


def test_a_repetition_is_one_row_whatever_carries_it(listening: System, gateway: Client) -> None:
    reading = {"ts": now_ms(), "seq": 9, "movement": 1}
    for _ in range(3):
        gateway.say(UP, reading)
    gateway.say(
        topics.up(EAST, "g1"), [{**reading, "device": "m1"}, {"device": "r1", "presence": True}]
    )
    gateway.say(UP, {**reading, "seq": 10}).wait_for_publish(10)
    until(lambda: committed(listening, 3))
    assert listening.rows("SELECT count(*) FROM reading WHERE key = 9") == [(1,)]


def test_a_retained_press_is_state_and_never_a_new_edge(listening: System, gateway: Client) -> None:
    button = topics.up(EAST, "g1", "b1")
    gateway.say(button, {"sos": "pressed"}, retain=True).wait_for_publish(10)
    until(lambda: listening.tally().alerts)
    assert listening.rows("SELECT severity FROM alert") == [("red",)]  # live, as it was pressed
    listening.stop("ingest")
    listening.start("ingest")
    until(lambda: listening.caught_up(2))
    gateway.say(UP, {"ts": now_ms(), "seq": 1, "movement": 1}).wait_for_publish(10)
    until(lambda: listening.rows("SELECT 1 FROM reading WHERE key = 1"))
    found = listening.rows("SELECT severity FROM alert ORDER BY onset")
    assert found[0] == ("red",)
    assert all(severity == "blue" for (severity,) in found[1:])


def test_late_readings_are_judged_at_their_time_and_history_moves_nothing(
    listening: System, gateway: Client
) -> None:
    gateway.say(UP, {"ts": now_ms(), "seq": 1, "movement": 1})
    late = topics.up(EAST, "g1", "b1")
    gateway.say(late, {"ts": now_ms() - 60_000, "seq": 2, "sos": "pressed"})
    until(lambda: listening.tally().alerts)
    gateway.say(late, {"ts": now_ms() - 3 * 86_400_000, "seq": 3, "sos": "pressed"})
    until(lambda: listening.tally().alerts == {"sos": 2})
    assert listening.rows("SELECT severity, late FROM alert ORDER BY onset DESC") == [
        ("red", True),
        ("blue", True),
    ]
