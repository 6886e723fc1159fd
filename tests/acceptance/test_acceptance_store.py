"""The store is looked after by the processes that run, and says how things are now."""

import json
import time

from schemas import topics
from schemas.times import DAY, SECOND
from store import days, device_state
from tests.support.registry import EAST
from tests.support.system import Client, System, until


def _battery(system: System) -> dict[int, float]:
    with system.sql() as connection:
        ((device,),) = connection.execute("SELECT row FROM device WHERE id = 'm1'").fetchall()
        found = device_state.read(connection, [device])
    return {row: state.values["battery"] for row, state in found.items()}


def test_what_a_device_said_last_is_there_soon_and_after_a_kill(
    listening: System, gateway: Client
) -> None:
    up = topics.up(EAST, "g1", "m1")
    gateway.say(up, {"ts": time.time_ns() // 1_000_000, "seq": 1, "battery": 80})
    until(lambda: list(_battery(listening).values()) == [80])
    gateway.say(up, {"ts": time.time_ns() // 1_000_000, "seq": 2, "battery": 70})
    until(lambda: listening.rows("SELECT 1 FROM reading WHERE key = 2"))
    listening.kill("ingest")
    with listening.sql() as connection:
        connection.execute("DELETE FROM device_state")  # as if it had been killed before writing
    listening.start("ingest")
    until(lambda: list(_battery(listening).values()) == [70])


def test_stations_look_after_the_store(listening: System, gateway: Client) -> None:
    now = time.time_ns() // 1_000
    up = topics.up(EAST, "g1", "m1")
    for age in (0, 3600):
        gateway.say(up, {"ts": (now - age * SECOND) // 1_000, "seq": age, "battery": 80})
    until(lambda: len(listening.rows("SELECT 1 FROM reading")) == 2)
    listening.start("stations")
    with listening.sql() as connection:
        if days.partitioned(connection, "reading"):
            until(lambda: now // DAY + 2 in days.there(connection, "reading"))
            until(lambda: listening.rows("SELECT 1 FROM minute_kept"))
    assert listening.rows("SELECT sum(readings)::int FROM minute") == [(2,)]
    again = listening.run("maintain", "--json")
    assert again.returncode == 0
    assert json.loads(again.stdout).keys() == {"made", "dropped", "added", "renewed", "pruned"}


def test_presets_are_chosen_when_migrating(listening: System) -> None:
    for preset in ("city", "district"):
        done = listening.run("migrate", "--preset", preset)
        assert done.returncode == 0
    assert listening.run("migrate", "--preset", "village").returncode == 2
