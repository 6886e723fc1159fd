"""What stands beside the values of a reading, compiled: time, key, test and history marks."""

from collections.abc import Callable
from operator import itemgetter
from typing import Any, NamedTuple

from devices.decoded import DecodeError, Reading, hashed_key, show
from devices.language import spec
from devices.language.places import Found, Places
from devices.language.times import Clock, compile_time
from devices.language.tokens import compile_listed, token
from devices.message import Incoming
from schemas.readings import Flag

Add = Callable[[Found, Incoming, Reading], None]
"""Adds one thing to a reading; DecodeError where it cannot be read."""


class Step(NamedTuple):
    """One thing that a reading is given."""

    at: int | None
    """The place without which there is nothing to add; None: there is no such place."""
    add: Add


_LAST_KEY = 2**63


def compile_ts(times: list[spec.Time], places: Places) -> Step:
    """The first of them that says something that can be read."""
    if len(times) == 1 and not times[0].clock:
        return _only_ts(times[0], places)
    takes = [(_text(time, places), *_clock(time)) for time in times]

    def add(found: Found, message: Incoming, reading: Reading) -> None:
        fault: DecodeError | None = None
        for text, is_unknown, clock, assumed in takes:
            raw = text(found)
            if raw is None or is_unknown(raw):
                continue
            try:
                reading.ts = clock(raw, message)
            except DecodeError as error:
                fault = fault or error
                continue
            reading.flags |= assumed
            return
        if fault is not None:
            raise fault

    return Step(None, add)


def _only_ts(time: spec.Time, places: Places) -> Step:
    at = places.at(time.at)
    is_unknown, clock, assumed = _clock(time)

    def add(found: Found, message: Incoming, reading: Reading) -> None:
        raw = found[at]
        if not is_unknown(raw):
            reading.ts = clock(raw, message)
            reading.flags |= assumed

    return Step(at, add)


def _text(time: spec.Time, places: Places) -> Callable[[Found], Any]:
    """What says the time; where date and clock stand apart, both with a space between."""
    at = places.at(time.at)
    if not time.clock:
        return itemgetter(at)
    clock = places.at(time.clock)

    def text(found: Found) -> Any:
        date, hour = found[at], found[clock]
        return f"{date} {hour}" if type(date) is str and type(hour) is str else None

    return text


def _clock(time: spec.Time) -> tuple[Callable[[object], bool], Clock, int]:
    """What means no time, how to read one, and the flag of what had to be assumed."""
    assumed = Flag.ZONE_ASSUMED.value if time.format == "local" else 0
    return compile_listed(time.unknown), compile_time(time.format, time.layout), assumed


def compile_key(key: spec.Key, places: Places) -> Step:
    at, absent = places.at(key.at), key.absent
    convert = _id if key.kind == "id" else _sequence

    def add(found: Found, _message: Incoming, reading: Reading) -> None:
        raw = found[at]
        reading.key = absent if raw is None else convert(raw)

    return Step(at if absent is None else None, add)


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


def compile_mark(mark: spec.Mark, flag: int, places: Places) -> Step:
    """Sets the flag where the mark stands."""
    at, is_listed, present = places.at(mark.at), compile_listed(mark.values), mark.present

    def add(found: Found, _message: Incoming, reading: Reading) -> None:
        if present or is_listed(found[at]):
            reading.flags |= flag

    return Step(at, add)
