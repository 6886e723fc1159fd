"""A rule's figures in words: the default, and what some elders have in its place."""

from __future__ import annotations

import math

from rules.explain.words import LIVING, NEVER, Both, listed, text
from rules.rule import Figure, Rule, When
from rules.sentence import duration, number
from schemas.times import DAY, SECOND

_DAY_S = DAY // SECOND


def value(name: str, figure: Figure) -> Both:
    """One figure: a duration where its name ends in `_s`, a time of day, or a number."""
    if isinstance(figure, str) and ":" in figure:
        return Both(figure, figure)
    plain = float(figure)
    if not name.endswith("_s"):
        return Both(number(plain), number(plain))
    if math.isinf(plain):
        return NEVER
    if plain >= 2 * _DAY_S and plain % _DAY_S == 0:
        return Both(f"{plain / _DAY_S:g} 天", f"{plain / _DAY_S:g} days")
    return Both(*duration(round(plain * SECOND)))


def group(when: When) -> Both:
    """Who a `when` is about."""
    parts = []
    if when.living is not None:
        parts.append(listed(LIVING[word] for word in when.living))
    if when.care_level is not None:
        levels = listed(Both(str(level), str(level)) for level in when.care_level)
        parts.append(text("照护等级 {levels}", "care level {levels}", levels=levels))
    if not parts:
        return Both("所有人", "everybody")
    return Both("且".join(p.zh for p in parts), " and ".join(p.en for p in parts))


def told(rule: Rule, name: str) -> Both:
    """The default, and each group's own in brackets."""
    usual = value(name, rule.parameters[name])
    others = [(group(w), value(name, w.set[name])) for w in rule.when if name in w.set]
    if not others:
        return usual
    if usual == NEVER:
        only = [text("{f}（仅{who}）", "{f} ({who} only)", f=f, who=who) for who, f in others]
        return listed(only)
    inside = [text("{who} {f}", "{who}: {f}", f=f, who=who) for who, f in others]
    brackets = Both("；".join(o.zh for o in inside), "; ".join(o.en for o in inside))
    return text("{usual}（{inside}）", "{usual} ({inside})", usual=usual, inside=brackets)
