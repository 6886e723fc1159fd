"""Parsed canonical readings to columns, and how many keys each one named.

A reading is checked while it is parsed (msgspec, typed): what parses is plainly good, but for the
texts in it, which are looked at here. Nothing here says why something is wrong: `wire` does.
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import Annotated, Any, Literal, NamedTuple

import msgspec
import numpy as np
from msgspec import Meta
from numpy.typing import NDArray

from devices.decoded import FIRST_TS, LAST_TS, DecodeError
from devices.ids import device_id
from schemas.quantities import CHOICES, NUMBERS, Choice
from schemas.readings import Flag
from schemas.times import NEVER, parse_rfc3339

Int64 = NDArray[np.int64]
Bool = NDArray[np.bool_]
Numbers = dict[str, NDArray[np.float64]]
Codes = dict[str, NDArray[np.int8]]

# What stands where a key is absent. Of the type that the column has anyway, so that a column in
# which all is plain becomes an array in one go; no value that can be written is the same.
_NO_NUMBER: Any = float("nan")
_NOTHING: Any = -1
_NO_MILLIS: Any = FIRST_TS // 1_000 - 1

_Number = Annotated[float, Meta(gt=-1e30, lt=1e30)] | None
_Millis = Annotated[int, Meta(ge=FIRST_TS // 1_000, le=LAST_TS // 1_000)]


class Record(msgspec.Struct, gc=False):
    """A reading as it is written. Bounds are those of `wire`."""

    ts: str | _Millis | None = _NO_MILLIS
    seq: Annotated[int, Meta(ge=0, le=2**63 - 1)] | None = _NOTHING
    device: str | None = _NOTHING
    test: bool | None = _NOTHING
    heart_rate: _Number = _NO_NUMBER
    respiratory_rate: _Number = _NO_NUMBER
    movement: _Number = _NO_NUMBER
    battery: _Number = _NO_NUMBER
    signal: _Number = _NO_NUMBER
    in_bed: bool | None = _NOTHING
    presence: bool | None = _NOTHING
    fall: Literal["none", "suspected", "confirmed", "cleared"] | None = _NOTHING
    sos: Literal["pressed", "cancelled", "test"] | None = _NOTHING
    tamper: bool | None = _NOTHING


class Columns(NamedTuple):
    """Of n records; see `devices.wire_batch.Wire` for the first six."""

    ts: Int64
    key: Int64
    flags: NDArray[np.int16]
    numbers: Numbers
    codes: Codes
    device: list[str] | None
    colons: Int64
    """Of each record: those that its keys, and the texts under them, account for."""
    wrong: Bool
    """A text in the record is not what it should be."""


def columns(records: Sequence[Record], own: Sequence[str | None]) -> Columns:
    """`own`: the device that the topic of each record's message names, None where it names none."""
    n = len(records)
    wrong = np.zeros(n, np.bool_)
    colons = np.zeros(n, np.int64)
    ts = _times([r.ts for r in records], colons, wrong)
    key = _integers([r.seq for r in records], colons, np.int64)
    test = _integers([r.test for r in records], colons, np.int8)
    flags = np.where(test > 0, np.int16(Flag.TEST), np.int16(0))
    numbers, codes = _values(records, colons)
    device = _devices([r.device for r in records], own, colons, wrong)
    return Columns(ts, key, flags, numbers, codes, device, colons, wrong)


def _values(records: Sequence[Record], colons: Int64) -> tuple[Numbers, Codes]:
    """What was said of each quantity that any record names. Written out: it is the hot spot, and
    an attribute by its own name costs a third of one by a variable's."""
    said: dict[str, list[Any]] = {
        "heart_rate": [r.heart_rate for r in records],
        "respiratory_rate": [r.respiratory_rate for r in records],
        "movement": [r.movement for r in records],
        "battery": [r.battery for r in records],
        "signal": [r.signal for r in records],
        "in_bed": [r.in_bed for r in records],
        "presence": [r.presence for r in records],
        "fall": [r.fall for r in records],
        "sos": [r.sos for r in records],
        "tamper": [r.tamper for r in records],
    }
    numbers = {q.name: _numbers(said[q.name], colons) for q in NUMBERS}
    codes = {q.name: _choices(q, said[q.name], colons) for q in CHOICES}
    return (
        {name: column for name, column in numbers.items() if column is not None},
        {name: column for name, column in codes.items() if column is not None},
    )


