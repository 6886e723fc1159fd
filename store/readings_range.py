"""Stored readings read back in the order in which the rules saw them (I5).

A row of a result costs a message and a call or two on either side, which for a reading is most of
its price. So the store packs a reading into seven integers and sends a whole slice of time as one
row of seven arrays; numpy takes them apart and puts them in order.
"""

from collections.abc import Iterator

import numpy as np
import psycopg
from numpy.typing import NDArray
from psycopg import sql

from schemas.quantities import CHOICES, NUMBERS, QUANTITIES
from schemas.readings import Flag, Readings
from schemas.times import MINUTE, from_micros
from store.reading_rows import HEADER, NULL_STEPS, PG_EPOCH, TRAILER

_SLICE = 500_000
"""Rows fetched at a time at most: 84 bytes each on the wire, 64 as columns."""
_AIM = 350_000
"""What the next slice should hold if rows go on coming as they came."""
_ARRAY = np.dtype([("length", ">i4"), ("value", ">i8")])
_ARRAY_HEAD = 4 + 20
"""Bytes before an array's elements: its length, then dimensions, flags, type, count, bound."""

_SIGN = int(Flag.SIGN_OF_LIFE | Flag.NO_TIME)
_RATES = ("heart_rate", "respiratory_rate", "movement", "battery")
_NUMBERS = {q.name: q for q in NUMBERS}
_PACKED = ("ts", "received", "key", "places", "said", "rates", "choices")


def _shifted(value: str, bits: int, by: int) -> str:
    return f"((({value})::int8 & {2**bits - 1}) << {by})"


def _steps(name: str, by: int) -> str:
    return _shifted(f"coalesce({name}, {NULL_STEPS})", 16, by)


def _packed(device: str, elder: str, flags: str, online: str) -> str:
    """device, gateway | elder, signal, flags | four numbers | five choices and `online`."""
    choices = [_shifted(f"coalesce({q.name}, -1)", 8, 8 * i) for i, q in enumerate(CHOICES)]
    return ", ".join(
        (
            f"{_shifted(device, 32, 32)} | {_shifted('gateway', 32, 0)} places",
            f"{_shifted(elder, 32, 32)} | {_steps('signal', 16)} | {_shifted(flags, 16, 0)} said",
            " | ".join(_steps(name, 16 * i) for i, name in enumerate(_RATES)) + " rates",
            " | ".join((*choices, _shifted(online, 8, 40))) + " choices",
        )
    )


_ROW = f"ts, received, key, {_packed('device', 'coalesce(elder, -1)', 'flags', '-1')}"
_UNKNOWN = ", ".join(f"NULL::int2 AS {name}" for name in QUANTITIES)
_LIFE = (
    f"received AS ts, received, 0::int8, {_packed('device', '-1', f'flags | {_SIGN}', 'online')}"
)
_WITHIN = "received >= {start} AND received < {end}"
_SELECT = f"""
SELECT {_ROW} FROM reading
WHERE {_WITHIN} AND ts >= {{start}} - INTERVAL '7 days' AND ts < {{end}} + INTERVAL '1 day'
UNION ALL
SELECT {_ROW} FROM reading_other WHERE {_WITHIN}
UNION ALL
SELECT {_LIFE} FROM (
    SELECT received, -1 AS device, gateway, flags, online::int4, {_UNKNOWN} FROM gateway_status
    WHERE {_WITHIN}
    UNION ALL
    SELECT received, coalesce(device, -1), gateway, flags, -1, {_UNKNOWN} FROM reject
    WHERE {_WITHIN} AND gateway >= 0
) life
"""  # noqa: S608 (our own column names)
_ARRAYS = ", ".join(f"array_agg({name})" for name in _PACKED)
_COPY = f"COPY (SELECT {_ARRAYS} FROM ({_SELECT} LIMIT {{limit}}) found) TO STDOUT (FORMAT binary)"  # noqa: S608


