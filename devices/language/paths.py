"""Paths into a payload: `a.b`, `a[0].b`, `"a.b".c`, `a[code=sos].value`, `$`, `^.a`, `{x}`.

`$` is the whole payload and `{x}` a capture of the topic; `{area}` and `{gateway}` are known for
every native topic, and captures may be joined: `{gateway}-{side}`. Inside `each`, a path starts at
the record, one with `$.` in front at the whole payload, and one with `^.` at what holds the
record's array. `[key=value]` is the first of an array's objects whose key holds the value (at most
`SEARCHED` are looked at: work is bounded by the payload's length). A path that leads nowhere, or
to null, gives None: *not said*.
"""

import re
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from devices.language.tokens import token
from devices.message import Incoming

Getter = Callable[[Any, Incoming], Any]
"""(payload, message) → the value, or None."""


class Pick(NamedTuple):
    """The step `[key=value]`."""

    key: str
    value: str | None


Step = str | int | Pick

PLACE = ("area", "gateway")
"""Captures that every native topic has: they stand in front of the device's own."""

SEARCHED = 256
DEEPEST = 50
_STEP = re.compile(
    r"""\.?(?:"([^"]+)"|([^."\[\]{}]+))|\[(-?\d{1,4})\]|\[([^\]=]+)=([^\]]*)\]""",
)
_CAPTURE = re.compile(r"\{([a-z_]+)\}")
_KINDS = 'such as a.b, a[0].b, a[key=value].b, "a.b".c, $, ^.a or {id}'


def fold(key: str) -> str:
    """`device_info`, `device info` and `deviceInfo` are one key."""
    return key.replace("_", "").replace(" ", "").replace("-", "").casefold()


def parse_path(text: str) -> list[Step]:
    """The steps of a path, without a leading `$` or `^`; ValueError for text that is no path."""
    is_rooted = text[:1] in ("$", "^")
    rest = text[1:] if is_rooted else text
    if not text or rest.startswith(".") != (is_rooted and rest != "" and rest[0] != "["):
        raise ValueError(f"not a path: {text!r} ({_KINDS})")
    steps: list[Step] = []
    at = 0
    while at < len(rest):
        match = _STEP.match(rest, at)
        if match is None or (at > 0 and rest[at] not in ".["):
            raise ValueError(f"not a path: {text!r} (it breaks at {rest[at:]!r}; {_KINDS})")
        steps.append(_step(match))
        at = match.end()
    if len(steps) > DEEPEST:
        raise ValueError(f"a path has at most {DEEPEST} steps, not {len(steps)}: {text[:60]!r}...")
    return steps


def _step(match: re.Match[str]) -> Step:
    if match[3]:
        return int(match[3])
    if match[4]:
        return Pick(match[4].strip(), token(match[5].strip().strip("\"'")))
    return match[1] or match[2]


def fold_steps(steps: list[Step]) -> list[Step]:
    """The same steps for a payload whose keys were folded."""
    return [_fold_step(step) for step in steps]


def _fold_step(step: Step) -> Step:
    if isinstance(step, Pick):
        return Pick(fold(step.key), step.value)
    return fold(step) if isinstance(step, str) else step


def capture_names(text: str) -> list[str]:
    """The captures of a place that is made of captures alone: `{id}`, or `{gateway}-{side}`."""
    return _CAPTURE.findall(text)


def compile_path(text: str, *, folded: bool = False) -> Getter:
    """A function that follows the path from the whole payload; `folded` where keys were folded.

    What the places of a reading lead to is found together: see `places`.
    """
    if capture_names(text):
        return compile_template(text)
    steps = parse_path(text)
    follow = compile_steps(fold_steps(steps) if folded else steps)
    return lambda root, _message: follow(root)


def compile_template(text: str) -> Getter:
    """Of a place made of captures: the text they give, None where one is missing."""
    parts = _CAPTURE.split(text)
    literal, names = parts[::2], parts[1::2]
    if len(names) == 1 and not any(literal):
        return _capture(names[0])
    getters = [_capture(name) for name in names]

    def fill(record: Any, message: Incoming) -> str | None:
        filled = literal[0]
        for get, after in zip(getters, literal[1:], strict=True):
            value = get(record, message)
            if not value:
                return None
            filled += value + after
        return filled

    return fill


def _capture(name: str) -> Getter:
    if name in PLACE:
        place = PLACE.index(name)
        return lambda _record, message: message.place[place] or None
    return lambda _record, message: message.captures.get(name)


def compile_paths(texts: list[str], *, folded: bool = False) -> Getter:
    """The first of the alternatives that says something."""
    getters = [compile_path(text, folded=folded) for text in texts]
    if len(getters) == 1:
        return getters[0]

    def first(record: Any, message: Incoming) -> Any:
        for get in getters:
            value = get(record, message)
            if value is not None:
                return value
        return None

    return first


def compile_steps(steps: list[Step]) -> Callable[[Any], Any]:
    """A function that follows the steps from a value."""
    if not steps:
        return lambda value: value
    if len(steps) == 1 and isinstance(key := steps[0], str):
        return lambda value: value.get(key) if type(value) is dict else None
    if all(isinstance(step, str) for step in steps):
        return _by_keys(steps)

    def follow(value: Any) -> Any:
        for step in steps:
            kind = type(step)
            if kind is str:
                value = value.get(step) if type(value) is dict else None
            elif type(value) is not list:
                return None
            elif kind is int:
                value = value[step] if -len(value) <= step < len(value) else None  # type: ignore[operator, index]
            else:
                value = _picked(value, step)  # type: ignore[arg-type]
            if value is None:
                return None
        return value

    return follow


def _by_keys(keys: Sequence[Step]) -> Callable[[Any], Any]:
    def follow(value: Any) -> Any:
        for key in keys:
            if type(value) is not dict:
                return None
            value = value.get(key)
        return value

    return follow


def _picked(records: list[Any], pick: Pick) -> Any:
    key, wanted = pick
    for record in records[:SEARCHED]:
        if type(record) is dict and token(record.get(key)) == wanted:
            return record
    return None
