"""One quantity of a profile, compiled: record → canonical number or code."""

from collections.abc import Callable
from typing import Any

from devices.decoded import DecodeError, show
from devices.language import spec
from devices.language.paths import Getter, compile_path, compile_paths
from devices.language.tokens import number, token, tokens
from devices.message import Incoming
from schemas.quantities import QUANTITIES, Number

Take = Callable[[Any, Incoming], float | int | None]
"""(record, message) → the value, None where unknown; DecodeError where it cannot be read."""
Convert = Callable[[Any], float | int | None]
Test = Callable[[Any, Incoming], bool]
Holds = list[tuple[int, frozenset[str]]]
"""(index of a place, the tokens that will do) for each condition of a case."""

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


def compile_when(when: spec.When, fields: dict[str, list[str]], *, folded: bool) -> Test:
    """Whether every place, a field's name or a path, holds one of its values."""
    tests = [
        (compile_paths(fields.get(place, [place]), folded=folded), tokens(values))
        for place, values in when.items()
    ]
    if len(tests) == 1:
        get, wanted = tests[0]
        return lambda record, message: token(get(record, message)) in wanted

    return lambda record, message: all(
        token(get(record, message)) in wanted for get, wanted in tests
    )
