"""One quantity of a profile, compiled: record → canonical number or code."""

import math
from collections.abc import Callable
from typing import Any

from devices.decoded import DecodeError, is_emergency, show
from devices.language import spec
from devices.language.paths import Getter, compile_path, compile_paths
from devices.language.tokens import number, token, tokens
from devices.message import Incoming
from schemas.quantities import QUANTITIES, Number

Take = Callable[[Any, Incoming], float | int | None]
"""(record, message) → the value, None where unknown; DecodeError where it cannot be read."""
Convert = Callable[[Any], float | int | None]
Test = Callable[[Any, Incoming], bool]
Applies = Callable[[Incoming], bool]
Holds = list[tuple[int, frozenset[str]]]
"""(index of a place, the tokens that will do) for each condition of a case."""

_WIDEST = 2**63
_MOST_PARTS = 64
_BOOL: dict[str | None, float | int] = {"false": 0, "true": 1}


def compile_value(name: str, value: spec.Value, *, folded: bool) -> Take:
    """`value` must have passed the checks of `spec.Message`."""
    get = compile_paths(value.at, folded=folded)
    if value.absent is not None:
        get = _with_absent(get, value, folded=folded)
    convert = _convert(name, value)
    unknown = tokens(value.unknown)

    def take(record: Any, message: Incoming) -> float | int | None:
        raw = get(record, message)
        if raw is None or (unknown and token(raw) in unknown):
            return None
        return convert(raw)

    return take


def _with_absent(get: Getter, value: spec.Value, *, folded: bool) -> Getter:
    unless = [compile_path(path, folded=folded) for path in value.unless]

    def get_or_absent(record: Any, message: Incoming) -> Any:
        raw = get(record, message)
        if raw is not None or any(other(record, message) for other in unless):
            return raw
        return value.absent

    return get_or_absent


def _convert(name: str, value: spec.Value) -> Convert:
    convert = _convert_whole(name, value)
    if (bit := value.bit) is not None:
        whole, is_bool = convert, not value.words
        convert = lambda raw: whole(_bit(raw, bit, name, is_bool=is_bool))  # noqa: E731
    if value.split is None:
        return convert
    return _of_several(name, convert, value.split)


def _of_several(name: str, convert: Convert, separator: str) -> Convert:
    """The first part that is a press or a fall, else what the last one says."""

    def convert_parts(raw: Any) -> float | int | None:
        if type(raw) is not str:
            return convert(raw)
        found = [convert(part.strip()) for part in raw.split(separator, _MOST_PARTS)]
        urgent = [v for v in found if v is not None and is_emergency({name: v})]
        return urgent[0] if urgent else found[-1]

    return convert_parts


def _bit(raw: Any, bit: int, name: str, *, is_bool: bool) -> int | bool:
    whole = number(raw, name)
    if not -_WIDEST < whole < _WIDEST or whole != int(whole):
        raise DecodeError("value", f"{name} is a bit of a whole number, not of {show(raw)}")
    found = int(whole) >> bit & 1
    return bool(found) if is_bool else found


def _convert_whole(name: str, value: spec.Value) -> Convert:
    words: dict[str | None, float | int] = {
        token(raw): spec.code(name, word) for raw, word in value.words.items()
    }
    if (above := value.above) is not None:
        return _words(name, words, lambda raw: int(number(raw, name) > above))
    if isinstance(QUANTITIES[name], Number):
        return _words(name, words, _scaled(name, value)) if words else _scaled(name, value)
    otherwise = _nothing if value.otherwise == "unknown" else None
    return _words(name, words or _BOOL, otherwise)


def _nothing(_raw: Any) -> None:
    return None


def _scaled(name: str, value: spec.Value) -> Convert:
    scale, offset = value.scale, value.offset
    if value.least is not None or value.most is not None:
        least = -math.inf if value.least is None else value.least
        most = math.inf if value.most is None else value.most
        return lambda raw: min(max(number(raw, name) * scale + offset, least), most)
    if scale == 1 and offset == 0:
        return lambda raw: number(raw, name)
    return lambda raw: number(raw, name) * scale + offset


def _words(name: str, words: dict[str | None, float | int], otherwise: Convert | None) -> Convert:
    known = ", ".join(map(str, words))

    def convert(raw: Any) -> float | int | None:
        code = words.get(token(raw))
        if code is not None:
            return code
        if otherwise is not None:
            return otherwise(raw)
        raise DecodeError("value", f"{name} is told by {known}, not by {show(raw)}")

    return convert


def compile_case(case: spec.Case, places: list[str]) -> tuple[Holds, dict[str, float | int]]:
    """Which of the `places` must hold which tokens, and the quantities that are then set."""
    holds = [(places.index(place), tokens(values)) for place, values in case.when.items()]
    return holds, {name: spec.code(name, word) for name, word in case.set.items()}


def compile_applies(message: spec.Message) -> Applies:
    """Whether a variant is meant: `when`, `has` and `lacks` all hold. Ignored topics need none."""
    folded = message.fold_keys
    tests: list[Test] = []
    for place, values in message.when.items():
        get = compile_paths(message.fields.get(place, [place]), folded=folded)
        tests.append(_holds(get, tokens(values)))
    tests += [_stands(compile_path(path, folded=folded), True) for path in message.has]
    tests += [_stands(compile_path(path, folded=folded), False) for path in message.lacks]
    if not tests:
        return lambda _message: True
    if len(tests) == 1:
        (test,) = tests
        return lambda incoming: test(incoming.root, incoming)
    return lambda incoming: all(test(incoming.root, incoming) for test in tests)


def _holds(get: Getter, wanted: frozenset[str]) -> Test:
    return lambda record, message: token(get(record, message)) in wanted


def _stands(get: Getter, wanted: bool) -> Test:
    return lambda record, message: (get(record, message) is not None) is wanted
