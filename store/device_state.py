"""What each device said last, in one row a device: for whoever asks how things are now.

It follows committed readings, so it is behind by as long as the caller lets it be. Writing the
same readings again, or older ones after newer ones, changes nothing.
"""

from collections.abc import Collection
from datetime import datetime
from typing import Any, NamedTuple

import numpy as np
import psycopg
from numpy.typing import NDArray
from psycopg import sql
from psycopg.rows import dict_row

from schemas.quantities import CHOICES, NUMBERS, UNKNOWN, Sos
from schemas.readings import Flag, Readings
from store.reading_rows import HEADER, NULL_STEPS, PG_EPOCH, TRAILER

_NUMBERS = {q.name: q for q in NUMBERS}
_QUANTITIES = (*_NUMBERS, *(q.name for q in CHOICES))
_TIMES = ("received", "ts", "pressed_at", *(f"{q}_at" for q in _QUANTITIES))
_FIELDS = {
    "device": ">i4", "received": ">i8", "ts": ">i8", "elder": ">i4", "gateway": ">i4",
    "flags": ">i2", "pressed_at": ">i8",
    **{name: type_ for q in _QUANTITIES for name, type_ in ((q, ">i2"), (f"{q}_at", ">i8"))},
}  # fmt: skip
_NEVER = np.iinfo(np.int64).min
"""-infinity in a binary COPY: stands for NULL."""

_STAGE = f"""
CREATE TEMP TABLE IF NOT EXISTS device_state_staged ON COMMIT DELETE ROWS
AS SELECT {", ".join(_FIELDS)} FROM device_state LIMIT 0
"""  # noqa: S608 (our own column names)
_COPY = f"COPY device_state_staged ({', '.join(_FIELDS)}) FROM STDIN (FORMAT binary)"


def _given(name: str) -> str:
    if name in _TIMES:
        return f"nullif({name}, '-infinity')"
    if name in _QUANTITIES:
        return f"nullif({name}, ({NULL_STEPS})::int2)"
    return "nullif(elder, -1)" if name == "elder" else name


def _newer(name: str, at: str) -> str:
    return (
        f"{name} = CASE WHEN excluded.{at} >= coalesce(s.{at}, '-infinity')"
        f" THEN excluded.{name} ELSE s.{name} END"
    )


_UPSERT = f"""
INSERT INTO device_state AS s ({", ".join(_FIELDS)})
SELECT {", ".join(map(_given, _FIELDS))} FROM device_state_staged ORDER BY device
ON CONFLICT (device) DO UPDATE SET
    {", ".join(_newer(name, "ts") for name in ("elder", "gateway", "flags"))},
    {", ".join(_newer(q, f"{q}_at") for q in _QUANTITIES)},
    {", ".join(f"{name} = greatest(s.{name}, excluded.{name})" for name in _TIMES)}
"""  # noqa: S608 (our own column names)


class _Chosen(NamedTuple):
    """Of each device that a batch holds, the rows that count: int64 places, -1 for none."""

    devices: NDArray[np.int64]
    newest: NDArray[np.int64]
    heard: NDArray[np.int64]
    pressed: NDArray[np.int64]
    known: dict[str, NDArray[np.int64]]


def keep(readings: Readings) -> Readings:
    """Only the rows that `write` would look at: some dozen a device at most."""
    if len(readings) == 0:
        return readings
    chosen = _choose(readings)
    places = np.unique(
        np.concatenate([chosen.newest, chosen.heard, chosen.pressed, *chosen.known.values()])
    )
    return readings.take(places[places >= 0])


def write(connection: psycopg.Connection, readings: Readings) -> int:
    """Bring the rows of these readings' devices up to date, in one transaction; how many.

    `readings`: committed ones in the order of receipt, signs of life among them. A retained
    message is no proof of life, and tells a quantity only where it says at what time.
    """
    if len(readings) == 0:
        return 0
    rows = _encode(readings, _choose(readings))
    with connection.transaction(), connection.cursor() as cursor:
        cursor.execute(_STAGE)
        cursor.execute("DELETE FROM device_state_staged")  # of an earlier call in a transaction
        with cursor.copy(sql.SQL(_COPY)) as copy:
            copy.write(rows)
        return cursor.execute(_UPSERT).rowcount


