"""Sentences with figures: templates from the rule files, filled in for one alert."""

from __future__ import annotations

from string import Formatter
from typing import Annotated, Protocol

from pydantic import AfterValidator

from schemas.alerts import Sentence
from schemas.times import HOUR, MINUTE, SECOND


def _plain(text: str) -> str:
    for _, name, spec, conversion in Formatter().parse(text):
        if name is not None and (not name.isidentifier() or spec or conversion):
            raise ValueError(f"expected plain {{name}} figures, got {{{name}}}")
    return text


Template = Annotated[str, AfterValidator(_plain)]


class Words(Protocol):
    @property
    def zh(self) -> str: ...
    @property
    def en(self) -> str: ...


Figures = dict[str, "str | tuple[str, str]"]
"""Name → text; a pair where the languages differ (Chinese first)."""


def names(template: str) -> set[str]:
    """The figures that a template quotes."""
    return {name for _, name, _, _ in Formatter().parse(template) if name}


def say(words: Words, figures: Figures) -> Sentence:
    zh = {name: v if isinstance(v, str) else v[0] for name, v in figures.items()}
    en = {name: v if isinstance(v, str) else v[1] for name, v in figures.items()}
    return Sentence(zh=words.zh.format_map(zh), en=words.en.format_map(en))


def number(value: float) -> str:
    """Without a decimal that says nothing: 138, 36.5."""
    return f"{value:.1f}".removesuffix(".0")


def duration(micros: int) -> tuple[str, str]:
    """In the largest unit that fits, rounded down, e.g. ("30 分钟", "30 min")."""
    for unit, zh, en in ((HOUR, "小时", "h"), (MINUTE, "分钟", "min")):
        if micros >= 2 * unit or (micros >= unit and micros % unit == 0):
            return f"{micros // unit} {zh}", f"{micros // unit} {en}"
    return f"{micros // SECOND} 秒", f"{micros // SECOND} s"
