"""The demo as a stranger runs it, and foreign clients against it."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.system import PATIENCE, until
from vigil.embedded.process import free_port

VIGIL = [sys.executable, "-c", "from vigil.cli import main; main()"]


def demo(folder: Path, *arguments: str) -> subprocess.Popen[str]:
    command = [*VIGIL, "demo", "--no-browser", "--json", "--homes", "40"]
    command += ["--port", str(free_port()), "--data", str(folder / "data"), *arguments]
    with (folder / "screen").open("w") as screen:
        return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=screen, text=True)


def test_the_demo_loses_nothing_and_says_so_as_one_object(tmp_path: Path) -> None:
    with demo(tmp_path, "--for", "22") as running:
        out, _ = running.communicate(timeout=120)
    assert running.returncode == 0, (tmp_path / "screen").read_text()
    (line,) = out.splitlines()
    result = json.loads(line)
    assert result["lost"] == result["duplicates"] == 0
    assert result["published"] == result["committed"] + result["rejected"] + result["repeated"]
    assert result["published"] > 40
    assert result["alerts"]["sos"] >= 3
    assert result["delivered"] >= 3
    assert result["acknowledged"] >= 1


def test_a_process_that_is_killed_costs_nothing(tmp_path: Path) -> None:
    with demo(tmp_path, "--for", "30") as running:
        log = tmp_path / "data" / "ingest.log"
        until(lambda: "Ctrl-C" in (tmp_path / "screen").read_text(), seconds=2 * PATIENCE)
        children = Path(f"/proc/{running.pid}/task/{running.pid}/children").read_text().split()
        for name in ("ingest", "stations"):
            (pid,) = (c for c in children if _command(c).endswith(f"main()\0{name}\0"))
            os.kill(int(pid), signal.SIGKILL)
        out, _ = running.communicate(timeout=120)
    result = json.loads(out)
    assert running.returncode == 0, (tmp_path / "screen").read_text()
    assert result["lost"] == result["duplicates"] == 0
    assert result["alerts"]["sos"] >= 3
    assert log.read_text().count("rules restored") == 2


def _command(pid: str) -> str:
    return Path(f"/proc/{pid}/cmdline").read_text()


@pytest.fixture
def running(tmp_path: Path) -> Iterator[tuple[Path, str]]:
    """A demo that runs, with its broker's port, for foreign clients."""
    if not (shutil.which("mosquitto_pub") and shutil.which("mosquitto_sub")):
        pytest.skip("no mosquitto_pub on the PATH: install it (Debian: mosquitto-clients)")
    with demo(tmp_path) as process:
        screen = tmp_path / "screen"
        until(lambda: "Ctrl-C" in screen.read_text(), seconds=2 * PATIENCE)
        found = re.search(r"mqtt://127.0.0.1:(\d+)", screen.read_text())
        assert found
        yield tmp_path, found[1]
        process.terminate()
        process.communicate(timeout=60)


def test_foreign_clients_publish_watch_and_record(running: tuple[Path, str]) -> None:
    """mosquitto_pub sends an SOS, mosquitto_sub sees the card, and its recording replays."""
    folder, port = running
    capture = folder / "capture.jsonl"
    with capture.open("wb") as lines, (folder / "cards.jsonl").open("wb") as cards:
        sub = ["mosquitto_sub", "-p", port, "-q", "1"]
        recorder = subprocess.Popen(
            [*sub, "-t", "vigil/v1/+/+/up/#", "-t", "native/#", "-F", "%j"], stdout=lines
        )
        watcher = subprocess.Popen([*sub, "-t", "vigil/v1/station/+/alerts"], stdout=cards)
        until(lambda: capture.stat().st_size)
        registry = folder / "registry"
        _export(folder, registry)
        device, gateway, area = _a_canonical_button(registry)
        topic = f"vigil/v1/{area}/{gateway}/up/{device}"
        pub = ["mosquitto_pub", "-p", port, "-q", "1", "-t", topic, "-m", '{"sos": "pressed"}']
        subprocess.run(pub, check=True, timeout=PATIENCE)
        until(lambda: device in (folder / "cards.jsonl").read_text())
        until(lambda: device in capture.read_text())
        for client in (recorder, watcher):
            client.terminate()
            client.wait(PATIENCE)
    out = folder / "alerts.jsonl"
    replay = [*VIGIL, "replay", "--registry", str(registry), "--capture", str(capture)]
    replay += ["--out", str(out)]
    done = subprocess.run(replay, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr
    assert "0 lines unreadable" in done.stderr
    alerts = [json.loads(line) for line in out.read_text().splitlines()]
    assert [a["rule"] for a in alerts if a["device"] == device] == ["sos"]


def _export(folder: Path, registry: Path) -> None:
    """The demo's registry, through the command line as an engineer would."""
    screen = (folder / "screen").read_text()
    found = re.search(r"postgresql://\S+", screen)
    assert found
    environment = {"VIGIL_STORE__DSN": found[0], "PATH": "/usr/bin:/bin"}
    export = [*VIGIL, "registry", "export", str(registry)]
    subprocess.run(export, check=True, env=environment, timeout=PATIENCE, capture_output=True)


def _a_canonical_button(registry: Path) -> tuple[str, str, str]:
    area = dict(line.split(",") for line in (registry / "gateways.csv").read_text().splitlines())
    for line in (registry / "devices.csv").read_text().splitlines():
        device, kind, profile, gateway, *_ = line.split(",")
        if (kind, profile) == ("sos_button", "canonical"):
            return device, gateway, area[gateway]
    raise AssertionError("the demo has no canonical button")
