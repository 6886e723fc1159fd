"""Publishing a fleet ends in order when it is told to, and says how far it went."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from simulator import truth
from tests.support.system import PATIENCE, Client, until
from vigil.embedded import process
from vigil.embedded.broker import Broker
from vigil.run_note import RunNote

START = "2026-01-05T22:00:00+08:00"
_SAID = re.compile(r"(\d+) messages published, (\d+) acknowledged")


@pytest.mark.parametrize("told", [signal.SIGINT, signal.SIGTERM])
def test_a_fleet_that_is_told_to_stop_says_how_far_it_went(
    told: signal.Signals, broker: Broker, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    words = ("--homes", "5", "--days", "30", "--start", START, "--mqtt", broker.url)
    program = [sys.executable, "-c", "from vigil.cli import main; main()", "simulate"]
    command = process.command([*program, *words, "--speed", "600", "--out", str(out)])
    with (
        closing(Client(broker, "vigil/v1/+/+/up/#", "vigil/v1/+/+/status", "native/#")) as heard,
        subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as fleet,
    ):
        until(lambda: len(heard.heard) > 100)
        fleet.send_signal(told)
        _, said = fleet.communicate(timeout=PATIENCE)
        assert fleet.returncode == 0, said
        assert "stopped at 2026-01-05T" in said
        figures = _SAID.search(said)
        assert figures is not None, said
        published, acknowledged = map(int, figures.groups())
        assert published == acknowledged > 100
        until(lambda: len([t for t, _ in heard.heard if "_ingest" not in t]) >= published)
        for topic in {t for t, _ in heard.heard if t.endswith("/status")}:
            heard.say(topic, b"", retain=True).wait_for_publish(PATIENCE)
    note = RunNote.beside(out / "truth.jsonl")
    assert note is not None
    assert all(note.start <= line.at < note.until for line in truth.read(out / "truth.jsonl"))
