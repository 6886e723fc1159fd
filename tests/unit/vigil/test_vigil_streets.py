"""A city goes to files street by street: nothing is missing, and no two streets are held."""

from __future__ import annotations

import gc
import weakref
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from schemas.directory import Directory, Level
from schemas.registry_csv import read_folder
from simulator.fleet import Fleet
from vigil.cli import app
from vigil.run_note import RunNote

HOMES = 4200
FLEET = ("--homes", str(HOMES), "--days", "0.003", "--seed", "3", "--faults", "all")
"""A few minutes of a fleet of three streets."""


def run(out: Path, *words: str) -> Result:
    return CliRunner().invoke(app, ["simulate", "--out", str(out), *FLEET, *words])


def files(folder: Path) -> dict[str, bytes]:
    return {f"{f.relative_to(folder)}": f.read_bytes() for f in folder.rglob("*") if f.is_file()}


@pytest.fixture(scope="module")
def city(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("city") / "new"
    done = run(out, "--streets", "all", "--columns")
    assert done.exit_code == 0, done.output
    return out


def test_each_street_is_a_run_of_its_own_and_together_they_are_the_fleet(city: Path) -> None:
    whole = Fleet(homes=HOMES, seed=3).directory()
    folders = sorted(city.iterdir())
    assert [f.name for f in folders] == [a.id for a in whole.areas if a.level is Level.STREET]
    assert len(folders) == 3
    streets = [read_folder(folder / "registry") for folder in folders]
    for kind in ("homes", "elders", "gateways", "devices", "contacts"):
        assert tuple(r for s in streets for r in getattr(s, kind)) == getattr(whole, kind)
    for folder in folders:
        note = RunNote.beside(folder / "truth.jsonl")
        assert note is not None
        assert (note.homes, note.street) == (HOMES, folder.name)
        assert (folder / "capture.columns").stat().st_size > 10_000


def test_the_same_arguments_give_the_same_bytes_in_any_share(city: Path, tmp_path: Path) -> None:
    for n, share in enumerate(("1", "2-3")):
        done = run(tmp_path / str(n), "--streets", share, "--columns")
        assert done.exit_code == 0, done.output
    assert files(tmp_path / "0") | files(tmp_path / "1") == files(city)


def test_streets_can_be_replayed_and_scored(city: Path, tmp_path: Path) -> None:
    street, alerts = sorted(city.iterdir())[1], tmp_path / "alerts.jsonl"
    read = ("--registry", str(street / "registry"), "--capture", str(street / "capture.columns"))
    said = CliRunner().invoke(app, ["replay", *read, "--out", str(alerts)])
    assert said.exit_code == 0, said.output
    truth = ("--alerts", str(alerts), "--truth", str(street / "truth.jsonl"))
    said = CliRunner().invoke(app, ["score", *truth, "--json"])
    assert said.exit_code == 0, said.output


def test_no_street_is_held_once_the_next_is_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Memory is that of one street, however many there are."""
    made: list[weakref.ref[Directory]] = []
    held: list[int] = []
    make = Fleet.street

    def street(fleet: Fleet, number: int) -> Directory:
        directory = make(fleet, number)
        made.append(weakref.ref(directory))
        gc.collect()
        held.append(sum(r() is not None for r in made))
        return directory

    monkeypatch.setattr(Fleet, "street", street)
    done = run(tmp_path / "out", "--streets", "all", "--columns")
    assert done.exit_code == 0, done.output
    assert held == [1, 1, 1]


@pytest.mark.parametrize(
    "wrong",
    [
        ("--streets", "0"),
        ("--streets", "3-2"),
        ("--streets", "first"),
        ("--streets", "2-4"),
        ("--streets", "all", "--mqtt", "mqtt://127.0.0.1:1"),
    ],
)
def test_streets_that_are_not_there_are_refused(wrong: tuple[str, ...], tmp_path: Path) -> None:
    said = run(tmp_path / "out", *wrong)
    assert said.exit_code == 2, said.output
    assert not (tmp_path / "out").exists()
