"""`vigil settings` shows everything but secrets, and says it in JSON too."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from vigil.cli import app

FILE = """
[store]
dsn = "postgresql://vigil:hidden-1@db/vigil"
[[stations.channels]]
kind = "webhook"
name = "tickets"
url = "https://tickets.example/in"
secret = "hidden-2-hidden-2"
"""


@pytest.mark.parametrize("arguments", [["settings"], ["settings", "--json"]])
def test_every_setting_is_shown_and_no_secret(
    arguments: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "vigil.toml"
    file.write_text(FILE)
    monkeypatch.setenv("VIGIL_CONFIG", str(file))
    said = CliRunner().invoke(app, arguments)
    assert said.exit_code == 0, said.output
    assert "hidden" not in said.output
    for name in ("VIGIL_STORE__DSN", "VIGIL_STATIONS__CHANNELS", "VIGIL_DEVICES__FOLDER"):
        assert name in said.output
    if "--json" in arguments:
        assert json.loads(said.output)["VIGIL_STATIONS__CHANNELS"]["value"][0]["name"] == "tickets"
