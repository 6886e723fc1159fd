"""What an owner leaves for a start without a store."""

from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest

from devices.catalogue import Catalogue
from ingest.emergency import keepsake
from ingest.emergency.keepsake import Keepsake
from ingest.state import State
from schemas.directory import Override
from schemas.registry import Registry
from store.ladders import Ladders, Rung
from tests.support.registry import EAST, town


def known() -> Keepsake:
    override = Override(elder="e1", rule="sos", parameter="window_s", value="60")
    directory = town(homes=3).model_copy(update={"overrides": (override,)})
    registry = Registry.build(directory).fitted(Catalogue.load().models())
    ladders = Ladders({EAST: (Rung("east", "community"),)}, (Rung("city", "city"),))
    return Keepsake(registry, {("g1", "stranger")}, ladders)


def test_it_comes_back_as_it_was(tmp_path: Path) -> None:
    path, before = tmp_path / "kept", known()
    keepsake.save(path, before, session="mine", token="one")
    found = keepsake.load(path, session="mine")
    assert found is not None
    token, after = found
    assert (token, after.ladders, set(after.ignored)) == ("one", before.ladders, before.ignored)
    assert after.registry.overrides == before.registry.overrides
    for name in ("devices", "elders", "homes", "gateways"):
        was, now = getattr(before.registry, name), getattr(after.registry, name)
        for field in fields(was):
            np.testing.assert_array_equal(getattr(now, field.name), getattr(was, field.name))
    assert after.registry.devices.row == before.registry.devices.row
    assert after.ladders.of(EAST) == (Rung("east", "community"),)


def test_it_holds_no_name_and_is_closed_to_others(tmp_path: Path) -> None:
    path = tmp_path / "kept"
    keepsake.save(path, known(), session="mine", token="one")
    content = path.read_bytes()
    for name in ("老人1", "幸福路1号", "0571-1000", "女儿1"):
        assert name.encode() not in content
    assert path.stat().st_mode & 0o077 == 0


def test_of_another_session_or_broken_it_is_none(tmp_path: Path) -> None:
    path = tmp_path / "kept"
    assert keepsake.load(path, session="mine") is None
    keepsake.save(path, known(), session="mine", token="one")
    assert keepsake.load(path, session="another") is None
    path.write_bytes(path.read_bytes()[:100])
    assert keepsake.load(path, session="mine") is None


def test_one_process_of_a_machine_stands_in(tmp_path: Path) -> None:
    first, second = State(tmp_path, token="first"), State(tmp_path, token="second")
    assert first.claim("x.sentry")
    assert first.claim("x.sentry")
    assert not second.claim("x.sentry")
    first.close()
    assert second.claim("x.sentry")
    second.close()


@pytest.mark.parametrize("name", ["no/such/folder"])
def test_where_nothing_can_be_kept_nobody_stands_in(tmp_path: Path, name: str) -> None:
    (tmp_path / "no").write_text("a file")
    assert not State(tmp_path / name, token="one").claim("x.sentry")
