"""The canonical wire: one JSON object a reading, on `vigil/v1/{area}/{gateway}/up/{device}`."""

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from simulator.roster import Int


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


def number(tenths: int) -> str:
    """`71.3`, and `71` where nothing follows the point."""
    return f"{tenths / 10:g}"


def readings(
    stamp: Iterable[str], seq: Iterable[int], columns: list[list[str]], renewed: Iterable[bool]
) -> list[bytes]:
    """One reading each; `columns` hold the JSON of each quantity, or "". A `renewed` firmware
    adds keys that nobody asked for."""
    extra = ("", ',"fw":"2.1.0","uptime":86400')
    return [
        f'{{"ts":{ts},"seq":{n}{"".join(texts)}{extra[new]}}}'.encode()
        for ts, n, new, *texts in zip(stamp, seq, renewed, *columns, strict=True)
    ]
