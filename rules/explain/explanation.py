"""A rule's explanation: sections of sentences, in both languages."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal, NamedTuple

from rules.explain.blocks import SPEAKERS
from rules.explain.figures import group, value
from rules.explain.words import CATEGORY, Both, text
from rules.rule import Rule
from schemas.alerts import Category

Language = Literal["zh", "en"]

_HEADS = {
    "judges": Both("判断", "Judges"),
    "raises": Both("报警", "Raises"),
    "clears": Both("解除", "Clears"),
    "minds": Both("限制", "Held back"),
    "figures": Both("参数", "Figures"),
    "away": Both("外出", "Away"),
    "source": Both("依据", "Source"),
}


class Section(NamedTuple):
    """`block`: the alert block it is about, or "" for the whole rule."""

    block: str
    head: Both
    lines: tuple[Both, ...]


class Explanation(NamedTuple):
    id: str
    title: Both
    category: Both
    sections: tuple[Section, ...]

    def told(self, language: Language) -> str:
        """As text for a person."""
        lines = [f"{self.id}: {getattr(self.title, language)} ({getattr(self.category, language)})"]
        block = ""
        for section in self.sections:
            if section.block != block:
                block = section.block
                lines += ["", f"[{block}]"] if block else [""]
            lines.append(getattr(section.head, language))
            lines += [f"  - {getattr(line, language)}" for line in section.lines]
        return "\n".join(lines)


def explain(rule: Rule) -> Explanation:
    several = len(rule.alert) > 1
    sections: list[Section] = []
    for block in rule.alert:
        spoken = SPEAKERS[block.kind](rule, block)
        of = block.name if several else ""
        sections += (
            Section(of, _HEADS[name], tuple(getattr(spoken, name)))
            for name in ("judges", "raises", "clears", "minds")
        )
    sections += (
        Section("", _HEADS["figures"], tuple(_figures(rule))),
        Section("", _HEADS["away"], (_away(rule),)),
        Section("", _HEADS["source"], (Both(rule.source, rule.source),)),
    )
    title, said = Both(rule.title.zh, rule.title.en), tuple(s for s in sections if s.lines)
    return Explanation(rule.id, title, CATEGORY[rule.category], said)


def _figures(rule: Rule) -> Iterator[Both]:
    """Every parameter by its name in overrides.csv, with its default and groups."""
    for name, figure in rule.parameters.items():
        told = [value(name, figure)]
        told += [
            text("{who} {f}", "{who} {f}", who=group(w), f=value(name, w.set[name]))
            for w in rule.when
            if name in w.set
        ]
        if name in rule.least:
            low = value(name, rule.least[name])
            told.append(text("个人设置不小于 {low}", "an override at least {low}", low=low))
        yield Both(
            f"{name} = " + "；".join(t.zh for t in told),
            f"{name} = " + "; ".join(t.en for t in told),
        )


def _away(rule: Rule) -> Both:
    if rule.category is Category.CARE and rule.alert[0].kind != "arrival":
        return Both("登记外出期间不报警。", "Nothing is raised while the elder is noted as away.")
    return Both("登记外出期间照常。", "Judged as ever while the elder is noted as away.")