class DeviceState(NamedTuple):
    """Times: aware UTC, None for never. `heard`: last received, what proves that it works."""

    device: int
    heard: datetime | None
    pressed: datetime | None
    ts: datetime | None
    values: dict[str, float | int]
    """Quantity → its last known value: numbers in their units, choices as codes."""
    times: dict[str, datetime]
    """Quantity → the device time at which it was said."""


def read(connection: psycopg.Connection, devices: Collection[int]) -> dict[int, DeviceState]:
    """By device row; devices never heard of are left out."""
    with connection.cursor(row_factory=dict_row) as cursor:
        found = cursor.execute(
            "SELECT * FROM device_state WHERE device = ANY (%s)", [list(devices)]
        ).fetchall()
    return {row["device"]: _state(row) for row in found}


def _state(row: dict[str, Any]) -> DeviceState:
    known = [q for q in _QUANTITIES if row[q] is not None]
    return DeviceState(
        device=row["device"],
        heard=row["received"],
        pressed=row["pressed_at"],
        ts=row["ts"],
        values={q: round(row[q] * _NUMBERS[q].step, 1) if q in _NUMBERS else row[q] for q in known},
        times={q: row[f"{q}_at"] for q in known},
    )


def _choose(readings: Readings) -> _Chosen:
    order = np.lexsort((readings.ts, readings.device))  # stable: of equals the later received
    order = order[readings.device[order] >= 0]
    devices = readings.device[order]
    starts = np.flatnonzero(np.diff(devices, prepend=-2))
    life, retained = readings.has(Flag.SIGN_OF_LIFE), readings.has(Flag.RETAINED)
    said = ~life & ~(retained & readings.has(Flag.NO_TIME))
    pressed = (readings.sos == Sos.PRESSED) & ~retained & ~readings.has(Flag.TEST)

    def last(which: NDArray[np.bool_]) -> NDArray[np.int64]:
        """The last such row of each device, in the order of device time."""
        at = np.maximum.reduceat(np.where(which[order], np.arange(len(order)), -1), starts)
        return np.where(at >= 0, order[at], -1)

    return _Chosen(
        devices[starts].astype(np.int64),
        newest=last(said),
        heard=np.maximum.reduceat(np.where(retained[order], -1, order), starts),
        pressed=last(pressed),
        known={q: last(said & _known(readings, q)) for q in _QUANTITIES},
    )


def _known(readings: Readings, quantity: str) -> NDArray[np.bool_]:
    column = getattr(readings, quantity)
    return np.asarray(~np.isnan(column) if quantity in _NUMBERS else column != UNKNOWN)


def _encode(readings: Readings, chosen: _Chosen) -> bytes:
    """Rows for a binary COPY without NULLs."""
    fields = [("fields", ">i2")]
    for name, type_ in _FIELDS.items():
        fields += [(f"{name} length", ">i4"), (name, type_)]
    table = np.zeros(len(chosen.devices), np.dtype(fields))
    table["fields"] = len(_FIELDS)
    for name, type_ in _FIELDS.items():
        table[f"{name} length"] = np.dtype(type_).itemsize
    table["device"] = chosen.devices
    table["received"] = _times(readings.received, chosen.heard)
    table["ts"] = _times(readings.ts, chosen.newest)
    table["pressed_at"] = _times(readings.ts, chosen.pressed)
    for name in ("elder", "gateway", "flags"):
        table[name] = np.where(chosen.newest >= 0, getattr(readings, name)[chosen.newest], -1)
    for name, rows in chosen.known.items():
        table[name] = _steps(readings, name, rows)
        table[f"{name}_at"] = _times(readings.ts, rows)
    return HEADER + table.tobytes() + TRAILER


def _times(times: NDArray[np.int64], rows: NDArray[np.int64]) -> NDArray[np.int64]:
    return np.where(rows >= 0, times[rows] - PG_EPOCH, _NEVER)


def _steps(readings: Readings, name: str, rows: NDArray[np.int64]) -> NDArray[np.int16]:
    values = getattr(readings, name)[rows]
    if name in _NUMBERS:
        values = _NUMBERS[name].to_steps(np.where(rows >= 0, values, np.float32(0)))
    return np.where(rows >= 0, values.astype(np.int16), np.int16(NULL_STEPS))
