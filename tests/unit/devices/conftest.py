"""What every test of `devices` needs: the shipped catalogue, and profiles written on the spot."""

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import settings

from devices.catalogue import Catalogue
from devices.decoded import Decoded

# No test here is about time, and the machine may be busy.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")

NATIVE = "native/330105001001/gw0001/"
RECEIVED = 1_767_225_600_000_000  # 2026-01-01T00:00:00Z

Read = Callable[[str, bytes], Decoded]

HEAD = """id = "trial"
name = "A trial"
kinds = ["fall_sensor"]
source = "documents"
interval_s = 60
"""


@pytest.fixture(scope="session")
def catalogue() -> Catalogue:
    return Catalogue.load()


@pytest.fixture
def trial(tmp_path: Path) -> Callable[[str], Read]:
    """From the messages of a profile: a function (device's own topic, payload) → Decoded."""

    def make(messages: str) -> Read:
        (tmp_path / "trial").mkdir()
        (tmp_path / "trial" / "profile.toml").write_text(HEAD + messages, encoding="utf-8")
        made = Catalogue.load(tmp_path)

        def read(topic: str, payload: bytes) -> Decoded:
            return made.decode(
                NATIVE + topic, payload, profile_of=lambda _: "trial", received=RECEIVED
            )

        return read

    return make
