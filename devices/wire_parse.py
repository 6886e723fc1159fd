"""Canonical payloads to records, many by one call, none reaching into another.

They are joined into one JSON array and parsed by one call, `[0,N,p1,N,p2,N,…,pn,N,0]`, where N is
an integer drawn at random after the payloads came. Whatever they hold, if the parsed array has
2n + 3 elements and every second one is N, then (as no payload can have written N but by a chance of
2^-63) these n + 1 are the separators themselves, all of them outside of any object, array or text.
So between two of them stands exactly one JSON value: the payload. `{},{}`, `{"a":[{}` or `{}]`
add, swallow or move a separator and are found out.
"""

from collections.abc import Sequence
from typing import Any

import msgspec

from devices.payload import Limits
from devices.wire_columns import Record

TOGETHER = 64
"""Payloads parsed by one call; if one of them is bad, these are parsed one by one."""

Said = Record | list[Record] | None
_KEYS = frozenset(Record.__struct_fields__)
COLON = ord(":")
_ESCAPE = ord("\\")  # bytes look for a number faster than for bytes

_decode_joined = msgspec.json.Decoder(list[Record | list[Record] | int]).decode
_decode_any = msgspec.json.Decoder().decode
_decode_alone = msgspec.json.Decoder(Record | list[Record]).decode


def parse(payloads: Sequence[bytes], limits: Limits, nonce: int) -> tuple[list[Said], int]:
    """What each payload says, None where it is not plainly good; and the colons in all of them."""
    separator = b",%d," % nonce
    said: list[Said] = []
    colons = 0
    for start in range(0, len(payloads), TOGETHER):
        some = payloads[start : start + TOGETHER]
        joined = separator.join((b"[0", *some, b"0]"))
        colons += joined.count(COLON)
        said += _together(joined, some, limits, nonce) or [_alone(p, limits) for p in some]
    return said, colons


def _together(
    joined: bytes, payloads: Sequence[bytes], limits: Limits, nonce: int
) -> list[Any] | None:
    if _ESCAPE in joined or max(map(len, payloads)) > limits.bytes:
        return None
    try:
        parsed = _decode_joined(joined)
    except (ValueError, RecursionError):
        return None
    n = len(payloads)
    if len(parsed) != 2 * n + 3 or parsed[1::2] != [nonce] * (n + 1):
        return None
    said = parsed[2:-2:2]
    if {*map(type, said)} == {Record} or all(_fits(one, limits) for one in said):
        return said
    return None


def _alone(payload: bytes, limits: Limits) -> Said:
    if _ESCAPE in payload or len(payload) > limits.bytes:
        return None
    try:
        said = _decode_alone(payload)
    except (ValueError, RecursionError):
        return None
    return said if _fits(said, limits) else None


def _fits(said: object, limits: Limits) -> bool:
    if isinstance(said, list):
        return 0 < len(said) <= limits.readings
    return isinstance(said, Record)


def unknown_keys(payload: bytes, colons: int) -> int | None:
    """How many; None if there are more colons than keys of any name, and texts, have."""
    try:
        said = _decode_any(payload)
    except (ValueError, RecursionError):  # what was passed over is no UTF-8, or nested too deeply
        return None
    records = said if isinstance(said, list) else [said]
    keys = sum(map(len, records))
    if keys != colons:
        texts = [text for record in records for pair in record.items() for text in pair]
        own = sum(text.count(":") for text in texts if isinstance(text, str))
        if keys + own != colons:
            return None
    return sum(key not in _KEYS for record in records for key in record)
