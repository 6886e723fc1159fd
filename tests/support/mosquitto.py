"""Mosquitto as a process of its own, configured well or badly."""

import shutil
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.support.system import until
from vigil.embedded import process
from vigil.embedded.service import Service

PROGRAM = shutil.which("mosquitto", path="/usr/sbin:/usr/local/sbin:/usr/bin")
needs_mosquitto = pytest.mark.skipif(PROGRAM is None, reason="Debian's mosquitto is not installed")

WELL = {
    "persistence": "true",
    "autosave_interval": "1",
    "max_queued_messages": "0",
    "max_inflight_messages": "20000",
}
"""What a site that loses nothing sets."""


class Mosquitto(Service):
    """On loopback without accounts, or with a configuration `file` that names `port` itself."""

    name = "mosquitto"

    def __init__(
        self,
        folder: Path,
        *,
        options: Mapping[str, str] = WELL,
        port: int | None = None,
        file: Path | None = None,
    ) -> None:
        super().__init__(folder, port=port)
        self._file, self._options = file, options

    @property
    def url(self) -> str:
        return f"mqtt://127.0.0.1:{self.port}"

    def start(self) -> None:
        self.folder.mkdir(parents=True, mode=0o700, exist_ok=True)
        config = self._file or self._write()
        arguments = process.command([PROGRAM or "mosquitto", "-c", config])
        self._process = process.start(arguments, log=self.log)
        running = self._process
        until(lambda: not process.port_is_free(self.port) or running.poll() is not None)
        if running.poll() is not None:
            raise self._failed()

    def _write(self) -> Path:
        # Started by root it would become a user that cannot read a test's folder.
        lines = [f"listener {self.port} 127.0.0.1", "allow_anonymous true", "user root"]
        lines += [f"persistence_location {self.folder}/"]
        lines += [f"{name} {value}" for name, value in self._options.items()]
        config = self.folder / "mosquitto.conf"
        config.write_text("\n".join(lines) + "\n")
        return config
