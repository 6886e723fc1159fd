"""Conditions: what they mean, unknowns included, and what is refused."""

from __future__ import annotations

import contextlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.condition import FALSE, MAYBE, TRUE, Condition, ConditionError

NAN = float("nan")
RATE = "in_bed and (heart_rate >= high or heart_rate <= low)"


def judge(text: str, **values: float) -> int:
    arrays = {
        name: np.array([value], np.int8 if isinstance(value, int) else np.float32)
        for name, value in values.items()
    }
    return int(Condition(text, {"high", "low"})(arrays)[0])


@pytest.mark.parametrize(
    ("in_bed", "rate", "expected"),
    [
        (1, 131.0, TRUE),
        (1, 130.9, FALSE),
        (1, 40.0, TRUE),
        (0, 131.0, FALSE),
        (0, NAN, FALSE),
        (1, NAN, MAYBE),
        (-1, 131.0, MAYBE),
        (-1, 80.0, FALSE),
    ],
)
def test_unknown_stays_unknown_unless_the_rest_decides(
    in_bed: int, rate: float, expected: int
) -> None:
    assert judge(RATE, in_bed=in_bed, heart_rate=rate, high=131.0, low=40.0) == expected


@pytest.mark.parametrize(
    ("text", "fall", "expected"),
    [
        ("fall == confirmed", 2, TRUE),
        ("fall == 'confirmed'", 1, FALSE),
        ("confirmed != fall", 0, TRUE),
        ("fall == none", -1, MAYBE),
        ("not fall == none", 0, FALSE),
    ],
)
def test_words_of_an_enumeration(text: str, fall: int, expected: int) -> None:
    assert judge(text, fall=fall) == expected


@given(st.floats(width=32, allow_nan=False, min_value=-1e3, max_value=1e3))
def test_a_figure_equal_to_the_reading_counts_as_reached(value: float) -> None:
    assert judge("movement >= high", movement=value, high=value) == TRUE
    assert judge("heart_rate >= 38.3", heart_rate=float(np.float32(38.3))) == TRUE


def test_chains_and_negative_numbers() -> None:
    assert judge("-100 < signal <= -50", signal=-50.0) == TRUE
    assert judge("-100 < signal <= -50", signal=-49.0) == FALSE


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("__import__('os').system('true')", "expected a comparison or a yes/no quantity"),
        ("heart_rate.real > 1", "expected a number, a quantity or a parameter"),
        ("heart_rate > limit", "unknown name 'limit'"),
        ("heart_rate", "expected a comparison or a yes/no quantity"),
        ("fall", "expected a comparison of fall with one of"),
        ("fall == lying", "fall is one of none, suspected, confirmed, cleared"),
        ("fall > none", "expected == or != with fall"),
        ("heart_rate in (1, 2)", "expected one of < <= > >= == !="),
        ("in_bed and", "expected an expression"),
        ("", "expected an expression"),
        ("(lambda: 1)() > 2", "expected a number, a quantity or a parameter"),
        ("heart_rate > True", "expected a number, a quantity or a parameter"),
        ("(" * 300 + "in_bed" + ")" * 300, "expected an expression"),
        (" and ".join(["in_bed"] * 100), "expected at most"),
        ("x" * 1001, "expected at most 1000 characters"),
    ],
)
def test_refused_with_what_was_expected(text: str, expected: str) -> None:
    with pytest.raises(ConditionError) as refused:
        Condition(text, {"high", "low"})
    assert expected in str(refused.value)
    assert "(column " in str(refused.value)


@given(st.text(max_size=60))
def test_any_text_is_compiled_or_refused(text: str) -> None:
    with contextlib.suppress(ConditionError):
        Condition(text, {"high"})
