"""Canonical messages of a batch, read together: what is plainly good becomes columns.

The payloads are joined into one JSON array and parsed by one call, `[0,N,p1,N,p2,N,…,pn,N,0]`,
where N is an integer drawn at random after the payloads came. Whatever they hold, no payload
reaches into another: if the parsed array has 2n + 3 elements and every second one is N, then (as no
payload can have written N but by a chance of 2^-63) these n + 1 are the separators themselves, all
of them outside of any object, array or text. So between two of them stands exactly one JSON value:
the payload. `{},{}`, `{"a":[{}` or `{}]` add, swallow or move a separator and are found out.

The one-by-one reader, `wire.decode_up`, is the definition. Whatever is not plainly good, by one
key or one value, is left to it, and a test holds the two to the same answers.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from devices.payload import Limits
from devices.wire_columns import Bool, Codes, Columns, Int64, Numbers, Record, columns

TOGETHER = 64
"""Payloads parsed by one call; if one of them is bad, these are parsed one by one."""

_Said = Record | list[Record] | None
_KEYS = frozenset(Record.__struct_fields__)
_COLON, _ESCAPE = ord(":"), ord("\\")  # bytes look for a number faster than for bytes

_decode_joined = msgspec.json.Decoder(list[Record | list[Record] | int]).decode
_decode_any = msgspec.json.Decoder().decode
_decode_alone = msgspec.json.Decoder(Record | list[Record]).decode


class Wire(NamedTuple):
    """Readings as columns of equal length, in the order of their messages.

    `message`: the place of the message a reading stands in. `ts`: device time, int64 µs UTC, NEVER
    where none is said. `key`: its sequence, int64, -1 for none. `flags`: int16, the TEST bit.
    `numbers`: float64, NaN unknown; `codes`: int8, -1 unknown; of the quantities that any of them
    names. `device`: the id of each; None where every message's topic names it.
    `left`: bool, one a message: it has to be read by `wire.decode_up`. `unknown`: int64, one a
    message: its keys that mean nothing here; 0 where it is left.
    """

    message: Int64
    ts: Int64
    key: Int64
    flags: NDArray[np.int16]
    numbers: Numbers
    codes: Codes
    device: list[str] | None
    left: Bool
    unknown: Int64


def read(
    payloads: Sequence[bytes], own: Sequence[str | None], *, limits: Limits, nonce: int
) -> Wire:
    """`own`: the device id in each message's topic, None for a gateway's own topic. `nonce`: 63
    random bits, drawn after the payloads came and never used before."""
    said, written = _parse(payloads, limits, nonce)
    message, records, one_each = _flat(said)
    found = columns(records, own if one_each else [own[m] for m in message.tolist()])
    left = np.fromiter((s is None for s in said), np.bool_, len(said))
    left[message[found.wrong]] = True
    unknown = np.zeros(len(left), np.int64)
    if written != found.colons.sum():
        _leave_ambiguous(left, unknown, payloads, np.bincount(message, found.colons, len(left)))
    return _wire(message, found, left, unknown)


def _parse(payloads: Sequence[bytes], limits: Limits, nonce: int) -> tuple[list[_Said], int]:
    """What each payload says, None where it is not plainly good; and the colons in all of them."""
    separator = b",%d," % nonce
    said: list[_Said] = []
    colons = 0
    for start in range(0, len(payloads), TOGETHER):
        some = payloads[start : start + TOGETHER]
        joined = separator.join((b"[0", *some, b"0]"))
        colons += joined.count(_COLON)
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


def _alone(payload: bytes, limits: Limits) -> _Said:
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


def _flat(said: list[_Said]) -> tuple[Int64, list[Record], bool]:
    """Of each record its message's place; the records; whether every message is one."""
    if {*map(type, said)} <= {Record}:
        return np.arange(len(said)), said, True  # type: ignore[return-value]
    records: list[Record] = []
    sizes: list[int] = []
    for one in said:
        before = len(records)
        if isinstance(one, Record):
            records.append(one)
        elif one is not None:
            records += one
        sizes.append(len(records) - before)
    return np.repeat(np.arange(len(said)), sizes), records, False


def _leave_ambiguous(
    left: Bool, unknown: Int64, payloads: Sequence[bytes], used: NDArray[Any]
) -> None:
    """Leave what may name a key twice: it has more colons than its keys and texts account for.

    In a text without escapes every colon belongs to a key or to a text, and none has fewer than
    that: equal sums clear a whole batch. Keys that mean nothing here were not counted yet: `used`
    are the others' colons, by message.
    """
    written = np.fromiter((p.count(_COLON) for p in payloads), np.int64, len(payloads))
    for place in np.flatnonzero((written != used) & ~left).tolist():
        found = _unknown_keys(payloads[place], int(written[place]))
        left[place] = found is None
        unknown[place] = found or 0


def _unknown_keys(payload: bytes, colons: int) -> int | None:
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


def _wire(message: Int64, found: Columns, left: Bool, unknown: Int64) -> Wire:
    ts, key, flags, numbers, codes, device = found[:6]
    if not left.any():
        return Wire(message, ts, key, flags, numbers, codes, device, left, unknown)
    good = ~left[message]
    return Wire(
        message[good],
        ts[good],
        key[good],
        flags[good],
        {name: column[good] for name, column in numbers.items()},
        {name: column[good] for name, column in codes.items()},
        device and [d for d, is_good in zip(device, good.tolist(), strict=True) if is_good],
        left,
        unknown,
    )
