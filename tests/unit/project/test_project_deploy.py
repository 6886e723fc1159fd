"""What a site installs: systemd takes the units as they are, and Vigil the settings."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from vigil.settings import Settings

DEPLOY = Path(__file__).parents[3] / "deploy"
UNITS = sorted((DEPLOY / "systemd").glob("*.service"))
ANALYZE = shutil.which("systemd-analyze")
MOST_EXPOSED = 2.0
"""systemd's own measure, 0 (best) to 10; a plain service has 9.6."""

needs_systemd = pytest.mark.skipif(ANALYZE is None, reason="systemd-analyze is not installed")


@pytest.fixture
def installed(tmp_path: Path) -> Path:
    """The units beside each other, with a program that is there in place of the site's."""
    folder = tmp_path / "units"
    shutil.copytree(DEPLOY / "systemd", folder)
    for unit in folder.glob("*.service"):
        unit.write_text(unit.read_text().replace("/opt/vigil/bin/vigil", sys.executable))
    return folder


def analyze(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(ANALYZE), *arguments],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        env={**os.environ, "SYSTEMD_UNIT_PATH": f"{folder}:"},
    )


@needs_systemd
@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_systemd_finds_nothing_wrong(installed: Path, unit: Path) -> None:
    said = analyze(installed, "verify", "--man=no", str(installed / unit.name))
    ours = [line for line in said.stderr.splitlines() if "vigil" in line]
    assert (said.returncode, ours) == (0, [])


@needs_systemd
def test_the_units_may_do_little(installed: Path) -> None:
    """Offline, drop-ins are not read: they are put where they belong."""
    shared = (installed / "vigil-.service.d" / "common.conf").read_text()
    for unit in installed.glob("*.service"):
        whole = installed / f"whole-{unit.name}"
        whole.write_text(unit.read_text() + "\n" + shared)
        most = str(round(10 * MOST_EXPOSED))
        arguments = ["security", "--offline=true", f"--threshold={most}", str(whole)]
        said = analyze(installed, *arguments)
        assert said.returncode == 0, said.stdout[-1_000:] + said.stderr


def test_every_unit_runs_a_command_that_there_is() -> None:
    commands = [
        line.split()[1]
        for unit in UNITS
        for line in unit.read_text().splitlines()
        if line.startswith("ExecStart=")
    ]
    assert sorted(commands) == ["ingest", "migrate", "stations"]


def test_the_example_settings_are_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VIGIL_CONFIG", str(DEPLOY / "vigil.toml"))
    assert Settings().console.secure
