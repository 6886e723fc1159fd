"""Thirty nights of an elder in a store, the last of them with a heart that races: what a page that
shows an elder's readings is tried with."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import psycopg

from schemas.directory import DEFAULT_ZONE
from schemas.readings import Readings
from schemas.times import MINUTE, SECOND, to_micros
from store import device_state
from store.maintain import maintain
from store.readings import write
from store.settings import StoreSettings

ZONE = ZoneInfo(DEFAULT_ZONE)
_KEPT = StoreSettings(reading_days=3650, minute_days=3650, hour_days=3650, night_days=3650)


def nights(
    connection: psycopg.Connection,
    *,
    now: datetime,
    elder: str = "e1",
    devices: tuple[str, str, str] = ("m1", "r1", "b1"),
    count: int = 30,
    seed: int = 1,
) -> None:
    """The mattress, the room sensor and the button of an elder until `now`: in bed from about 21:40
    to 6:10, once or twice out at night; a gap of an hour yesterday afternoon; in the last 20
    minutes a heart rate near 140. A reading every 10 min, in the last 24 h every minute."""
    rng = np.random.default_rng(seed)
    old = np.arange(count * 144) * 10 * MINUTE + to_micros(now - timedelta(days=count))
    old = old[old < to_micros(now - timedelta(days=1))]
    new = np.arange(to_micros(now - timedelta(days=1)), to_micros(now), MINUTE)
    mattress = _mattress(np.r_[old, new], now=now, rng=rng)
    local = (new // MINUTE + 480) % 1440
    room = Readings.blank(len(new))
    room.ts[:] = new
    room.presence[:] = ((local > 380) & (local < 1290) & (rng.random(len(new)) < 0.8)).astype(
        np.int8
    )
    button = Readings.blank(1)
    button.ts[:] = to_micros(now - timedelta(hours=5))
    button.battery[:], button.signal[:] = 12, -97
    mattress.battery[-1], mattress.signal[-1] = 88, -61
    room.signal[-1] = -70
    rows = [
        _of(connection, d, elder, r) for d, r in zip(devices, (mattress, room, button), strict=True)
    ]
    for part in rows:
        write(connection, part)
        device_state.write(connection, part)
    while (done := maintain(connection, _KEPT, now=to_micros(now))).added or done.renewed:
        pass


def _mattress(ts: np.ndarray, *, now: datetime, rng: np.random.Generator) -> Readings:
    local = (ts // MINUTE + 480) % 1440  # minutes since local midnight
    day = (ts // MINUTE + 480 - 720) // 1440  # nights, from noon to noon
    shift = np.array([int(np.random.default_rng(int(d)).integers(-25, 25)) for d in day])
    asleep = (local > 21 * 60 + 40 + shift) | (local < 6 * 60 + 10 + shift)
    asleep &= ~((local > 2 * 60 + shift) & (local < 2 * 60 + 14 + shift))
    keep = ~(
        (ts > to_micros(now - timedelta(hours=13))) & (ts < to_micros(now - timedelta(hours=12)))
    )
    rows = Readings.blank(int(keep.sum()))
    rows.ts[:], asleep, usual = ts[keep], asleep[keep], (61 + shift[keep] / 12)
    rows.in_bed[:] = asleep
    racing = asleep & (rows.ts > to_micros(now - timedelta(minutes=20)))
    n = len(rows.ts)
    heart = usual + rng.normal(0, 2, n) + 78 * racing
    rows.heart_rate[asleep] = np.round(heart, 1)[asleep]
    rows.respiratory_rate[asleep] = np.round(15 + rng.normal(0, 1, n) + 8 * racing, 1)[asleep]
    rows.movement[asleep] = np.round(np.clip(rng.exponential(6, n) + 30 * racing, 0, 100), 1)[
        asleep
    ]
    return rows


def _of(connection: psycopg.Connection, device: str, elder: str, rows: Readings) -> Readings:
    found = connection.execute(
        "SELECT d.row, e.row FROM device d, elder e WHERE d.id = %s AND e.id = %s", [device, elder]
    ).fetchone()
    assert found
    rows.device[:], rows.elder[:] = found
    rows.gateway[:] = 0
    rows.received[:] = rows.ts + SECOND
    rows.key[:] = np.arange(len(rows.ts))
    return rows