def read_range(
    connection: psycopg.Connection, start: int, end: int, *, batch: int = 50_000
) -> Iterator[Readings]:
    """Rows with `received` in [start, end) (µs UTC), in order, at most `batch` at a time.

    What gateways said of themselves, and rejects of known gateways, come as SIGN_OF_LIFE rows in
    their places. Rows of one `received` stay together. Memory is bounded by half a million rows;
    each such slice is a query of its own, so that a long reading holds no lock. Rows that are
    committed behind the reader's place are not seen.
    """
    step = MINUTE
    while start < end:
        until = min(start + step, end)
        found = _read(connection, start, until, _SLICE if step > 1 else None)
        if found is None:  # too many for a slice, unless it is one microsecond
            step = max(step // 4, 1)
            continue
        start, step = until, max(1, min(2 * step, step * _AIM // max(len(found), 1)))
        yield from _parts(found, batch)


def _parts(found: Readings, batch: int) -> Iterator[Readings]:
    """Cut where `received` changes."""
    begin = 0
    while begin < len(found):
        end = min(begin + batch, len(found))
        if end < len(found):
            first = int(np.searchsorted(found.received, found.received[end]))
            last = int(np.searchsorted(found.received, found.received[end], side="right"))
            end = first if first > begin else last
        yield found.take(slice(begin, end))
        begin = end


def _read(
    connection: psycopg.Connection, start: int, end: int, most: int | None
) -> Readings | None:
    """A slice, in order; None where it has more rows than `most`."""
    query = sql.SQL(_COPY).format(
        start=sql.Literal(from_micros(start)),
        end=sql.Literal(from_micros(end)),
        limit=sql.SQL("ALL") if most is None else sql.Literal(most + 1),
    )
    with connection.cursor() as cursor, cursor.copy(query) as copy:
        data = b"".join(copy)
    arrays = _arrays(data)
    if most is not None and len(arrays["ts"]) > most:
        return None
    received = arrays["received"]
    order = np.argsort(received, kind="stable")
    if len(order) and not np.diff(received[order]).all():
        order = np.lexsort((arrays["key"], arrays["places"] >> 32, received))
    return _readings({name: column[order] for name, column in arrays.items()})


def _arrays(data: bytes) -> dict[str, NDArray[np.int64]]:
    """The columns of the one row of a binary COPY, in no order; empty where they are NULL."""
    at = len(HEADER) + 2
    arrays = {}
    for name in _PACKED:
        length = int.from_bytes(data[at : at + 4], "big", signed=True)
        if length < 0:
            return {name: np.empty(0, np.int64) for name in _PACKED}
        count = (length - (_ARRAY_HEAD - 4)) // _ARRAY.itemsize
        sent = np.frombuffer(data, _ARRAY, count, at + _ARRAY_HEAD)
        arrays[name] = sent["value"].astype(np.int64)
        at += 4 + length
    if data[at:] != TRAILER:
        raise ValueError("the store sent something else than a row of arrays")
    return arrays


def _readings(packed: dict[str, NDArray[np.int64]]) -> Readings:
    """As the rules saw them. Halves, quarters and bytes of the little-endian integers."""
    out = Readings.blank(len(packed["ts"]))
    out.ts[:], out.received[:] = packed["ts"] + PG_EPOCH, packed["received"] + PG_EPOCH
    out.key[:] = packed["key"]
    out.gateway[:], out.device[:] = _split(packed["places"], "<i4")
    out.elder[:] = _split(packed["said"], "<i4")[1]
    out.flags[:], signal = _split(packed["said"], "<i2")[:2]
    numbers = dict(zip(_RATES, _split(packed["rates"], "<i2"), strict=True)) | {"signal": signal}
    for name, steps in numbers.items():
        known = _NUMBERS[name].from_steps(steps)
        getattr(out, name)[:] = np.where(steps == NULL_STEPS, np.float32(np.nan), known)
    codes = _split(packed["choices"], "i1")
    for place, choice in enumerate(CHOICES):
        getattr(out, choice.name)[:] = codes[place]
    out.online[:] = codes[len(CHOICES)]
    return out


def _split(column: NDArray[np.int64], dtype: str) -> NDArray[np.integer]:
    """The parts of each integer, the lowest first: shape (parts, n)."""
    parts = column.astype("<i8").view(dtype)
    return parts.reshape(len(column), 8 // parts.itemsize).T
