"""Paths into a payload: `a.b`, `a[0].b`, `"a.b".c`; `$` is the whole payload, `{x}` a capture.

Inside `each`, a path starts at the record, and one with `$.` in front at the whole payload. A path
that leads nowhere, or to null, gives None: *not said*.
"""

import re
from collections.abc import Callable
from typing import Any

from devices.message import Incoming

Getter = Callable[[Any, Incoming], Any]
"""(record, message) → the value, or None."""

_STEP = re.compile(r"""\.?(?:"([^"]+)"|([^."\[\]]+))|\[(\d{1,4})\]""")
_CAPTURE = re.compile(r"\{([a-z_]+)\}")


def fold(key: str) -> str:
    """`device_info`, `device info` and `deviceInfo` are one key."""
    return key.replace("_", "").replace(" ", "").replace("-", "").casefold()


def parse_path(text: str) -> list[str | int]:
    """The steps of a path, without a leading `$`; ValueError for text that is no path."""
    rest = text.removeprefix("$")
    if rest.startswith(".") != (text.startswith("$") and rest != "" and rest[0] != "["):
        raise ValueError(f'not a path: {text!r} (such as a.b, a[0].b, "a.b".c, $ or {{id}})')
    steps: list[str | int] = []
    at = 0
    while at < len(rest):
        match = _STEP.match(rest, at)
        if match is None or (at > 0 and match[3] is None and rest[at] != "."):
            raise ValueError(f"not a path: {text!r} (it breaks at {rest[at:]!r})")
        steps.append(int(match[3]) if match[3] else match[1] or match[2])
        at = match.end()
    return steps


def capture_name(text: str) -> str | None:
    """The capture's name if the path is one, such as `{id}`."""
    match = _CAPTURE.fullmatch(text)
    return match[1] if match else None


def compile_path(text: str, *, folded: bool = False) -> Getter:
    """A function that follows the path; `folded` where the payload's keys were folded."""
    if (name := capture_name(text)) is not None:
        return lambda _record, message: message.captures.get(name)
    steps = [fold(s) if folded and isinstance(s, str) else s for s in parse_path(text)]
    if text.startswith("$"):
        return _from_root(_follow(steps))
    follow = _follow(steps)
    return lambda record, _message: follow(record)


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


def _from_root(follow: Callable[[Any], Any]) -> Getter:
    return lambda _record, message: follow(message.root)


def _follow(steps: list[str | int]) -> Callable[[Any], Any]:
    if len(steps) == 1 and isinstance(key := steps[0], str):
        return lambda value: value.get(key) if type(value) is dict else None

    def follow(value: Any) -> Any:
        for step in steps:
            if type(value) is dict and type(step) is str:
                value = value.get(step)
            elif type(value) is list and type(step) is int and step < len(value):
                value = value[step]
            else:
                return None
        return value

    return follow
