"""One answer (I5), seen from outside: a live run, a replay of what the store received, one of what
ingest recorded itself, and both of them in shares of the areas give the same alerts. And no replay
reaches anybody."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from schemas.registry_csv import write_folder
from schemas.times import parse_rfc3339
from tests.support.registry import EAST, WEST, town
from tests.support.system import Client, System, system, until

AREA = {1: EAST, 2: WEST, 3: EAST, 4: WEST}

PRESS, FALL = {"sos": "pressed"}, {"fall": "confirmed"}

Found = list[tuple[Any, ...]]


def published(running: System) -> int:
    """Beds, two presses (one of a button without a clock, one of an unknown device), a fall, two
    arrays, repetitions, nonsense, a gateway that goes, a late reading: what decides differently if
    times or order differ. How many messages."""
    client = Client(running.broker)
    now = time.time_ns() // 1_000_000
    last = None
    count = 0

    def say(n: int, rest: str, what: Any) -> None:
        nonlocal last, count
        last = client.say(f"vigil/v1/{AREA[n]}/g{n}/{rest}", what)
        count += 1

    try:
        for n in AREA:
            say(n, "status", {"online": True})
            for k in range(30):
                reading = {"ts": now - 290_000 + k * 10_000, "seq": k, "in_bed": True}
                say(n, f"up/m{n}", {**reading, "heart_rate": 150 if n < 3 else 61})
            say(n, f"up/m{n}", {"ts": now - 290_000, "seq": 0, "in_bed": True, "heart_rate": 61})
            say(n, f"up/m{n}", "nonsense")
        say(1, "up/b1", {"sos": "pressed"})
        say(2, "up/stranger", {"sos": "pressed"})
        say(3, "up/r3", {"ts": now, "seq": 1, "fall": "suspected"})
        say(4, "up", [{"device": "r4", "ts": now + k, "seq": k, "fall": "none"} for k in range(20)])
        # With times of their own: arrays on each other's heels may be stamped otherwise in shares.
        timed = {"ts": now + 100, "seq": 100}
        say(4, "up", [{"device": d, **timed, **w} for d, w in (("b4", PRESS), ("r4", FALL))])
        say(3, "up/m3", {"ts": now - 40_000, "seq": 99, "in_bed": False, "battery": 5})
        say(2, "status", {"online": False})
        assert last is not None
        last.wait_for_publish(30)
    finally:
        client.close()
    return count


def live(running: System) -> Found:
    return running.rows(
        "SELECT replace(id::text, '-', ''), severity, late, test, cleared IS NULL FROM alert"
        " ORDER BY 1"
    )


def replayed(running: System, *options: str) -> Found:
    return sorted(
        (a["id"], a["severity"], a["late"], a["test"], a["cleared"] is None)
        for a in alerts(running, *options)
    )


def alerts(running: System, *options: str) -> list[dict[str, Any]]:
    out = running.folder / "replayed.jsonl"
    done = running.run("replay", *options, "--out", str(out))
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in out.read_text().splitlines()]


def but_for_stamps(found: list[dict[str, Any]]) -> list[tuple[Any, ...]]:
    """Without ids and the last microseconds of what has no time of its own: a share of a recording
    does not see the messages between whose stamps such a message's was squeezed."""
    told = sorted(found, key=lambda a: (a["rule"], str(a["home"]), str(a["device"]), a["onset"]))
    same = ("rule", "severity", "home", "elder", "device", "gateway", "station", "late", "test")
    return [(*(a[name] for name in same), a["cleared"] is None) for a in told]


def onsets(found: list[dict[str, Any]]) -> list[int]:
    return sorted(parse_rfc3339(a["onset"]) for a in found)


def known(found: Found, running: System) -> Found:
    """Without those of unknown devices: what such a device said is kept, but it is no reading."""
    strange = {
        row[0]
        for row in running.rows(
            "SELECT replace(id::text, '-', '') FROM alert WHERE evidence ? 'unknown_device'"
        )
    }
    return [row for row in found if row[0] not in strange]


@pytest.fixture
def running(database: str, tmp_path: Path) -> Iterator[System]:
    """On plain PostgreSQL and on TimescaleDB."""
    folder = tmp_path / "recorded"
    recorded = {"VIGIL_INGEST__RECORD_FOLDER": str(folder)}
    with system(database, town(homes=4), tmp_path, **recorded) as made:
        write_folder(town(homes=4), tmp_path / "registry")
        yield made


def test_live_store_and_recording_give_the_same_alerts(running: System) -> None:
    running.start("ingest")
    until(running.caught_up)
    sent = published(running)
    until(lambda: sum(running.tally().committed.values()) >= sent - 20)
    until(lambda: {"sos", "fall", "heart-rate", "gateway-silent"} <= rules(running))
    running.stop("ingest")
    running.start("ingest")  # what is said while nobody listens is a backlog
    until(lambda: running.caught_up(2))
    client = Client(running.broker)
    client.say(f"vigil/v1/{EAST}/g3/up/b3", {"sos": "pressed"}).wait_for_publish(30)
    client.close()
    until(
        lambda: len([1 for (rule,) in running.rows("SELECT rule FROM alert") if rule == "sos"]) >= 4
    )
    running.stop("ingest")

    told = live(running)
    store = ("--since", "2020-01-01T00:00:00Z")
    assert replayed(running, *store) == known(told, running)
    assert replayed(running, *store, "--processes", "2") == known(told, running)

    files = sorted((running.folder / "recorded").iterdir())
    assert len(files) == 2, "a file for each process"
    whole = running.folder / "whole.jsonl.zst"
    whole.write_bytes(b"".join(file.read_bytes() for file in files))
    recording = ("--registry", str(running.folder / "registry"), "--capture", str(whole))
    assert replayed(running, *recording) == told
    alone, shared = alerts(running, *recording), alerts(running, *recording, "--processes", "2")
    assert but_for_stamps(shared) == but_for_stamps(alone)
    assert onsets(shared) == pytest.approx(onsets(alone), rel=0, abs=1_000)


def rules(running: System) -> set[str]:
    return {rule for (rule,) in running.rows("SELECT rule FROM alert")}


def test_a_replay_reaches_nobody(running: System) -> None:
    """Alerts for every desk of a town at work: not a message, not a row comes of it."""
    running.start("ingest")
    until(running.caught_up)
    published(running)
    until(lambda: {"sos", "fall", "gateway-silent"} <= rules(running))
    running.stop("ingest")
    tables = ("alert", "alert_event", "incident", "delivery", "reading", "task", "batch_log")
    count = " UNION ALL ".join(f"SELECT count(*) FROM {table}" for table in tables)
    before = running.rows(count)
    listener = Client(running.broker, "#")
    try:
        assert replayed(running, "--since", "2020-01-01T00:00:00Z")
        threading.Event().wait(0.5)
        assert listener.heard == []
    finally:
        listener.close()
    assert running.rows(count) == before
