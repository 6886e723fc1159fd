"""From a fleet to its score by the commands, on files, on a broker, and as the page of the docs."""

from __future__ import annotations

import json
from contextlib import closing
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from bench import quality, quality_page
from bench.apart import made_apart
from schemas.readings import Readings
from schemas.times import DAY, parse_rfc3339
from simulator import truth
from simulator.fleet import Fleet
from tests.support.system import Client, until
from vigil.cli import app
from vigil.embedded.broker import Broker
from vigil.run_note import RunNote

NIGHT = "2026-01-05T22:00:00+08:00"


def run(*words: str | Path) -> Result:
    return CliRunner().invoke(app, [str(word) for word in words])


@pytest.fixture(scope="module")
def night(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Half a night of a few homes, in all forms, judged."""
    folder = tmp_path_factory.mktemp("night")
    made = ("--homes", "12", "--days", "0.1", "--start", NIGHT, "--faults", "loss,duplication")
    for name, form in (("lines", "--zstd"), ("columns", "--columns")):
        done = run("simulate", *made, form, "--out", folder / name)
        assert done.exit_code == 0, done.output
    for name, capture in (("lines", "capture.jsonl.zst"), ("columns", "capture.columns")):
        at = folder / name
        done = run(
            "replay",
            *("--registry", at / "registry", "--capture", at / capture),
            *("--out", at / "alerts.jsonl"),
        )
        assert done.exit_code == 0, done.output
    return folder


def test_lines_and_columns_of_a_fleet_find_the_same(night: Path) -> None:
    """Decoded from the vendors' own words, or as columns from the start."""
    told = [
        json.loads(run("score", *files(night / name), "--json").stdout)
        for name in ("lines", "columns")
    ]
    assert told[0]["sensitivity"], "something happened in this night"
    for one in told:
        for line in one["sensitivity"]:
            line.pop("delay")  # a vendor's clock has whole seconds
    assert told[0]["sensitivity"] == told[1]["sensitivity"]
    assert told[0]["red"]["found"] == told[0]["red"]["expected"] > 0


def files(folder: Path) -> tuple[str, str, str, str]:
    return "--alerts", str(folder / "alerts.jsonl"), "--truth", str(folder / "truth.jsonl")


def test_a_score_compares_and_draws(night: Path, tmp_path: Path) -> None:
    other = tmp_path / "nothing.jsonl"
    other.write_text("")
    page = tmp_path / "score.html"
    said = run("score", *files(night / "columns"), "--against", other, "--html", page)
    assert said.exit_code == 0, said.output
    assert "nothing: " in said.stdout
    assert "against nothing" in page.read_text(encoding="utf-8")


def test_what_cannot_be_scored_says_why(night: Path, tmp_path: Path) -> None:
    broken = tmp_path / "alerts.jsonl"
    broken.write_text('{"id": "x"}\n')
    said = run("score", "--alerts", broken, "--truth", night / "columns" / "truth.jsonl")
    assert said.exit_code == 1
    assert "line 1: no alert" in said.stderr
    moved = tmp_path / "truth.jsonl"
    moved.write_bytes((night / "columns" / "truth.jsonl").read_bytes())
    said = run("score", "--alerts", broken, "--truth", moved)
    assert "give --since and --until" in said.stderr


@pytest.mark.parametrize(
    "wrong",
    [
        ("--faults", "gremlins"),
        ("--profile", "village"),
        ("--start", "yesterday"),
        ("--mqtt", "mqtt://127.0.0.1:1", "--speed", "0"),
    ],
)
def test_bad_use_of_simulate_is_refused(wrong: tuple[str, ...], tmp_path: Path) -> None:
    assert run("simulate", "--out", tmp_path / "out", *wrong).exit_code == 2
    assert not (tmp_path / "out").exists()


def test_a_fleet_goes_to_a_broker_whole(broker: Broker, tmp_path: Path) -> None:
    out = tmp_path / "out"
    with closing(Client(broker, "vigil/v1/+/+/up/#", "vigil/v1/+/+/status", "native/#")) as heard:
        said = run(
            "simulate",
            *("--homes", "5", "--days", "0.01", "--start", NIGHT),
            *("--mqtt", broker.url, "--speed", "max", "--out", out),
        )
        assert said.exit_code == 0, said.output
        published = int(said.stderr.split(" messages published")[0].split()[-1].replace(",", ""))
        assert published > 100
        until(lambda: len([1 for t, _ in heard.heard if "_ingest" not in t]) >= published)
        for topic in {t for t, _ in heard.heard if t.endswith("/status")}:
            heard.say(topic, b"", retain=True).wait_for_publish(30)
    note = RunNote.beside(out / "truth.jsonl")
    assert note is not None
    assert (note.homes, note.until - note.start) == (5, round(0.01 * DAY))
    assert all(note.start <= line.at < note.until for line in truth.read(out / "truth.jsonl"))


def test_streets_meet_what_the_whole_meets() -> None:
    """Else a city's streets, made apart, were not the city."""
    trial = quality.Trial(homes=200, days=2)
    fleet = Fleet(homes=200, seed=1)
    whole = trial.plan(fleet.directory())
    apart = [line for street in fleet.parts() for line in trial.plan(street)]
    persons = {truth.line(line) for line in whole if line.home}
    assert {truth.line(line) for line in apart if line.home} == persons


def test_the_page_of_the_docs_says_what_the_score_says() -> None:
    """Readings are made by a process of their own, and judged here."""
    trial = quality.Trial(homes=200, days=0.1, start=parse_rfc3339(NIGHT))
    found = quality.judge(trial)
    page = quality_page.write(found, "homes=20")
    asked, seen, _ = found.red
    assert seen > 0
    assert f"| had to turn red, and did | {seen} of {asked} |" in page
    assert "python -m bench.quality homes=20" in page
    for heading in ("Found", "In vain", "Missed", "Answered", "A desk's night"):
        assert f"\n## {heading}\n" in page


def _nothing() -> list[Readings]:
    raise RuntimeError("on purpose")


def test_readings_made_apart_are_those_made_here(capfd: pytest.CaptureFixture[str]) -> None:
    trial = quality.Trial(homes=20, days=0.3, start=parse_rfc3339(NIGHT))
    said = list(made_apart(trial.said))
    assert Readings.concat(said).to_bytes() == Readings.concat(list(trial.said())).to_bytes()
    with pytest.raises(EOFError):
        list(made_apart(_nothing))
    assert "on purpose" in capfd.readouterr().err
