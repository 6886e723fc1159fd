"""The sweep: the catalogue that ships passes it, and each kind of damage fails it."""

import shutil
from pathlib import Path

import pytest

from devices.catalogue import BUILT_IN
from devices.check import check, describe
from devices.examples import load_examples

MODEL = "z2m-sos-button"


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """A folder with a copy of one model in it; returns the model's."""
    shutil.copytree(BUILT_IN / MODEL, tmp_path / MODEL)
    return tmp_path / MODEL


def replace(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


def test_the_catalogue_that_ships_is_in_order() -> None:
    assert check() == []


def test_a_copy_is_in_order(model: Path) -> None:
    assert check(model.parent) == []


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('sos = "pressed"\nbattery = 84', 'sos = "pressed"\nbattery = 83', "'battery': 84"),
        ('sos = "pressed"\nbattery = 84', "battery = 84", "'sos': 1"),
        ("ts = 2026-02-10T23:41:09Z\n", "ts = 2026-02-10T23:41:10Z\n", "expected"),
        ('reject = "json"', 'reject = "value"', "refused: json"),
        ('reject = "json"', "ignored = true", "refused: json"),
        ('status = "offline"', 'status = "online"', "'status': 'offline'"),
        ("ignored = true", 'reject = "value"', "expected a reject 'value'"),
        ('sos = "pressed"', 'sos = "press"', "sos is one of"),
        ('note = "cut off"', 'note = ""', "].note: String"),
        ("unknown_device = true", "known = false", "].known: Extra"),
    ],
)
def test_an_example_that_does_not_hold(model: Path, old: str, new: str, said: str) -> None:
    replace(model / "examples.toml", old, new)
    failures = check(model.parent)
    assert failures
    assert any(said in failure.message for failure in failures), failures


def test_both_kinds_of_example_are_wanted(model: Path) -> None:
    text = (model / "examples.toml").read_text(encoding="utf-8").split("[[example]]\n")
    rejecting = [t for t in text if "reject" in t]
    accepting = [t for t in text if "[[example.reading]]" in t]
    for kept, said in ((rejecting, "no example gives a reading"), (accepting, "is rejected")):
        (model / "examples.toml").write_text("".join("[[example]]\n" + t for t in kept))
        (failure,) = check(model.parent)
        assert said in failure.message


@pytest.mark.parametrize("name", ["examples.toml", "README.md", "profile.toml"])
def test_each_file_is_wanted(model: Path, name: str) -> None:
    shutil.copytree(model, model.parent / "second")
    replace(model.parent / "second" / "profile.toml", f'id = "{MODEL}"', 'id = "second"')
    replace(model.parent / "second" / "profile.toml", "zigbee2mqtt/", "second/")
    replace(model.parent / "second" / "examples.toml", "zigbee2mqtt/", "second/")
    (model / name).unlink()
    (failure,) = check(model.parent)
    assert failure.profile == MODEL
    assert name in failure.message


def test_a_broken_profile_is_a_failure_not_an_exception(model: Path) -> None:
    replace(model / "profile.toml", 'payload = "text"', 'payload = "xml"')
    (failure,) = check(model.parent)
    assert failure.profile == MODEL
    assert "line" in str(failure)
    assert "message[1].payload" in str(failure)


def test_a_folder_without_profiles_is_no_catalogue(tmp_path: Path) -> None:
    assert len(check(tmp_path)) == 1
    assert len(check(tmp_path / "nowhere")) == 1


def test_describe_lists_what_ships() -> None:
    rows = {row["id"]: row for row in describe()}
    assert rows[MODEL]["quantities"] == ["battery", "sos"]
    assert rows["milesight-vs373-mqtt"]["mains"] is True
    assert set(rows) == {f.parent.name for f in BUILT_IN.glob("*/profile.toml")}


def test_every_example_of_the_catalogue_has_a_note_of_its_own() -> None:
    for folder in (f.parent for f in BUILT_IN.glob("*/profile.toml")):
        notes = [example.note for example in load_examples(folder)]
        assert len(notes) == len(set(notes)), folder.name
