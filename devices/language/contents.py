"""The quantities of a reading, compiled: what must be there, values, constants and cases."""

from collections.abc import Callable
from typing import Any

from devices.decoded import DecodeError, Reading
from devices.language import spec
from devices.language.cases import compile_cases
from devices.language.marks import Step, compile_key, compile_mark, compile_ts
from devices.language.meaning import meaning
from devices.language.places import Found, Places
from devices.language.tokens import REMEMBERED, compile_listed, is_worth_keeping
from devices.language.values import Convert, compile_convert
from devices.message import Incoming
from schemas.readings import Flag


def compile_steps(message: spec.Message, places: Places) -> list[Step]:
    """In the order in which errors matter: what must be there, values, then the rest."""
    steps = [_require(r, places) for r in message.require]
    if message.set:
        steps.append(_constants(message.set))
    steps += [_value(name, value, places) for name, value in message.value.items()]
    if message.case:
        steps.append(compile_cases(message, places))
    if message.time:
        steps.append(compile_ts(message.time, places))
    if message.key is not None:
        steps.append(compile_key(message.key, places))
    for marks, flag in ((message.test, Flag.TEST), (message.history, Flag.HISTORY)):
        steps += [compile_mark(m, int(flag), places) for m in marks if isinstance(m, spec.Mark)]
    return steps


def always(message: spec.Message) -> int:
    """The flags that every reading of the message has."""
    flags = int(Flag.TEST) if True in message.test else 0
    return flags | (int(Flag.HISTORY) if True in message.history else 0)


def _require(require: spec.Require, places: Places) -> Step:
    at = places.at(require.at)
    text = f"nothing at `{'`, `'.join(require.at)}`: {require.hint}"

    def add(found: Found, _message: Incoming, _reading: Reading) -> None:
        if found[at] is None:
            raise DecodeError("shape", text)

    return Step(None, add)


def _constants(words: dict[str, spec.Scalar]) -> Step:
    values = {name: spec.code(name, word) for name, word in words.items()}
    flags = meaning(values, "event")

    def add(_found: Found, _message: Incoming, reading: Reading) -> None:
        reading.values.update(values)
        reading.flags |= flags

    return Step(None, add)


def _value(name: str, value: spec.Value, places: Places) -> Step:
    at = places.at(value.at)
    unless = [places.at([path]) for path in value.unless]
    absent, flags = value.absent, meaning([name], value.as_)
    take = _remembering(compile_listed(value.unknown), compile_convert(name, value))

    def add(found: Found, _message: Incoming, reading: Reading) -> None:
        raw: Any = found[at]
        if raw is None:
            if any(found[other] for other in unless):
                return
            raw = absent
        said = take(raw)
        if said is not None:
            reading.values[name] = said
            if flags:
                reading.flags |= flags

    return Step(at if absent is None else None, add)


def _remembering(is_unknown: Callable[[object], bool], convert: Convert) -> Convert:
    """Both in one; what texts say is remembered."""
    heard: dict[str, float | int | None] = {}

    def take(raw: Any) -> float | int | None:
        if type(raw) is not str:
            return None if is_unknown(raw) else convert(raw)
        if raw in heard:
            return heard[raw]
        said = None if is_unknown(raw) else convert(raw)
        if len(heard) < REMEMBERED and is_worth_keeping(raw):
            heard[raw] = said
        return said

    return take
