"""What all kinds of block say in the same way."""

from __future__ import annotations

from dataclasses import dataclass, field

from rules.explain.figures import told
from rules.explain.words import SEVERITY, Both, text
from rules.parts import Step
from rules.rule import Rule
from schemas.alerts import Severity


@dataclass
class Spoken:
    """Sentences of one block. `minds`: what keeps it from raising, or holds it back."""

    judges: list[Both] = field(default_factory=list)
    raises: list[Both] = field(default_factory=list)
    clears: list[Both] = field(default_factory=list)
    minds: list[Both] = field(default_factory=list)


STALE = Both(
    "数据过期（超过三个上报周期）时，计时停止；已发出的报警保持，并注明自何时起无数据。",
    "When the data goes stale (more than three intervals old) counting stops; an open alert stays "
    "open and says since when there is no data.",
)
NO_CLOCK = Both("不因时间推移而解除。", "Time alone never clears it.")


def in_step(rule: Rule, step: Step) -> Both:
    severity, after = SEVERITY[step.severity], told(rule, step.after)
    if rule.parameters[step.after] == 0:
        return text("立即：{severity}。", "at once: {severity}.", severity=severity)
    return text(
        "{after}后：{severity}。", "after {after}: {severity}.", after=after, severity=severity
    )


def at_once(severity: Severity) -> Both:
    return text("{severity}。", "{severity}.", severity=SEVERITY[severity])
