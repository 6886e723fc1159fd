"""The canonical wire: one JSON object a reading, on `vigil/v1/{area}/{gateway}/up/{device}`."""

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from simulator.roster import Int

_TENTHS = [f"{n / 10:g}" for n in range(2501)] + ["null"]
NULL = 2501
"""Index of an unknown rate: the device says null."""


def stamps(ts: Int, local_offset: Int, rfc3339: NDArray[np.bool_]) -> list[str]:
    """JSON times: RFC 3339 with the local zone where asked, else epoch milliseconds."""
    texts = [str(ms) for ms in (ts // 1000).tolist()]
    rows = rfc3339.nonzero()[0]
    if len(rows):
        local = (ts[rows] + local_offset[rows]).astype("M8[us]")
        written = np.datetime_as_string(local, unit="ms").tolist()
        zones = [zone_text(o) for o in local_offset[rows].tolist()]
        for row, text, zone in zip(rows.tolist(), written, zones, strict=True):
            texts[row] = f'"{text}{zone}"'
    return texts


def zone_text(offset: int) -> str:
    """`+08:00` for an offset in µs."""
    minutes = abs(offset) // 60_000_000
    return f"{'-' if offset < 0 else '+'}{minutes // 60:02d}:{minutes % 60:02d}"


def beds(
    stamp: Iterable[str],
    seq: Iterable[int],
    in_bed: Iterable[bool],
    rates: Iterable[tuple[int, int, int]],
    extra: Iterable[str],
) -> list[bytes]:
    """Mattress reports; `rates` are heart and breath (tenths, or NULL) and movement (%)."""
    return [
        (
            f'{{"ts":{ts},"seq":{n},"in_bed":true,"heart_rate":{_TENTHS[heart]},'
            f'"respiratory_rate":{_TENTHS[breath]},"movement":{movement}{more}}}'
            if inside
            else f'{{"ts":{ts},"seq":{n},"in_bed":false{more}}}'
        ).encode()
        for ts, n, inside, (heart, breath, movement), more in zip(
            stamp, seq, in_bed, rates, extra, strict=True
        )
    ]


def rooms(
    stamp: Iterable[str], seq: Iterable[int], presence: Iterable[bool], extra: Iterable[str]
) -> list[bytes]:
    """Radar reports."""
    return [
        f'{{"ts":{ts},"seq":{n},"presence":{"true" if p else "false"}{more}}}'.encode()
        for ts, n, p, more in zip(stamp, seq, presence, extra, strict=True)
    ]


def fields(stamp: str, seq: int, **values: str | int) -> bytes:
    """Any one reading: words are quoted, numbers are not."""
    texts = [f',"{k}":"{v}"' if isinstance(v, str) else f',"{k}":{v}' for k, v in values.items()]
    return f'{{"ts":{stamp},"seq":{seq}{"".join(texts)}}}'.encode()
