"""Canonical messages of a batch, read together: what is plainly good becomes columns.

The one-by-one reader, `wire.decode_up`, is the definition. Whatever is not plainly good, by one
key or one value, is left to it, and a test holds the two to the same answers.
"""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from devices.payload import Limits
from devices.wire_columns import Bool, Codes, Columns, Int64, Numbers, Record, columns
from devices.wire_parse import COLON, Said, parse, unknown_keys

PIECE = 192 * 1024
"""Payload bytes, roughly, that become columns before more are parsed: so few objects stay in the
cache, and in memory that the process has already."""

T = TypeVar("T", bound=np.generic)
_NO_NUMBER, _NO_CODE = np.float64(np.nan), np.int8(-1)


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
    payloads: Sequence[bytes],
    own: Sequence[str | None],
    *,
    limits: Limits,
    nonce: int,
    piece: int = PIECE,
) -> Wire:
    """`own`: the device id in each message's topic, None for a gateway's own topic. `nonce`: 63
    random bits, drawn after the payloads came and never used before."""
    starts = [0, *_cuts(payloads, piece), len(payloads)]
    pieces = [_read(payloads[a:b], own[a:b], limits, nonce) for a, b in pairwise(starts)]
    return pieces[0] if len(pieces) == 1 else _joined(pieces, starts, own)


def _cuts(payloads: Sequence[bytes], piece: int) -> list[int]:
    """Where one piece ends and another begins."""
    sizes = np.fromiter(map(len, payloads), np.int64, len(payloads))
    return (np.flatnonzero(np.diff(np.cumsum(sizes) // piece)) + 1).tolist()


def _read(payloads: Sequence[bytes], own: Sequence[str | None], limits: Limits, nonce: int) -> Wire:
    said, written = parse(payloads, limits, nonce)
    message, records, one_each = _flat(said)
    found = columns(records, own if one_each else [own[m] for m in message.tolist()])
    left = np.fromiter((s is None for s in said), np.bool_, len(said))
    left[message[found.wrong]] = True
    unknown = np.zeros(len(left), np.int64)
    if written != found.colons.sum():
        _leave_ambiguous(left, unknown, payloads, np.bincount(message, found.colons, len(left)))
    return _wire(message, found, left, unknown)


def _flat(said: list[Said]) -> tuple[Int64, list[Record], bool]:
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
    written = np.fromiter((p.count(COLON) for p in payloads), np.int64, len(payloads))
    for place in np.flatnonzero((written != used) & ~left).tolist():
        found = unknown_keys(payloads[place], int(written[place]))
        left[place] = found is None
        unknown[place] = found or 0


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


def _joined(pieces: Sequence[Wire], starts: Sequence[int], own: Sequence[str | None]) -> Wire:
    """The pieces one after another; `starts`: the place of each one's first message."""
    message = np.concatenate([p.message + start for p, start in zip(pieces, starts, strict=False)])
    topics = [own[place] for place in message.tolist()]
    sizes = [len(piece.key) for piece in pieces]
    return Wire(
        message,
        np.concatenate([piece.ts for piece in pieces]),
        np.concatenate([piece.key for piece in pieces]),
        np.concatenate([piece.flags for piece in pieces]),
        _by_name([piece.numbers for piece in pieces], sizes, _NO_NUMBER),
        _by_name([piece.codes for piece in pieces], sizes, _NO_CODE),
        _devices([piece.device for piece in pieces], sizes, topics),
        np.concatenate([piece.left for piece in pieces]),
        np.concatenate([piece.unknown for piece in pieces]),
    )


def _by_name(
    parts: Sequence[dict[str, NDArray[T]]], sizes: Sequence[int], unsaid: T
) -> dict[str, NDArray[T]]:
    """Of every quantity that any piece names, `unsaid` where another one does not."""
    named = dict.fromkeys(name for part in parts for name in part)
    return {
        name: np.concatenate(
            [
                p[name] if name in p else np.full(n, unsaid)
                for p, n in zip(parts, sizes, strict=True)
            ]
        )
        for name in named
    }


def _devices(
    parts: Sequence[list[str] | None], sizes: Sequence[int], topics: Sequence[Any]
) -> list[str] | None:
    if not any(parts):
        return None
    ends = np.cumsum([0, *sizes]).tolist()
    named = zip(parts, pairwise(ends), strict=True)
    return [id_ for part, (start, end) in named for id_ in part or topics[start:end]]
