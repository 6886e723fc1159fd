"""docs/reference/rules.md names everything that a rule file may hold."""

from __future__ import annotations

import re
from pathlib import Path
from typing import get_args

import pytest

from rules.blocks import AnyBlock
from rules.condition import Condition
from rules.kinds import FIGURES
from rules.load import load_catalogue
from rules.rule import Rule, When
from rules.timeline import FLAGS
from schemas.quantities import QUANTITIES

PAGE = (Path(__file__).parents[3] / "docs/reference/rules.md").read_text(encoding="utf-8")
KINDS = get_args(get_args(AnyBlock)[0])
BLOCKS = {get_args(block.model_fields["kind"].annotation)[0]: block for block in KINDS}


def row_of(kind: str) -> str:
    """The kind's row of the table of kinds."""
    (row,) = re.findall(rf"^\| `{kind}` \|.*$", PAGE, re.MULTILINE)
    return str(row)


def test_every_kind_of_block_is_one_of_the_kernels() -> None:
    assert BLOCKS.keys() == FIGURES.keys()


@pytest.mark.parametrize("kind", BLOCKS)
def test_every_key_and_figure_of_a_kind_is_in_its_row(kind: str) -> None:
    keys = BLOCKS[kind].model_fields.keys() - {"kind", "name"}
    for word in keys | FIGURES[kind]:
        assert f"`{word}`" in row_of(kind), word


def test_every_key_of_a_rule_is_named() -> None:
    for model in (Rule, When):
        for name in model.model_fields.keys() - {"alert", "when"}:
            assert re.search(rf"`\[*{name}\]*[` ]", PAGE), name


@pytest.mark.parametrize("rule", load_catalogue(), ids=lambda rule: rule.id)
def test_every_rule_and_parameter_is_described(rule: Rule) -> None:
    assert rule.id in PAGE
    for name in rule.parameters:
        assert f"`{name}`" in PAGE, name


def test_every_quantity_and_flag_is_named() -> None:
    for name in (*QUANTITIES, *FLAGS):
        assert f"`{name}`" in PAGE, name


def test_every_operator_in_the_table_compiles_and_no_other_does() -> None:
    for text in ("1 < heart_rate <= high", "known(fall) and not tamper or (signal != -1.5)"):
        Condition(text, {"high"})
    for sign in ("<", "<=", ">", ">=", "==", "!="):
        assert f"`{sign}`" in PAGE or f" {sign} " in PAGE
        Condition(f"battery {sign} 3")
    for text in ("heart_rate + 1 > 2", "heart_rate in (1, 2)", "abs(movement) > 1", "tamper is 1"):
        with pytest.raises(ValueError, match="expected"):
            Condition(text)
