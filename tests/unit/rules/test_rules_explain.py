"""Every rule can be explained from its file, in both languages, with the figures that hold."""

from __future__ import annotations

import re

import pytest

from rules.explain import explain
from rules.explain.blocks import SPEAKERS
from rules.explain.figures import told, value
from rules.kinds import FIGURES
from rules.load import load_catalogue
from rules.rule import Rule

RULES = {rule.id: rule for rule in load_catalogue()}


def changed(rule: Rule, **update: object) -> Rule:
    return Rule.model_validate({**rule.model_dump(), **update})


def test_every_kind_has_a_speaker() -> None:
    assert SPEAKERS.keys() == FIGURES.keys()


@pytest.mark.parametrize("id_", RULES)
def test_every_rule_says_what_it_judges_raises_and_clears(id_: str) -> None:
    rule = RULES[id_]
    for language in ("zh", "en"):
        page = explain(rule).told(language)
        assert rule.source in page
        assert "{" not in page
        for name in rule.parameters:
            assert f"- {name} = " in page
    heads = [section.head.en for section in explain(rule).sections]
    for head in ("Judges", "Raises", "Clears"):
        assert heads.count(head) == len(rule.alert)


@pytest.mark.parametrize("id_", RULES)
def test_the_english_holds_no_chinese_and_the_chinese_little_english(id_: str) -> None:
    for section in explain(RULES[id_]).sections:
        if section.head.en in ("Figures", "Source"):
            continue
        for line in section.lines:
            assert not re.search(r"[\u4e00-\u9fff]", line.en)
            foreign = re.findall(r"[A-Za-z]{2,}", line.zh)
            assert set(foreign) <= {"SOS"}


def test_figures_are_those_of_the_file() -> None:
    rate = RULES["heart-rate"]
    page = explain(rate).told("en")
    assert "in bed and (heart rate ≥ 131 or heart rate ≤ 40)" in page
    assert "after 10 min: red" in page
    other = changed(rate, parameters={**rate.parameters, "high": 120, "red_s": 90})
    assert "heart rate ≥ 120" in explain(other).told("en")
    assert "after 90 s: red" in explain(other).told("en")


def test_who_has_other_figures_is_said() -> None:
    assert told(RULES["long-in-bed"], "orange_s") == (
        "14 小时（照护等级 3、4 从不）",
        "14 h (care level 3, 4: never)",
    )
    assert told(RULES["unprotected"], "silent_s") == (
        "2 小时（仅独居、留守）",
        "2 h (living alone, left behind only)",
    )


@pytest.mark.parametrize(
    ("name", "figure", "expected"),
    [
        ("a_s", 90, "90 s"),
        ("a_s", 604_800, "7 days"),
        ("a_s", "inf", "never"),
        ("a_s", 86_400, "24 h"),
        ("at", "22:00", "22:00"),
        ("low", 0.5, "0.5"),
    ],
)
def test_a_figure_in_words(name: str, figure: float | str, expected: str) -> None:
    assert value(name, figure).en == expected


def test_conditions_in_words_follow_every_operator() -> None:
    rate = RULES["heart-rate"]
    text = (
        "not in_bed or fall != none and 3 < heart_rate <= high and known(signal) and battery == -1"
    )
    block = {**rate.alert[0].model_dump(), "condition": text}
    said = explain(changed(rate, alert=[block])).sections[0].lines[0]
    assert said.en.endswith(
        "not in bed or (fall state ≠ none and 3 < heart rate ≤ 131 and signal is known and "
        "battery = -1)."
    )
    assert "并非在床或（跌倒状态 ≠ 无，且3 < 心率 ≤ 131，且信号已知，且电量 = -1）" in said.zh
