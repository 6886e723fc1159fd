"""The quantities of a reading, compiled: what must be there, values, constants and cases."""

from typing import Any

from devices.decoded import DecodeError, Reading, Values, show
from devices.language import spec
from devices.language.marks import Step, compile_key, compile_mark, compile_ts
from devices.language.paths import compile_paths
from devices.language.tokens import token
from devices.language.values import compile_case, compile_value
from devices.message import Incoming
from schemas.readings import Flag

_MEANINGS = {("sos", "level"): int(Flag.SOS_LEVEL), ("fall", "event"): int(Flag.FALL_EVENT)}
"""An sos is an event and a fall a level, unless the profile says otherwise."""


def compile_steps(message: spec.Message) -> list[Step]:
    """In the order in which errors matter: what must be there, values, then the rest."""
    folded = message.fold_keys
    steps = [_require(r, folded=folded) for r in message.require]
    if message.set:
        steps.append(_constants(message.set))
    steps += [_value(name, value, folded=folded) for name, value in message.value.items()]
    if message.case:
        steps.append(_cases(message, folded=folded))
    if message.time:
        steps.append(compile_ts(message.time, folded=folded))
    if message.key is not None:
        steps.append(compile_key(message.key, folded=folded))
    for marks, flag in ((message.test, Flag.TEST), (message.history, Flag.HISTORY)):
        steps += [compile_mark(mark, int(flag), folded=folded) for mark in marks]
    return steps


def _meaning(names: Values | list[str], meaning: str | None) -> int:
    return sum(_MEANINGS.get((name, meaning or ""), 0) for name in names)


def _require(require: spec.Require, *, folded: bool) -> Step:
    get = compile_paths(require.at, folded=folded)
    text = f"nothing at `{'`, `'.join(require.at)}`: {require.hint}"

    def step(record: Any, message: Incoming, _reading: Reading) -> None:
        if get(record, message) is None:
            raise DecodeError("shape", text)

    return step


def _constants(words: dict[str, spec.Scalar]) -> Step:
    values = {name: spec.code(name, word) for name, word in words.items()}
    flags = _meaning(values, "event")

    def step(_record: Any, _message: Incoming, reading: Reading) -> None:
        reading.values.update(values)
        reading.flags |= flags

    return step


def _value(name: str, value: spec.Value, *, folded: bool) -> Step:
    take = compile_value(name, value, folded=folded)
    flags = _meaning([name], value.as_)

    def step(record: Any, message: Incoming, reading: Reading) -> None:
        found = take(record, message)
        if found is not None:
            reading.values[name] = found
            reading.flags |= flags

    return step


def _cases(message: spec.Message, *, folded: bool) -> Step:
    places = list(dict.fromkeys(place for case in message.case for place in case.when))
    looks = [compile_paths(message.fields.get(p, [p]), folded=folded) for p in places]
    cases = []
    for case in message.case:
        holds, values = compile_case(case, places)
        cases.append((holds, values, _meaning(values, case.as_)))
    nothing = message.otherwise == "nothing"

    def step(record: Any, incoming: Incoming, reading: Reading) -> None:
        said = [token(get(record, incoming)) for get in looks]
        for holds, values, flags in cases:
            if all(said[place] in wanted for place, wanted in holds):
                reading.values.update(values)
                reading.flags |= flags
                return
        if not nothing:
            found = ", ".join(f"{p} = {show(t)}" for p, t in zip(places, said, strict=True))
            raise DecodeError("value", f"no case of the profile holds: {found}")

    return step
