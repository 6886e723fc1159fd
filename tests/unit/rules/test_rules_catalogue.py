"""The packaged catalogue holds, and a broken one is refused with file, line and expectation."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from rules.check import check, count_tests
from rules.load import CATALOGUE, RuleError, load_catalogue
from rules.rule import Rule

RULE_IDS = [
    "away-ended",
    "battery-low",
    "device-silent",
    "fall",
    "gateway-silent",
    "heart-rate",
    "long-in-bed",
    "night-absence",
    "no-activity",
    "no-vitals",
    "respiratory-rate",
    "restless-night",
    "sos",
    "tamper",
    "unprotected",
    "vital-trend",
]


def copy_of(tmp_path: Path, *ids: str) -> Path:
    for id_ in ids:
        for suffix in (".toml", ".test.toml"):
            shutil.copy(CATALOGUE / f"{id_}{suffix}", tmp_path)
    return tmp_path


def edit(file: Path, old: str, new: str) -> None:
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new, 1), encoding="utf-8")


def test_the_packaged_rules_load_and_every_data_test_holds() -> None:
    assert [rule.id for rule in load_catalogue()] == RULE_IDS
    assert count_tests() >= 25
    assert check() == []


@pytest.mark.parametrize(
    ("old", "new", "line_with", "message"),
    [
        ("category = ", "categroy = ", "categroy", "categroy: Extra inputs"),
        ("high = 131", 'high = "fast"', 'high = "fast"', "expected a number or a time HH:MM"),
        ('clear = "clear_s"', 'clear = "calm_s"', "calm_s", "no parameter 'calm_s'"),
        ("heart_rate >= high", "heart_rat >= high", "condition", "unknown name 'heart_rat'"),
        ('quotes = "heart_rate"', 'quotes = "in_bed"', "quotes", "expected a number quantity"),
        ("{value}/min", "{valeu}/min", "{valeu}", "no figure {valeu}"),
        ('severity = "red"', 'severity = "crimson"', "steps", "'blue', 'orange' or 'red'"),
        ('kind = "sustained"', 'kind = "sustaned"', "[[alert]]", "sustaned"),
        ('id = "heart-rate"', 'id = "pulse"', "id", "expected the file's name"),
        ("[parameters]", "[parameters", "[parameters", "not TOML"),
    ],
)
def test_errors_say_file_line_and_what_was_expected(
    tmp_path: Path, old: str, new: str, line_with: str, message: str
) -> None:
    file = copy_of(tmp_path, "heart-rate") / "heart-rate.toml"
    edit(file, old, new)
    with pytest.raises(RuleError) as refused:
        load_catalogue(tmp_path)
    problem = next(p for p in refused.value.problems if message in p.message)
    lines = file.read_text(encoding="utf-8").splitlines()
    assert problem.file == "heart-rate.toml"
    assert line_with in lines[problem.line - 1]
    assert check(tmp_path) != []


def test_a_wrong_expectation_fails_and_says_what_came(tmp_path: Path) -> None:
    file = copy_of(tmp_path, "sos") / "sos.test.toml"
    edit(
        file,
        'severity = "red", at = 2026-01-31T23:59:50',
        'severity = "red", at = 2026-01-31T23:59:49',
    )
    failures = check(tmp_path)
    assert {f.file for f in failures} == {"sos.test.toml"}
    line = file.read_text(encoding="utf-8").splitlines()[failures[0].line - 1]
    assert line == "[[test]]"
    assert str(failures[0]).startswith(f"sos.test.toml, line {failures[0].line}: ")
    assert any("got device:b1; red at 2026-01-31T15:59:50Z" in f.message for f in failures)


@pytest.mark.parametrize(
    ("old", "new", "line_with", "message"),
    [
        ("interval_s = ", "interval_z = ", "interval_z", "interval_z"),
        ("[[test]]", "[[test]", "[[test]", "not TOML"),
        ("steps = [", "stairs = [", "stairs", "stairs"),
    ],
)
def test_errors_in_data_tests_say_file_and_line(
    tmp_path: Path, old: str, new: str, line_with: str, message: str
) -> None:
    file = copy_of(tmp_path, "battery-low") / "battery-low.test.toml"
    edit(file, old, new)
    lines = file.read_text(encoding="utf-8").splitlines()
    found = next(f for f in check(tmp_path) if message in f.message)
    assert found.file == file.name
    assert line_with in lines[found.line - 1]


def test_a_changed_threshold_breaks_a_data_test(tmp_path: Path) -> None:
    edit(copy_of(tmp_path, "fall") / "fall.toml", "unanswered_s = 60", "unanswered_s = 61")
    assert check(tmp_path) != []


def test_a_rule_without_tests_and_tests_without_a_rule_are_failures(tmp_path: Path) -> None:
    folder = copy_of(tmp_path, "sos", "fall")
    (folder / "sos.test.toml").unlink()
    (folder / "fall.toml").unlink()
    assert [(f.file, f.message) for f in check(folder)] == [
        ("fall.test.toml", "there is no such rule"),
        ("sos.toml", "expected data tests in sos.test.toml, found none"),
    ]


def test_an_empty_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RuleError, match="found none"):
        load_catalogue(tmp_path)
    assert len(check(tmp_path)) == 1


def test_the_fingerprint_follows_the_figures_and_not_the_words() -> None:
    rule = next(r for r in load_catalogue() if r.id == "fall")
    said = rule.model_dump()
    said["title"]["en"] = "Tumble"
    said["alert"][1]["raised"]["en"] = "Other words"
    said["alert"][1]["steps"][1]["says"] = None
    assert Rule.model_validate(said).fingerprint() == rule.fingerprint()
    said["parameters"]["window_s"] = 31
    assert Rule.model_validate(said).fingerprint() != rule.fingerprint()
