"""Ingest replayed, and stopped in order while the store is down (I5); for more that fails see the
files beside this one."""

import json
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from schemas import topics
from tests.support.registry import EAST, WEST, town
from tests.support.system import Client, System, system, until
from vigil.embedded.postgres import Postgres

HOMES = 6
AREAS = {n: EAST if n % 2 else WEST for n in range(1, HOMES + 1)}


@pytest.fixture
def running(database: str, tmp_path: Path) -> Iterator[System]:
    with system(database, town(homes=HOMES), tmp_path, VIGIL_INGEST__SNAPSHOT_S="0.5") as it:
        yield it


def now_ms() -> int:
    return time.time_ns() // 1_000_000


def settled(running: System, expected: int) -> bool:
    found = running.tally()
    return sum(found.committed.values()) + sum(found.rejected.values()) == expected


def test_a_replay_gives_the_alerts_that_the_live_run_gave(running: System, tmp_path: Path) -> None:
    """The store's own range, and a recording of the broker's traffic."""
    capture = Client(running.broker, *topics.SUBSCRIPTIONS)
    running.start("ingest")
    until(running.caught_up)
    client = Client(running.broker)
    base = now_ms()
    for second in range(-200, 1):
        at = base + second * 1_000
        sick = {"ts": at, "seq": second + 500, "in_bed": True, "heart_rate": 140}
        client.say(topics.up(EAST, "g1", "m1"), sick)
        if second % 50 == 0:
            client.say(topics.up(WEST, "g2", "b2"), {"ts": at, "sos": "pressed"})
            client.say(topics.up(EAST, "g3", "r3"), {"ts": at, "fall": "confirmed"})
            client.say(topics.up(EAST, "g3", "r3"), {"ts": at + 1, "fall": "none"})
        client.say(topics.up(WEST, "g4", "m4"), b"{")
        client.say(topics.up(EAST, "g1", "nobody"), {"sos": "test"})
    sent = 201 * 3 + 5 * 3
    until(lambda: settled(running, sent))
    running.stop("ingest")
    live = running.rows("SELECT id, severity, onset, cleared, late FROM alert ORDER BY id")
    assert {rule for (rule,) in running.rows("SELECT rule FROM alert")} >= {"sos", "fall"}

    out = tmp_path / "store.jsonl"
    done = running.run("replay", "--since", "2020-01-01T00:00:00Z", "--out", str(out))
    assert done.returncode == 0, done.stderr
    again = [json.loads(line) for line in out.read_text().splitlines()]
    assert sorted(a["id"] for a in again) == [id_.hex for id_, *_ in live]
    by_id = {a["id"]: a for a in again}
    for id_, severity, _onset, cleared, late in live:
        alert = by_id[id_.hex]
        assert (alert["severity"], alert["late"]) == (severity, late)
        assert (alert["cleared"] is None) == (cleared is None)
    capture.close()
    client.close()


def test_ingest_can_be_stopped_while_the_store_is_down(tmp_path: Path) -> None:
    """What it held is not acknowledged: the next one gets it."""
    with (
        Postgres(tmp_path / "store") as store,
        system(store.dsn, town(homes=HOMES), tmp_path) as running,
    ):
        running.start("ingest")
        until(running.caught_up)
        store.kill()
        client = Client(running.broker)
        client.say(topics.up(EAST, "g1", "m1"), {"presence": True}).wait_for_publish(10)
        until(lambda: "the store failed" in running.log("ingest"))
        running.stop("ingest")
        store.start()
        running.start("ingest")
        until(lambda: settled(running, 1))
        client.close()