def _numbers(said: list[Any], colons: Int64) -> NDArray[np.float64] | None:
    if said.count(_NO_NUMBER) == len(said):
        return None
    numbers = np.fromiter(said, np.float64, len(said))  # a null becomes NaN
    colons += 1
    unknown = np.flatnonzero(np.isnan(numbers))
    absent = [said[at] is _NO_NUMBER for at in unknown.tolist()]
    colons[unknown] -= np.array(absent, np.int64)
    return numbers


def _choices(choice: Choice, said: list[Any], colons: Int64) -> NDArray[np.int8] | None:
    if said.count(_NOTHING) == len(said):
        return None
    if choice.is_bool:
        return _integers(said, colons, np.int8)
    colons += np.array([value is not _NOTHING for value in said])
    codes = {word: code for code, word in enumerate(choice.values)}
    return np.array([codes.get(value, -1) for value in said], np.int8)


def _integers(said: list[Any], colons: Int64, dtype: Any) -> NDArray[Any]:
    """-1 where nothing is said, or null."""
    try:
        numbers = np.fromiter(said, dtype, len(said))
        colons += numbers != _NOTHING
    except TypeError:  # a null among them
        colons += np.array([value is not _NOTHING for value in said])
        numbers = np.array([_NOTHING if value is None else value for value in said], dtype)
    return numbers


def _times(said: list[Any], colons: Int64, wrong: Bool) -> Int64:
    """µs; NEVER where no time is said."""
    if {*map(type, said)} <= {int}:
        millis = np.fromiter(said, np.int64, len(said))
        named = millis != _NO_MILLIS
        colons += named
        return np.where(named, millis * 1_000, NEVER)
    return np.array([_time(at, value, colons, wrong) for at, value in enumerate(said)], np.int64)


def _time(at: int, said: str | int | None, colons: Int64, wrong: Bool) -> int:
    if said == _NO_MILLIS:
        return NEVER
    colons[at] += 1
    if said is None:
        return NEVER
    if isinstance(said, int):
        return said * 1_000
    colons[at] += said.count(":")
    try:
        ts = parse_rfc3339(said)
    except ValueError:
        ts = NEVER
    wrong[at] |= not FIRST_TS <= ts <= LAST_TS
    return ts


def _devices(
    said: list[Any], own: Sequence[str | None], colons: Int64, wrong: Bool
) -> list[str] | None:
    """The device of each record; None where all are their topics' own."""
    ids: list[Any] = [*map(_named, said)]
    silent = ids.count(None)
    if silent == len(ids) and None not in own:
        return None
    colons += np.array([text is not None for text in ids]) if silent else 1
    # Counted in the ids: what was cut off of a text is missed, and a slower look tells.
    if ":" in "".join(filter(None, ids) if silent else ids):
        colons += np.array([0 if text is None else text.count(":") for text in ids])
    if silent or any(own):
        ids = [*map(_agreed, ids, own)]
    if "" in ids:
        wrong |= np.array([not text for text in ids])
    return ids


def _agreed(text: str | None, topic: str | None) -> str:
    """The device by what its record and its topic say; "" where they do not say the same."""
    if topic is None:
        return text or ""
    return topic if text is None or text == topic else ""


@lru_cache(maxsize=65_536)
def _named(said: Any) -> str | None:
    """The id for what stands in a record; None where nothing does, "" where it is no id."""
    if not isinstance(said, str):
        return None if said == _NOTHING else ""
    try:
        return device_id(said)
    except DecodeError:
        return ""
