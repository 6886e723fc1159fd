"""The ladder as a form: every time a field of its own, empty where there is none. Pure.

Fields are named `red.community` (seconds until that level is paged; empty: it is not) and
`red.repeat_s`, likewise for orange.
"""

import unicodedata
from collections.abc import Mapping
from typing import Any, NamedTuple

from pydantic import ValidationError
from pydantic_core import ErrorDetails
from starlette.datastructures import FormData

from stations.console.office import fields
from stations.console.words import Words
from stations.ladder import LEVELS, Ladder, Steps

SEVERITIES = ("red", "orange")
TIMES = {
    "red": ("repeat_s", "step_s", "on_site_s", "family_s"),
    "orange": ("repeat_s", "step_s", "on_site_s", "family_s", "alone_red_s"),
}
"""Besides the rungs, in the order in which they are asked."""

_WRONG = {
    "int_parsing": "ladder.wrong_number",
    "greater_than_equal": "ladder.wrong_least",
    "less_than_equal": "ladder.wrong_most",
    "missing": "ladder.wrong_missing",
    "too_short": "ladder.wrong_empty",
    "ladder_first": "ladder.wrong_first",
    "ladder_time": "ladder.wrong_time",
}
"""What pydantic and the ladder's own checks call it, and the words for it."""


class Filled(NamedTuple):
    """What was typed, by field; and the ladder, or what is wrong, by field, in words."""

    typed: Mapping[str, str]
    ladder: Ladder | None
    wrong: Mapping[str, str]


def shown(ladder: Ladder) -> dict[str, str]:
    """What the fields of the form hold for a ladder."""
    typed: dict[str, str] = {}
    for severity in SEVERITIES:
        steps: Steps = getattr(ladder, severity)
        after = {rung.level: rung.after_s for rung in steps.rungs}
        values = {str(level): after.get(level) for level in LEVELS}
        values |= {name: getattr(steps, name) for name in TIMES[severity]}
        typed |= {f"{severity}.{k}": "" if v is None else str(v) for k, v in values.items()}
    return typed


def read(form: FormData, words: Words) -> Filled:
    """Every field is named in `typed`, whatever was sent. Full-width digits count as digits."""
    names = [f"{s}.{name}" for s in SEVERITIES for name in (*LEVELS, *TIMES[s])]
    typed = {name: unicodedata.normalize("NFKC", fields.line(form, name))[:12] for name in names}
    try:
        ladder = Ladder.model_validate({s: _steps(typed, s) for s in SEVERITIES})
    except ValidationError as error:
        said = (_said(one, typed, words) for one in error.errors())
        return Filled(typed, None, dict(reversed(list(said))))  # the first of a field counts
    return Filled(typed, ladder, {})


def _steps(typed: Mapping[str, str], severity: str) -> dict[str, Any]:
    rungs = [{"level": level, "after_s": typed[f"{severity}.{level}"]} for level in LEVELS]
    times = {name: typed[f"{severity}.{name}"] for name in TIMES[severity]}
    return {"rungs": [r for r in rungs if r["after_s"]]} | {k: v for k, v in times.items() if v}


def _said(error: ErrorDetails, typed: Mapping[str, str], words: Words) -> tuple[str, str]:
    """The field that an error is about, and what to do about it."""
    severity, *where = error["loc"]
    context = error.get("ctx", {})
    if where[:1] == ["rungs"] and len(where) > 1:
        rungs = [level for level in LEVELS if typed[f"{severity}.{level}"]]
        name = str(rungs[int(where[1])])
    elif where == ["rungs"]:
        name = str(LEVELS[0])
    else:
        name = str(where[0]) if where else str(context.get("level", LEVELS[0]))
    return f"{severity}.{name}", _sentence(error["type"], context, words)


def _sentence(kind: str, context: Mapping[str, Any], words: Words) -> str:
    key = _WRONG.get(kind, "ladder.wrong_number")
    if key == "ladder.wrong_least":
        return words(key, least=context["ge"])
    if key == "ladder.wrong_most":
        return words(key, most=context["le"])
    if key == "ladder.wrong_time":
        return words(key, below=words(f"level.{context['below']}"))
    return words(key)
