"""Payload kinds, compiled: bytes → the value that paths lead into."""

import re
from collections.abc import Callable
from functools import lru_cache
from operator import methodcaller
from typing import Any
from urllib.parse import unquote_plus

from devices.decoded import DecodeError
from devices.language import spec
from devices.language.paths import Step, fold, fold_steps, parse_path
from devices.payload import parse_json, parse_text
from devices.readers import READERS

Load = Callable[[bytes], Any]
"""Payload → value; DecodeError where it is not of the kind."""

_DEEPEST = 100
_SHORT = 40
_MOST_KEYS = 4_096
_MOST_FIELDS = 1_000
_INNER = (dict, list)
_FORM_PAIR = re.compile("(?:^|&)([^&=]*)=([^&]*)")  # each part is looked at once


def compile_load(message: spec.Message) -> Load:
    """Also folds keys and opens embedded JSON, where the profile asks for it."""
    load, folded = _kind(message), message.fold_keys
    inner = [fold_steps(steps) if folded else steps for steps in map(parse_path, message.embedded)]
    if not folded and not inner:
        return load

    def read(payload: bytes) -> Any:
        root = load(payload)
        if folded:
            root = _fold(root)
        for steps in inner:
            root = _unpack(root, steps, folded=folded)
        return root

    return read


def _kind(message: spec.Message) -> Load:
    if message.payload == "list":
        separator = message.separator or ","
        return lambda payload: _list(parse_text(payload), separator)
    if message.payload == "pairs":
        pairs = _compile_pairs(message.separator or ";", message.equals)
        return lambda payload: pairs(parse_text(payload))
    return _KINDS[message.payload]


def _any(payload: bytes) -> Any:
    try:
        return parse_json(payload)
    except DecodeError:
        return parse_text(payload)


def _form(payload: bytes) -> Any:
    text = parse_text(payload)
    plain = text.replace("+", " ").replace("%3A", ":")  # times: all that most pushes quote
    pairs = _FORM_PAIR.findall(plain)
    if len(pairs) != text.count("&") + 1 or len(pairs) > _MOST_FIELDS or not _is_unbroken(text):
        return {_unquoted(k): _unquoted(value) for k, value in _form_pairs(text).items()}
    if "%" in plain:
        for at, (key, value) in enumerate(pairs):
            if "%" in value or "%" in key:
                pairs[at] = _unquoted(key), _unquoted(value)
    return dict(pairs)


def _unquoted(text: str) -> str:
    if "%" not in text and "+" not in text:
        return text
    return _unquoted_remembered(text) if len(text) <= _SHORT else _unquote(text)


def _unquote(text: str) -> str:
    try:
        return unquote_plus(text, errors="strict")
    except UnicodeDecodeError:
        raise DecodeError("utf8", "a form field is not UTF-8 text") from None


def _list(text: str, separator: str) -> list[str]:
    return [part.strip() for part in text.split(separator, _MOST_FIELDS)]


def _compile_pairs(separator: str, equals: str) -> Callable[[str], dict[str, str]]:
    split = methodcaller("split", equals, 1)

    def pairs(text: str) -> dict[str, str]:
        if _is_unbroken(text):
            try:
                return dict(map(split, filter(None, text.split(separator, _MOST_FIELDS))))
            except ValueError:
                pass  # one is no pair: said below
        return _pairs_stripped(text, separator, equals)

    return pairs


def _is_unbroken(text: str) -> bool:
    """No white space: there is nothing to strip from any part."""
    return len(text.split(maxsplit=1)) == 1


def _pairs_stripped(text: str, separator: str, equals: str) -> dict[str, str]:
    pairs: dict[str, str] = {}
    for part in _list(text, separator):
        if not part:
            continue
        key, sign, value = part.partition(equals)
        if not sign:
            raise DecodeError("shape", f"no pairs (a{equals}1{separator}b{equals}2)")
        pairs[key.strip()] = value.strip()
    return pairs


def _binary(payload: bytes) -> Any:
    return {"hex": payload.hex()}


_unquoted_remembered = lru_cache(maxsize=1024)(_unquote)


_form_pairs = _compile_pairs("&", "=")
_KINDS: dict[str, Load] = {
    "json": parse_json,
    "text": parse_text,
    "any": _any,
    "form": _form,
    "binary": _binary,
    **READERS,
}


def _fold(value: Any, depth: int = 0) -> Any:
    if depth > _DEEPEST:
        raise DecodeError("json", "this JSON is nested too deeply")
    if type(value) is dict:
        return {
            _folded[k]: _fold(v, depth + 1) if type(v) in _INNER else v for k, v in value.items()
        }
    if type(value) is list:
        return [_fold(v, depth + 1) if type(v) in _INNER else v for v in value]
    return value


class _Folded(dict[str, str]):
    """Keys as they come → folded. A model's keys are few and come back in every message."""

    def __missing__(self, key: str) -> str:
        folded = fold(key)
        if len(key) <= _SHORT:  # long ones are not worth the memory
            if len(self) >= _MOST_KEYS:
                self.clear()
            self[key] = folded
        return folded


_folded = _Folded()


def _unpack(value: Any, steps: list[Step], *, folded: bool) -> Any:
    """A copy in which the JSON text at the path is parsed; as it is where there is none."""
    if not steps:
        if type(value) is not str:
            return value
        inner = parse_json(value)
        return _fold(inner) if folded else inner
    step = steps[0]
    if type(value) is dict and type(step) is str and step in value:
        return value | {step: _unpack(value[step], steps[1:], folded=folded)}
    if type(value) is list and type(step) is int and 0 <= step < len(value):
        inner = _unpack(value[step], steps[1:], folded=folded)
        return [*value[:step], inner, *value[step + 1 :]]
    return value
