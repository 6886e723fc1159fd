"""The lines of a chart stand where the rules speak, for every elder."""

import pytest

from rules.load import load_catalogue
from rules.parameters import Parameters
from rules.rule import Rule
from schemas.directory import Living, Override
from schemas.registry import Registry
from stations.console.chart.limits import NEWS2, Reach, Settings
from tests.support.registry import town
from vigil.chart_limits import limits_of

GROUPS = [
    {"living": ["lone"], "set": {"high": 120}},
    {"care_level": [3, 4], "set": {"high": 110, "low": 45}},
]


def _rules() -> list[Rule]:
    """The shipped ones, with figures for groups as a site may set them."""
    return [
        Rule.model_validate(rule.model_dump(mode="json", exclude_unset=True) | {"when": GROUPS})
        if rule.id == "heart-rate"
        else rule
        for rule in load_catalogue()
    ]


def test_the_shipped_rules_are_the_defaults() -> None:
    assert limits_of(load_catalogue())(Settings("lone", 0, {})) == NEWS2
    assert limits_of([])(Settings("lone", 0, {})) == NEWS2


@pytest.mark.parametrize("living", list(Living))
@pytest.mark.parametrize("care_level", [0, 2, 4])
@pytest.mark.parametrize("own", [None, "101.5", "nonsense", "-3"])
def test_they_are_what_the_engine_reads(living: Living, care_level: int, own: str | None) -> None:
    rules = _rules()
    directory = town(homes=1)
    elder = directory.elders[0].model_copy(update={"living": living, "care_level": care_level})
    override = Override(elder="e1", rule="heart-rate", parameter="high", value=own or "")
    registry = Registry.build(
        directory.model_copy(
            update={"elders": (elder,), "overrides": (override,) if own is not None else ()}
        )
    )
    (rule,) = (r for r in rules if r.id == "heart-rate")
    engine = Parameters(rule, registry)
    expected = Reach(float(engine.values("low")[0]), float(engine.values("high")[0]))
    overrides = {} if own is None else {("heart-rate", "high"): own}
    found = limits_of(rules)(Settings(str(living), care_level, overrides))
    assert found.heart_rate == expected
    assert found.respiratory_rate == NEWS2.respiratory_rate
