"""How a profile compares what a device says with what the profile lists.

Vendors write 1, 1.0 and "1", true and "TRUE" for the same thing, so both sides are compared as
text without case and outer space.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache

from devices.decoded import DecodeError, show

_MOST = 10**18
_SHORT = 15
_SHORT_WORDS = 64
_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,3})?", re.ASCII)
HUGE = 1e30
"""Numbers are smaller than this."""
REMEMBERED = 1024
"""Answers to texts that are kept at most: a model's words are few and come back in each message."""
NUMERIC = (int, float)
"""The types of a raw number; a boolean is none."""


def token(raw: object) -> str | None:
    """The text by which a scalar is compared; None for what is no scalar (or a huge integer)."""
    if type(raw) is str:
        return _remembered(raw) if len(raw) <= _SHORT else raw.strip().casefold()
    if type(raw) is bool:
        return "true" if raw else "false"
    if type(raw) is int:
        return str(raw) if -_MOST < raw < _MOST else None
    if type(raw) is float:
        return str(int(raw)) if raw.is_integer() and abs(raw) < _MOST else repr(raw)
    return None


@lru_cache(maxsize=4096)
def _remembered(text: str) -> str:
    """A device's words are few. Numbers in text are the numbers they say: "0.00" is 0."""
    text = text.strip().casefold()
    if _NUMBER.fullmatch(text):
        return token(float(text)) or text
    return text


def is_worth_keeping(text: str) -> bool:
    """Short enough to stand in a memory of `REMEMBERED` answers."""
    return len(text) <= _SHORT_WORDS


def tokens(values: Iterable[str | int | float | bool]) -> frozenset[str]:
    return frozenset(t for v in values if (t := token(v)) is not None)


def compile_listed(values: Sequence[str | int | float | bool]) -> Callable[[object], bool]:
    """Whether a raw value is one of those listed, as `token` compares them."""
    words = tokens(values)
    numbers = listed_numbers(words)
    if words == {""}:
        return lambda raw: type(raw) is str and not raw.strip()

    def is_listed(raw: object) -> bool:
        if type(raw) in NUMERIC:
            return raw in numbers
        return (type(raw) is str and raw in words) or token(raw) in words

    return is_listed


def listed_numbers(words: Iterable[str]) -> dict[int | float, str]:
    """The tokens that are numbers, by the number."""
    return {_said(word): word for word in words if _NUMBER.fullmatch(word)}


def _said(word: str) -> int | float:
    try:
        return int(word)
    except ValueError:
        return float(word)


def number(raw: object, name: str) -> float | int:
    """A number, also where it comes as text; DecodeError for anything else or beyond 1e30."""
    if type(raw) is str:
        raw = _of_text(raw) if len(raw) > _SHORT else _of_short_text(raw)
    if type(raw) is not int and type(raw) is not float:
        raise DecodeError("type", f"{name} is a number, not {show(raw)}")
    if not -HUGE < raw < HUGE:
        raise DecodeError("value", f"{name} is beyond any number it could be: {show(raw)}")
    return raw


def _of_text(text: str) -> object:
    """The number; the text itself where it is none."""
    return float(stripped) if _NUMBER.fullmatch(stripped := text.strip()) else text


_of_short_text = lru_cache(maxsize=4096)(_of_text)
