"""A batch of readings as columns: what decode makes, COPY writes and the rules judge.

One row is one message's content for one device, in the order it was received. No row objects on
the hot path. `received` is strictly increasing within a partition, so it is also the order in
which a stored range must be read to see what the rules saw (I5).
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from enum import IntFlag
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from schemas.quantities import CHOICES, NUMBERS, UNKNOWN


class Flag(IntFlag):
    """Bits of the `flags` column (int16)."""

    LATE = 1
    """Behind the watermark when applied. Set by the rules, not stored."""
    RETAINED = 2
    """Delivered as a retained message: state, never an edge."""
    TEST = 4
    """The device says that this is a test."""
    CLOCK_SUSPECT = 8
    """The device's time was more than 5 min ahead or before 2020: `ts` is `received`."""
    IMPLAUSIBLE = 16
    """A quantity was out of its plausible range and was made unknown."""
    HISTORY = 32
    """A history frame, by the device's own word."""
    BACKLOG = 64
    """Received while the session was catching up: does not move the watermark."""
    NO_TIME = 128
    """The message carried no time: `ts` is `received`."""
    SIGN_OF_LIFE = 256
    """A message that is kept elsewhere (a reject, a gateway's status): it only shows that the
    device or gateway spoke. Never a row of `reading`."""
    ZONE_ASSUMED = 2048
    """The device's time came without a zone: it was read in its gateway's own."""
    SOS_LEVEL = 512
    """The sos is a state that repeats while it holds: only its beginning is a press."""
    FALL_EVENT = 1024
    """A confirmed fall is an event of its own, as the device never says that one is over."""


Int64 = NDArray[np.int64]
Int32 = NDArray[np.int32]
Int16 = NDArray[np.int16]
Int8 = NDArray[np.int8]
Float32 = NDArray[np.float32]

_MAGIC = b"VR1\0"


@dataclass(slots=True)
class Readings:
    """Columns of equal length n.

    `ts`, `received`: int64 µs UTC. `key`: int64, makes (ts, device, key) unique. `device`,
    `elder`, `gateway`: int32 directory rows, -1 for none (a gateway's status has no device, a
    whole-home device no elder). Numbers: float32, NaN unknown. Booleans and enumerations: int8
    codes of `schemas.quantities`, -1 unknown. `online`: int8, a gateway's status. `flags`: int16
    of `Flag`.
    """

    ts: Int64
    received: Int64
    key: Int64
    device: Int32
    elder: Int32
    gateway: Int32
    heart_rate: Float32
    respiratory_rate: Float32
    movement: Float32
    battery: Float32
    signal: Float32
    in_bed: Int8
    presence: Int8
    fall: Int8
    sos: Int8
    tamper: Int8
    online: Int8
    flags: Int16

    def __len__(self) -> int:
        return len(self.ts)

    @classmethod
    def blank(cls, n: int) -> Self:
        """n rows in which everything is unknown and every time is 0."""
        columns = {}
        for name, dtype in DTYPES.items():
            columns[name] = np.full(n, _BLANKS.get(name, 0), dtype=dtype)
        return cls(**columns)

    @classmethod
    def concat(cls, parts: Sequence[Self]) -> Self:
        """The parts one after another; no parts give no rows."""
        if not parts:
            return cls.blank(0)
        if len(parts) == 1:
            return parts[0]
        names = DTYPES
        return cls(**{n: np.concatenate([getattr(p, n) for p in parts]) for n in names})

    def take(self, rows: NDArray[np.integer] | NDArray[np.bool_] | slice) -> Self:
        """The rows that an index array, a mask or a slice selects, in its order."""
        return type(self)(**{name: getattr(self, name)[rows] for name in DTYPES})

    def has(self, flag: Flag) -> NDArray[np.bool_]:
        """Rows in which any of the bits is set: bool, length n."""
        return np.asarray((self.flags & np.int16(flag)) != 0)

    def to_bytes(self) -> bytes:
        """A compact, versioned form for the batch log (41 + 4 bytes a row)."""
        parts = [_MAGIC, struct.pack("<I", len(self))]
        parts += [getattr(self, name).astype(dtype, copy=False).tobytes() for name, dtype in _WIRE]
        return b"".join(parts)

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        """Undo `to_bytes`; ValueError for bytes of another form or length."""
        if data[:4] != _MAGIC or len(data) < 8:
            raise ValueError("not a batch of readings, or of another version")
        (n,) = struct.unpack_from("<I", data, 4)
        if len(data) != 8 + n * _ROW_BYTES:
            raise ValueError(f"a batch of {n} readings has {8 + n * _ROW_BYTES} bytes")
        columns, offset = {}, 8
        for name, dtype in _WIRE:
            column = np.frombuffer(data, dtype, count=n, offset=offset)
            columns[name] = column.astype(DTYPES[name])
            offset += n * dtype.itemsize
        return cls(**columns)


_INT64 = ("ts", "received", "key")
_INT32 = ("device", "elder", "gateway")


def _dtypes() -> Iterable[tuple[str, np.dtype[Any]]]:
    numbers = {q.name for q in NUMBERS}
    for field in fields(Readings):
        if field.name in _INT64:
            yield field.name, np.dtype(np.int64)
        elif field.name in _INT32:
            yield field.name, np.dtype(np.int32)
        elif field.name in numbers:
            yield field.name, np.dtype(np.float32)
        elif field.name == "flags":
            yield field.name, np.dtype(np.int16)
        else:
            yield field.name, np.dtype(np.int8)


DTYPES = dict(_dtypes())
"""Column name → dtype, in column order."""

_WIRE = [(name, dtype.newbyteorder("<")) for name, dtype in DTYPES.items()]
_ROW_BYTES = sum(dtype.itemsize for _, dtype in _WIRE)
_BLANKS: dict[str, float] = {
    **{q.name: float("nan") for q in NUMBERS},
    **{q.name: UNKNOWN for q in CHOICES},
    **dict.fromkeys(_INT32, UNKNOWN),
    "online": UNKNOWN,
}
