"""What is acknowledged is kept, once, whatever dies meanwhile (I1, I2)."""

import json
import random
import threading
import time
from collections.abc import Callable, Iterator
from functools import partial
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


class Fleet(threading.Thread):
    """Publishes until told to stop; what the broker acknowledged is in `acknowledged`."""

    def __init__(self, client: Client) -> None:
        super().__init__()
        self._client = client
        self._stopping = threading.Event()
        self.acknowledged = 0
        self.presses = 0

    def run(self) -> None:
        seq = 0
        while not self._stopping.wait(0.02):
            infos = []
            for n in range(1, HOMES + 1):
                seq += 1
                up = topics.up(AREAS[n], f"g{n}", f"m{n}")
                reading = {"ts": now_ms(), "seq": seq, "in_bed": True, "heart_rate": 60 + n}
                infos.append(self._client.say(up, reading))
                untimed = {"presence": True, "signal": -40 - seq % 50}
                infos.append(self._client.say(topics.up(AREAS[n], f"g{n}", f"r{n}"), untimed))
            if seq % (HOMES * 50) == 0 and self.presses < HOMES:
                self.presses += 1
                up = topics.up(AREAS[self.presses], f"g{self.presses}", f"b{self.presses}")
                infos.append(self._client.say(up, {"sos": "pressed"}))
            infos.append(self._client.say(topics.up(EAST, "g1", "m1"), b"{"))
            for info in infos:
                info.wait_for_publish(30)
            self.acknowledged += len(infos)

    def stop(self) -> None:
        self._stopping.set()
        self.join(60)


def settled(running: System, expected: int) -> bool:
    found = running.tally()
    return sum(found.committed.values()) + sum(found.rejected.values()) == expected


def during_traffic(running: System, disturb: Callable[[], None]) -> Fleet:
    """Traffic while something is disturbed; back when everything acknowledged is stored."""
    client = Client(running.broker)
    fleet = Fleet(client)
    fleet.start()
    disturb()
    fleet.stop()
    until(lambda: settled(running, fleet.acknowledged), seconds=60)
    client.close()
    return fleet


def test_ingest_killed_again_and_again_loses_and_doubles_nothing(running: System) -> None:
    rng = random.Random(7)
    running.start("ingest")
    until(running.caught_up)  # before its first session a broker keeps nothing for it

    def kill_and_start() -> None:
        for lives in range(2, 7):
            threading.Event().wait(rng.uniform(0.2, 1.2))
            running.kill("ingest")
            running.start("ingest")
            until(partial(running.caught_up, lives))

    fleet = during_traffic(running, kill_and_start)
    found = running.tally()
    assert found.alerts == {"sos": fleet.presses}
    assert found.rejected["g1"] > 0
    doubled = running.rows(
        "SELECT ts, device, count(*) FROM reading GROUP BY ts, device, key HAVING count(*) > 1"
    )
    assert doubled == []
    # Untimed readings take their received time: one row each, so their number tells.
    ((untimed,),) = running.rows("SELECT count(*) FROM reading WHERE presence IS NOT NULL")
    ((timed,),) = running.rows("SELECT count(*) FROM reading WHERE heart_rate IS NOT NULL")
    assert untimed == timed


def test_a_store_that_dies_is_waited_for(tmp_path: Path) -> None:
    with (
        Postgres(tmp_path / "store") as store,
        system(store.dsn, town(homes=HOMES), tmp_path) as running,
    ):
        running.start("ingest")
        until(running.caught_up)

        def restart_store() -> None:
            threading.Event().wait(0.5)
            store.kill()
            threading.Event().wait(1.5)
            store.start()

        fleet = during_traffic(running, restart_store)
        assert running.tally().alerts == {"sos": fleet.presses}


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
