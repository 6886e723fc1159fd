"""Replays: repetitions count once, in bounded memory, and rules are compared on one capture."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from random import Random

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from rules.load import CATALOGUE
from schemas.capture import Captured, format_line
from schemas.readings import Flag, Readings
from schemas.registry_csv import write_folder
from schemas.times import MINUTE, SECOND
from tests.support.registry import EAST, town
from vigil.cli import app
from vigil.replay.seen import Seen

START = 1_790_000_000 * SECOND


def rows_of(keys: list[tuple[int, int, int, bool]]) -> Readings:
    """(ts, device, key, whether it is only a sign of life)"""
    rows = Readings.blank(len(keys))
    rows.ts[:] = [ts for ts, *_ in keys]
    rows.device[:] = [device for _, device, *_ in keys]
    rows.key[:] = [key for *_, key, _ in keys]
    rows.flags[:] = [Flag.SIGN_OF_LIFE if alive else 0 for *_, alive in keys]
    return rows


@given(seed=st.integers(0, 2**32))
def test_only_the_first_of_equal_keys_is_new(seed: int) -> None:
    random, seen, known = Random(seed), Seen(), set[tuple[int, int, int]]()
    draw = random.randint
    for _ in range(draw(1, 12)):
        keys = [
            (
                random.randint(0, 6),
                random.randint(-1, 3),
                random.randint(0, 2),
                random.random() < 0.1,
            )
            for _ in range(draw(1, 20))
        ]
        expected = []
        for ts, device, key, alive in keys:
            expected.append(alive or (ts, device, key) not in known)
            if not alive:
                known.add((ts, device, key))
        assert seen.new(rows_of(keys)).tolist() == expected


def test_memory_of_repetitions_is_bounded() -> None:
    seen = Seen(most=1_000)
    for n in range(50):
        rows = rows_of([(n * 100 + i, 0, 0, False) for i in range(100)])
        assert seen.new(rows).all()
    assert sum(map(len, seen._runs)) <= 1_000
    recent = rows_of([(4_999, 0, 0, False), (4_901, 0, 0, False)])
    assert not seen.new(recent).any()


def write_capture(file: Path) -> None:
    """An hour in bed with a heart that races for six minutes, a repetition, and two presses."""
    lines: list[tuple[int, str, dict[str, object]]] = []
    for n in range(120):
        ts = START + n * 30 * SECOND
        rate = 125 if 20 <= n < 32 else 70
        lines.append((ts, "m1", {"ts": ts // 1000, "seq": n, "in_bed": True, "heart_rate": rate}))
    ts = START + 50 * MINUTE
    press = {"ts": ts // 1000, "seq": 1, "sos": "pressed"}
    lines += [(ts + 1, "b1", press), (ts + 2, "b1", {**press, "seq": 2})]
    lines.append((ts + MINUTE, "b1", press))
    lines.sort(key=lambda line: line[0])
    with file.open("wb") as out:
        for ts, device, said in lines:
            topic = f"vigil/v1/{EAST}/g1/up/{device}"
            payload = json.dumps(said).encode()
            out.write(format_line(Captured(ts, topic, payload, 1, retain=False)))


def changed_catalogue(folder: Path) -> Path:
    shutil.copytree(CATALOGUE, folder)
    rate = folder / "heart-rate.toml"
    rate.write_text(rate.read_text(encoding="utf-8").replace("high = 131", "high = 120"))
    return folder


def test_diff_says_what_a_changed_rule_adds(tmp_path: Path) -> None:
    write_folder(town(homes=1), tmp_path / "registry")
    write_capture(tmp_path / "capture.jsonl")
    new = changed_catalogue(tmp_path / "new")
    command = ["rules", "diff", str(CATALOGUE), str(new), "--registry", str(tmp_path / "registry")]
    command += ["--capture", str(tmp_path / "capture.jsonl")]
    said = CliRunner().invoke(app, [*command, "--json"])
    assert said.exit_code == 0, said.output
    found = json.loads(said.stdout)
    rate = found["heart-rate"]
    assert (rate["old"], rate["new"], rate["lost"], rate["moved"]) == (0, 1, [], [])
    assert [step["severity"] for step in rate["added"][0]["steps"]] == ["orange"]
    assert (found["sos"]["same"], found["sos"]["added"]) == (1, [])
    text = CliRunner().invoke(app, command)
    assert "added  heart-rate elder:e1 orange" in text.stdout
    assert "heart-rate                 0       1       0       1       0       0" in text.stdout


def test_explain_speaks_both_languages_and_refuses_what_it_does_not_know() -> None:
    said = CliRunner().invoke(app, ["rules", "explain", "night-absence"])
    assert said.exit_code == 0
    assert "夜间离床未归" in said.stdout
    assert "Out of bed at night" in said.stdout
    only = CliRunner().invoke(app, ["rules", "explain", "sos", "--language", "en"])
    assert "判断" not in only.stdout
    everything = json.loads(CliRunner().invoke(app, ["rules", "explain", "all", "--json"]).stdout)
    assert len(everything) == len(list(CATALOGUE.glob("*.toml"))) // 2
    for wrong in (["nothing"], ["sos", "--language", "fr"]):
        assert CliRunner().invoke(app, ["rules", "explain", *wrong]).exit_code == 2


def test_columns_of_no_rows_are_new_to_nobody() -> None:
    assert Seen().new(Readings.blank(0)).dtype == np.bool_
