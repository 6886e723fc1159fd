"""Captures of a real broker, and a fleet that is published to one: nothing lost, all in bounds."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from secrets import token_hex
from threading import Thread

import pytest

from ingest.mqtt import BrokerAddress
from schemas.capture import Captured, parse_line
from schemas.times import MINUTE, SECOND
from simulator.message import Message
from tests.support.stopped import stopped
from tests.support.system import Client, until
from vigil import capture_files
from vigil.embedded.broker import Broker
from vigil.publish import Publisher, play
from vigil.recording import Recording, Rotation

START = 1_790_000_000 * SECOND
ROOMY = Rotation(1 << 30, 60 * MINUTE)


def lines_of(path: Path) -> list[Captured]:
    with capture_files.reading(path) as lines:
        return [parse_line(line) for line in lines]


def recorded(folder: Path) -> list[Captured]:
    """Of all files, in the order of their names."""
    return [message for path in sorted(folder.iterdir()) for message in lines_of(path)]


def messages(n: int, *, apart: int = SECOND) -> list[Captured]:
    return [
        Captured(START + k * apart, f"a/d{k}", bytes([k % 256]) * 40, 1, retain=False)
        for k in range(n)
    ]


class Capture:
    """`vigil capture` as a process."""

    def __init__(self, broker: Broker, out: Path, *arguments: str) -> None:
        program = [sys.executable, "-c", "from vigil.cli import main; main()", "capture"]
        self._process = subprocess.Popen(
            [*program, "--mqtt", broker.url, "--out", str(out), "--json", *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )

    def stop(self) -> dict[str, int]:
        self._process.send_signal(signal.SIGTERM)
        said, _ = self._process.communicate(timeout=30)
        assert self._process.returncode == 0
        figures: dict[str, int] = json.loads(said)
        return figures

    def kill(self) -> None:
        self._process.kill()
        self._process.communicate(timeout=30)


def test_a_recording_rotates_by_size_and_by_time_and_loses_nothing(tmp_path: Path) -> None:
    rotations = {"size": Rotation(2_000, 60 * MINUTE), "span": Rotation(1 << 30, MINUTE)}
    for name, rotation in rotations.items():
        recording = Recording(tmp_path / name, rotation)
        recording.add(messages(200))
        recording.close()
        assert len(list((tmp_path / name).iterdir())) > 3
        assert recorded(tmp_path / name) == messages(200)


def test_what_was_settled_is_readable_although_the_file_never_ended(tmp_path: Path) -> None:
    recording = Recording(tmp_path / "a", ROOMY)
    recording.add(messages(50))
    recording.settle()
    recording.add(messages(10))
    assert recorded(tmp_path / "a")[:50] == messages(50)
    recording.close()


def test_a_file_of_its_own_is_never_overwritten(tmp_path: Path) -> None:
    for _ in range(2):
        recording = Recording(tmp_path / "one.jsonl", ROOMY, compressed=False)
        if (tmp_path / "one.jsonl").exists():
            with pytest.raises(FileExistsError):
                recording.add(messages(1))
        else:
            recording.add(messages(1))
        recording.close()
    assert lines_of(tmp_path / "one.jsonl") == messages(1)


def test_capture_keeps_any_payload_and_stops_in_order(broker: Broker, tmp_path: Path) -> None:
    area = f"cap{token_hex(3)}"
    payloads = [json.dumps({"n": n}).encode() for n in range(300)]
    payloads += [b"\xff\x00", b"", "老".encode()]
    capture = Capture(broker, tmp_path / "out", "--topic", f"vigil/v1/{area}/#")
    with closing(Client(broker)) as client:
        until(lambda: _heard(client, area, tmp_path / "out"))
        for payload in payloads:
            last = client.say(f"vigil/v1/{area}/g/up/d", payload)
        last.wait_for_publish(30)
        until(lambda: len(_said(tmp_path / "out")) >= len(payloads))
        figures = capture.stop()
    found = _said(tmp_path / "out")
    assert [m.payload for m in found] == payloads
    assert figures["messages"] >= len(payloads)
    assert all(m.qos == 1 for m in found)


def _heard(client: Client, area: str, folder: Path) -> bool:
    """Whether the capture has subscribed: what is said now comes."""
    client.say(f"vigil/v1/{area}/probe", b"?")
    return folder.exists() and any(folder.iterdir())


def _said(folder: Path) -> list[Captured]:
    return [m for m in recorded(folder) if m.topic.endswith("/up/d")]


def test_a_kept_session_loses_nothing_over_a_kill(broker: Broker, tmp_path: Path) -> None:
    area = f"cap{token_hex(3)}"
    out, name = tmp_path / "out", f"capture-{area}"
    options = ("--topic", f"vigil/v1/{area}/#", "--session", name)
    first = Capture(broker, out, *options)
    with closing(Client(broker)) as client:
        until(lambda: _heard(client, area, out))
        for n in range(500):
            last = client.say(f"vigil/v1/{area}/g/up/d", b"%d" % n)
            if n == 250:
                last.wait_for_publish(30)
                first.kill()
        last.wait_for_publish(30)
    second = Capture(broker, out, *options)
    wanted = {b"%d" % n for n in range(500)}
    until(lambda: {m.payload for m in _said(out)} >= wanted, seconds=60)
    second.stop()


class Pace:
    """A clock that only sleeping moves."""

    def __init__(self) -> None:
        self.now = 0.0

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


def fleet(area: str, n: int) -> list[Message]:
    return [Message(START + k * SECOND, f"vigil/v1/{area}/g/up/d", b"%d" % k) for k in range(n)]


def address(broker: Broker) -> BrokerAddress:
    return BrokerAddress("127.0.0.1", broker.port)


def test_a_fleet_is_published_whole_and_at_its_pace(broker: Broker) -> None:
    area, clock = f"pub{token_hex(3)}", Pace()
    told: list[int] = []
    with closing(Client(broker, f"vigil/v1/{area}/#")) as heard:
        with closing(Publisher(address(broker), client_id=area, window=7)) as publisher:
            play(
                fleet(area, 400),
                publisher,
                start=START,
                speed=10,
                clock=clock,
                progress=told.append,
            )
            assert (publisher.figures.published, publisher.figures.acknowledged) == (400, 400)
        until(lambda: len(heard.heard) == 400)
        assert [int(p) for _, p in heard.heard] == list(range(400))
    assert clock.now == pytest.approx(39.9, abs=0.1), "399 s, ten times as fast"
    assert told[-1] == START + 399 * SECOND
    assert len(told) > 30


def test_no_more_than_the_window_waits_for_the_broker(broker: Broker) -> None:
    """The broker stands still: the publisher takes no more messages, and goes on with it."""
    area, taken = f"pub{token_hex(3)}", 0

    def watched() -> Iterator[Message]:
        nonlocal taken
        for message in fleet(area, 300):
            taken += 1
            yield message

    with closing(Publisher(address(broker), client_id=area, window=20)) as publisher:
        worker = Thread(
            target=play,
            args=(watched(), publisher),
            kwargs={"start": START, "speed": None, "clock": Pace()},
        )
        with stopped(broker.pid):
            worker.start()
            until(lambda: taken >= 21)
            assert taken == 21, "twenty are under way, and one waits for room"
        worker.join(60)
        assert (taken, publisher.figures.acknowledged) == (300, 300)
