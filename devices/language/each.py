"""`each`: the records of a payload that are readings of their own.

`data.list` is an array; `devices[].events` the arrays inside each object of an array;
`sensors{}` an object whose values are the records and whose keys are `{key}`.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple

from devices.decoded import DecodeError, show
from devices.language.paths import compile_steps, fold_steps, parse_path
from devices.message import Incoming

_MARK = re.compile(r"(\[\]|\{\})")


class Record(NamedTuple):
    """One record; `parent` holds its array; `key`: where an object's values are the records.

    A `DecodeError` as `value`: there is no record where one should be.
    """

    value: Any
    parent: Any
    key: str | None


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


def compile_each(places: list[str], *, folded: bool) -> Records:
    """Of several places those that are there count, and an object is a record itself."""
    walks = [_compile(text, folded=folded) for text in places]
    is_only = len(walks) == 1

    def records(message: Incoming) -> list[Record]:
        found: list[Record] = []
        for levels in walks:
            for record in _records(message.root, levels, is_only=is_only):
                found.append(record)
                if len(found) > message.limits.readings:
                    text = f"more than {message.limits.readings} records: they are not read"
                    raise DecodeError("size", text)
        return found

    return records


def _compile(text: str, *, folded: bool) -> list[_Level]:
    levels: list[_Level] = []
    for path, by_key in parse_each(text):
        steps = parse_path(path)
        levels.append((compile_steps(fold_steps(steps) if folded else steps), by_key))
    return levels


def _records(root: Any, levels: list[_Level], *, is_only: bool) -> Iterator[Record]:
    if not is_only and len(levels) == 1 and not levels[0][1]:
        whole = levels[0][0](root)
        if type(whole) is dict:
            yield Record(whole, root, None)
            return
    yield from _walk(root, levels, is_outer=is_only)


def _walk(value: Any, levels: list[_Level], *, is_outer: bool) -> Iterator[Record]:
    follow, by_key = levels[0]
    inner = follow(value)
    if inner is None and not is_outer:
        return
    if type(inner) is not (dict if by_key else list):
        wanted = "an object" if by_key else "an array"
        error = DecodeError("shape", f"{wanted} of records, not {show(inner)}")
        if is_outer:
            raise error
        yield Record(error, value, None)
        return
    pairs: Iterable[tuple[str | None, Any]]
    pairs = inner.items() if isinstance(inner, dict) else ((None, record) for record in inner)
    for key, record in pairs:
        if len(levels) == 1:
            yield Record(record, value, key)
        else:
            yield from _walk(record, levels[1:], is_outer=False)
