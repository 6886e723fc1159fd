"""`each`: the records of a payload that are readings of their own.

`data.list` is an array; `devices[].events` the arrays inside each object of an array;
`sensors{}` an object whose values are the records and whose keys are `{key}`.
"""

import re
from collections.abc import Callable, Iterable
from typing import Any

from devices.decoded import DecodeError, show
from devices.language.paths import compile_steps, fold_steps, parse_path
from devices.language.places import Places
from devices.message import Incoming

_MARK = re.compile(r"(\[\]|\{\})")


Record = tuple[Any, Any, str | None]
"""The record, what holds its array, and its key where an object's values are the records.

A `DecodeError` in the record's place: there is none where one should be."""
Records = Callable[[Incoming], list[Record]]
"""The message's records; DecodeError where there are none to be had, or more than its limit."""
_Level = tuple[Callable[[Any], Any], bool]


def parse_each(text: str) -> list[tuple[str, bool]]:
    """(path, whether an object's values are meant) for each level; ValueError for other text."""
    parts = _MARK.split(text)
    levels = [(parts[i], parts[i + 1] == "{}") for i in range(0, len(parts) - 1, 2)]
    if parts[-1]:
        levels.append((parts[-1], False))
    for number, (path, _) in enumerate(levels):
        if number and not path.startswith("."):
            raise ValueError(
                f"not an `each`: {text!r} (such as list, devices[].events, sensors{{}}"
            )
        parse_path(path[1:] if number else path)
    if not levels:
        raise ValueError("`each` is empty")
    return [(path[1:] if number else path, mark) for number, (path, mark) in enumerate(levels)]


def compile_each(texts: list[str], *, folded: bool) -> Records:
    """Of several places those that are there count, and an object is a record itself."""
    places = Places(folded=folded, has_records=False)
    walks = []
    for text in texts:
        (path, by_key), *rest = parse_each(text)
        walks.append((places.at([path]), by_key, [_level(level, folded) for level in rest]))
    find = places.finder().find
    is_only = len(walks) == 1

    def records(message: Incoming) -> list[Record]:
        root = message.root
        found: list[Record] = []
        tops = find(root, message, (), ())
        for at, by_key, rest in walks:
            top = tops[at]
            if type(top) is dict and not (is_only or by_key or rest):
                found.append((top, root, None))
            elif top is not None or is_only:
                found += _records(top, root, by_key, rest, is_needed=is_only)
        if len(found) > message.limits.readings:
            text = f"more than {message.limits.readings} records: they are not read"
            raise DecodeError("size", text)
        return found

    return records


def _level(level: tuple[str, bool], folded: bool) -> _Level:
    path, by_key = level
    steps = parse_path(path)
    return compile_steps(fold_steps(steps) if folded else steps), by_key


def _records(
    inner: Any, holder: Any, by_key: bool, rest: list[_Level], *, is_needed: bool = False
) -> list[Record]:
    """The records in `inner`, an array or (`by_key`) an object, through the levels of the rest."""
    if type(inner) is not (dict if by_key else list):
        wanted = "an object" if by_key else "an array"
        error = DecodeError("shape", f"{wanted} of records, not {show(inner)}")
        if is_needed:
            raise error
        return [(error, holder, None)]
    pairs: Iterable[tuple[str | None, Any]]
    pairs = inner.items() if isinstance(inner, dict) else ((None, record) for record in inner)
    if not rest:
        return [(record, holder, key) for key, record in pairs]
    (follow, deeper), *further = rest
    found: list[Record] = []
    for _, record in pairs:
        if (below := follow(record)) is not None:
            found += _records(below, record, deeper, further)
    return found
