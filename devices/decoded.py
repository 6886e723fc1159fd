"""What decoding gives: readings, a status, or an error that says what to do.

Plausibility, rounding, clock checks and id lookups happen later, in ingest.
"""

from hashlib import blake2b

import msgspec

from schemas.quantities import Fall, Sos
from schemas.times import SECOND

Values = dict[str, float | int]


class Reading(msgspec.Struct):
    """One device's content of one message.

    `ts`: device time in µs UTC (years 1 to 9999), None where the message carries none. `key`: the
    device's sequence (≥ 0), a wrapper's id hashed to a negative number, or None. `values`:
    canonical quantity → a number in its canonical unit, or a code of `schemas.quantities`; what is
    absent is unknown.
    `flags`: the `TEST`, `HISTORY`, `SOS_LEVEL` and `FALL_EVENT` bits of `schemas.readings.Flag`.
    """

    device: str
    ts: int | None
    key: int | None
    values: Values
    flags: int = 0


class Status(msgspec.Struct, frozen=True):
    """A gateway's (or the bridge's behind it) own word on whether it is connected."""

    online: bool


class DecodeError(ValueError):
    """A message, or one reading of it, that cannot be used.

    `code` is a short slug (`empty`, `size`, `utf8`, `json`, `shape`, `type`, `value`, `time`,
    `key`, `device`, `topic`, `profile`, `duplicate`, `frame`, `protobuf`, `alias`); the text says
    what, where in the payload and what to do. `device` is the device it is about, where that was
    readable; `index` its place in an array.
    """

    def __init__(
        self, code: str, message: str, *, device: str | None = None, index: int | None = None
    ) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.device = device
        self.index = index

    def of(self, device: str | None) -> "DecodeError":
        """The same fault, of another device: one parsed payload may serve several readers."""
        return DecodeError(self.code, self.message, device=device, index=self.index)


class Decoded(msgspec.Struct):
    """All that one message said.

    `rejects`: readings of an array that could not be used; the good ones stand in `readings`.
    `faults`: values left out of a reading that was kept, because it carries a press or a fall (I7)
    or because they are a newer firmware's; the reading stands in `readings`, so these are for logs
    and counters, not rejects.
    `ignored`: why a known message carries nothing. `unknown_keys`: keys of our wire that mean
    nothing to it. `profile`: the one that decoded.
    """

    profile: str
    readings: list[Reading] = []
    rejects: list[DecodeError] = []
    faults: list[DecodeError] = []
    status: Status | None = None
    ignored: str | None = None
    unknown_keys: int = 0


FIRST_TS = -62_135_596_800 * SECOND
LAST_TS = 253_402_300_800 * SECOND - 1
"""The years 1 to 9999: a `ts` outside is a fault, so that whoever formats one need not look."""

_PRESS = (Sos.PRESSED, Sos.TEST)
_FALL = (Fall.SUSPECTED, Fall.CONFIRMED)


def is_emergency(values: Values) -> bool:
    """A press or a fall: never given up because something else in the message is wrong (I7)."""
    return values.get("sos") in _PRESS or values.get("fall") in _FALL


def hashed_key(text: str) -> int:
    """A wrapper's id as a negative 63-bit key, so that it never meets a sequence number."""
    digest = blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return -1 - (int.from_bytes(digest, "big") >> 1)


def show(value: object) -> str:
    """A value as an error may quote it: short, and safe for any value."""
    try:
        text = repr(value)
    except (ValueError, RecursionError):  # more digits than Python prints, or nested too deeply
        text = "something huge"
    return text if len(text) <= 40 else text[:37] + "..."
