"""A new model's files pass the check before anything in them is changed."""

from pathlib import Path

import pytest

from devices.catalogue import Catalogue
from devices.check import check
from devices.scaffold import new_model


@pytest.mark.parametrize("kind", ["sos_button", "fall_sensor", "mattress"])
def test_it_passes_the_check_as_it_is(tmp_path: Path, kind: str) -> None:
    where = new_model("acme-1", tmp_path, kind=kind)
    assert where == tmp_path / "acme-1"
    assert check(tmp_path) == []
    assert Catalogue.load(tmp_path).profiles["acme-1"].spec.kinds == [kind]


def test_it_overwrites_nothing(tmp_path: Path) -> None:
    new_model("acme", tmp_path, kind="mattress")
    with pytest.raises(FileExistsError):
        new_model("acme", tmp_path, kind="mattress")


@pytest.mark.parametrize("wrong", ["", "Acme", "../acme", "a b", "-a"])
def test_an_id_that_is_none(tmp_path: Path, wrong: str) -> None:
    with pytest.raises(ValueError, match="small letters"):
        new_model(wrong, tmp_path, kind="mattress")
    with pytest.raises(ValueError, match="a kind is one of"):
        new_model("acme", tmp_path, kind="kettle")
    assert list(tmp_path.iterdir()) == []
