"""What stands beside the values of a reading, compiled: time, key, test and history marks."""

from collections.abc import Callable
from typing import Any

from devices.decoded import DecodeError, Reading, hashed_key, show
from devices.language import spec
from devices.language.paths import Getter, compile_paths
from devices.language.times import compile_time
from devices.language.tokens import token, tokens
from devices.message import Incoming
from schemas.readings import Flag

Step = Callable[[Any, Incoming, Reading], None]
"""Adds one thing to a reading; DecodeError where it cannot be read."""

_LAST_KEY = 2**63


def compile_ts(times: list[spec.Time], *, folded: bool) -> Step:
    """The first of them that says something that can be read."""
    takes = [
        (_take_ts(time, folded=folded), Flag.ZONE_ASSUMED.value if time.format == "local" else 0)
        for time in times
    ]

    def step(record: Any, message: Incoming, reading: Reading) -> None:
        fault: DecodeError | None = None
        for take, assumed in takes:
            try:
                reading.ts = take(record, message)
            except DecodeError as error:
                fault = fault or error
                continue
            if reading.ts is not None:
                reading.flags |= assumed
                return
        if fault is not None:
            raise fault

    return step


def _take_ts(time: spec.Time, *, folded: bool) -> Callable[[Any, Incoming], int | None]:
    get = compile_paths(time.at, folded=folded)
    clock = compile_time(time.format, time.layout)
    unknown = tokens(time.unknown)

    def take(record: Any, message: Incoming) -> int | None:
        raw = get(record, message)
        return None if raw is None or token(raw) in unknown else clock(raw, message)

    return take


def compile_key(key: spec.Key, *, folded: bool) -> Step:
    get = compile_paths(key.at, folded=folded)
    absent = key.absent
    convert = _id if key.kind == "id" else _sequence

    def step(record: Any, message: Incoming, reading: Reading) -> None:
        raw = get(record, message)
        reading.key = absent if raw is None else convert(raw)

    return step


def _id(raw: object) -> int:
    text = raw if type(raw) is str else token(raw)
    if not text:
        raise DecodeError("key", f"the key is text or a number, not {show(raw)}")
    return hashed_key(text)


def _sequence(raw: object) -> int:
    if type(raw) is str and raw.isascii() and raw.isdigit() and len(raw) < 20:
        raw = int(raw)
    if type(raw) is float and raw.is_integer():
        raw = int(raw)
    if type(raw) is int and 0 <= raw < _LAST_KEY:
        return raw
    raise DecodeError("key", f"the key is a whole number from 0 to 2^63-1, not {show(raw)}")


def compile_mark(mark: spec.Mark | bool, flag: int, *, folded: bool) -> Step:
    if isinstance(mark, bool):
        return _always(flag if mark else 0)
    get: Getter = compile_paths(mark.at, folded=folded)
    values = tokens(mark.values)
    if mark.present:
        return lambda record, message, reading: _flag_if(
            reading, flag, get(record, message) is not None
        )

    def step(record: Any, message: Incoming, reading: Reading) -> None:
        if token(get(record, message)) in values:
            reading.flags |= flag

    return step


def _flag_if(reading: Reading, flag: int, holds: bool) -> None:
    if holds:
        reading.flags |= flag


def _always(flag: int) -> Step:
    def step(_record: Any, _message: Incoming, reading: Reading) -> None:
        reading.flags |= flag

    return step
