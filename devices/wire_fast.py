"""The hot way through the canonical wire: gives what `wire` gives, or nothing.

Nearly every message is a good one, so it is checked in one go while it is parsed (msgspec, typed).
Whatever is not plainly good, by one key or one value, gets None here and the careful reader of
`wire` decides. A test holds the two to the same answers.
"""

from typing import Annotated, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

from devices.decoded import FIRST_TS, LAST_TS, Reading, Values
from devices.ids import device_id
from schemas.quantities import QUANTITIES, Choice
from schemas.readings import Flag
from schemas.times import parse_rfc3339

_Unsaid = UnsetType | None
_Number = Annotated[float, Meta(gt=-1e30, lt=1e30)]
_Millis = Annotated[int, Meta(ge=FIRST_TS // 1_000, le=LAST_TS // 1_000)]


class _Wire(msgspec.Struct, gc=False):
    """A reading as it is written. Bounds are those of `wire`."""

    ts: str | _Millis | _Unsaid = UNSET
    seq: Annotated[int, Meta(ge=0, le=2**63 - 1)] | _Unsaid = UNSET
    device: str | _Unsaid = UNSET
    test: bool | _Unsaid = UNSET
    heart_rate: _Number | _Unsaid = UNSET
    respiratory_rate: _Number | _Unsaid = UNSET
    movement: _Number | _Unsaid = UNSET
    battery: _Number | _Unsaid = UNSET
    signal: _Number | _Unsaid = UNSET
    in_bed: bool | _Unsaid = UNSET
    presence: bool | _Unsaid = UNSET
    fall: Literal["none", "suspected", "confirmed", "cleared"] | _Unsaid = UNSET
    sos: Literal["pressed", "cancelled", "test"] | _Unsaid = UNSET
    tamper: bool | _Unsaid = UNSET


def _codes(name: str) -> dict[str, int]:
    quantity = QUANTITIES[name]
    assert isinstance(quantity, Choice)  # noqa: S101 (narrows the type; fall and sos are)
    return {word: code for code, word in enumerate(quantity.values)}


_FALL, _SOS = _codes("fall"), _codes("sos")
_TEST = int(Flag.TEST)
_ESCAPE, _COLON = ord("\\"), ord(":")  # bytes look for a number faster than for bytes

_decode = msgspec.json.Decoder(_Wire | list[_Wire]).decode


def read(payload: bytes, device: str | None, most: int) -> list[Reading] | None:
    """The readings, if every one of them is plainly good; `device` as in `wire.decode_up`."""
    if _ESCAPE in payload:
        return None
    try:
        said = _decode(payload)
        if type(said) is _Wire:
            reading, colons = _reading(said, device)
            return [reading] if colons == payload.count(_COLON) else None
        records: list[_Wire] = said
        if not 0 < len(records) <= most:
            return None
        readings = []
        colons = 0
        for record in records:
            reading, used = _reading(record, device)
            readings.append(reading)
            colons += used
    except (ValueError, RecursionError):
        return None
    # Without escapes every colon belongs to a known key or text, unless some key is unknown or
    # stands twice.
    return readings if colons == payload.count(_COLON) else None


def _reading(record: _Wire, device: str | None) -> tuple[Reading, int]:
    """The reading, and the colons its keys and texts account for; ValueError if not plain."""
    values: Values = {}
    colons = _fill(values, record)
    if (own := record.device) is not UNSET:
        if own is None:
            raise ValueError
        colons += 1 + own.count(":")
        own = device_id(own)
        if own != (device or own):
            raise ValueError
        device = own
    elif device is None:
        raise ValueError
    said, key, flags = record.ts, record.seq, 0
    ts: int | None = None
    if type(said) is int:
        colons += 1
        ts = said * 1_000
    elif type(said) is str:
        colons += 1 + said.count(":")
        ts = parse_rfc3339(said)
        if not FIRST_TS <= ts <= LAST_TS:
            raise ValueError
    elif said is None:
        colons += 1
    if key is UNSET:
        key = None
    else:
        colons += 1
    if record.test is not UNSET:
        colons += 1
        flags = _TEST if record.test else 0
    return Reading(device, ts, key, values, flags), colons


def _fill(values: Values, record: _Wire) -> int:  # noqa: C901 (unrolled: it is the hot spot)
    """Add what is known; returns how many quantities the record names, known or null."""
    named = 0
    if (number := record.heart_rate) is not UNSET:
        named += 1
        if number is not None:
            values["heart_rate"] = number
    if (number := record.respiratory_rate) is not UNSET:
        named += 1
        if number is not None:
            values["respiratory_rate"] = number
    if (number := record.movement) is not UNSET:
        named += 1
        if number is not None:
            values["movement"] = number
    if (number := record.battery) is not UNSET:
        named += 1
        if number is not None:
            values["battery"] = number
    if (number := record.signal) is not UNSET:
        named += 1
        if number is not None:
            values["signal"] = number
    if (said := record.in_bed) is not UNSET:
        named += 1
        if said is not None:
            values["in_bed"] = 1 if said else 0
    if (said := record.presence) is not UNSET:
        named += 1
        if said is not None:
            values["presence"] = 1 if said else 0
    if (fall := record.fall) is not UNSET:
        named += 1
        if fall is not None:
            values["fall"] = _FALL[fall]
    if (sos := record.sos) is not UNSET:
        named += 1
        if sos is not None:
            values["sos"] = _SOS[sos]
    if (said := record.tamper) is not UNSET:
        named += 1
        if said is not None:
            values["tamper"] = 1 if said else 0
    return named
