"""One quantity of a profile, compiled: raw value → canonical number or code."""

import math
from collections.abc import Callable
from typing import Any

from devices.decoded import DecodeError, is_emergency, show
from devices.language import spec
from devices.language.tokens import HUGE, NUMERIC, number, token
from schemas.quantities import QUANTITIES, Number

Convert = Callable[[Any], float | int | None]
"""A raw value that is there → the canonical one, None where that means unknown; DecodeError where
it cannot be read."""

_WIDEST = 2**63
_MOST_PARTS = 64
_BOOL: dict[str | None, float | int] = {"false": 0, "true": 1}


def compile_convert(name: str, value: spec.Value) -> Convert:
    """`value` must have passed the checks of `spec.Message`; its `unknown` is looked at before."""
    convert = _convert_whole(name, value)
    if (bit := value.bit) is not None:
        whole, is_bool = convert, not value.words
        convert = lambda raw: whole(_bit(raw, bit, name, is_bool=is_bool))  # noqa: E731
    if value.suffix:
        convert = _without_suffix(convert, value.suffix)
    if value.split is None:
        return convert
    return _of_several(name, convert, value.split)


def _without_suffix(convert: Convert, suffixes: list[str]) -> Convert:
    folded = tuple(suffix.strip().casefold() for suffix in suffixes)

    def convert_bare(raw: Any) -> float | int | None:
        if type(raw) is str:
            text = raw.strip().casefold()
            found = next((suffix for suffix in folded if text.endswith(suffix)), "")
            raw = text.removesuffix(found).rstrip() if found else raw
        return convert(raw)

    return convert_bare


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
        return lambda raw: raw if type(raw) in NUMERIC and -HUGE < raw < HUGE else number(raw, name)
    return lambda raw: number(raw, name) * scale + offset


def _words(name: str, words: dict[str | None, float | int], otherwise: Convert | None) -> Convert:
    known = ", ".join(map(str, words))

    def convert(raw: Any) -> float | int | None:
        code = words.get(raw) if type(raw) is str else None
        if code is None:
            code = words.get(token(raw))  # not spelled as the profile spells it
        if code is not None:
            return code
        if otherwise is not None:
            return otherwise(raw)
        raise DecodeError("value", f"{name} is told by {known}, not by {show(raw)}")

    return convert
