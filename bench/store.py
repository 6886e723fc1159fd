"""A store filled as a district fills it, and what the console's questions cost there.

`python -m bench.store DSN --elders 22000 --days 30 --every 3600` fills an empty database with one
mattress an elder (a reading each `--every` seconds, `received` a second later) and ends with the
plans of every question, by EXPLAIN (ANALYZE). The database is left as it is: make it for this, and
drop it afterwards. `--every 30` is what a real mattress says; hours and nights are as many either
way, so that their tables have their real size at any density of at least an hour.
"""

import argparse
import asyncio
import time
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import numpy as np
import psycopg
from psycopg import AsyncConnection, AsyncCursor, sql
from psycopg.rows import tuple_row

from schemas.readings import Readings
from schemas.times import DAY, HOUR, MINUTE, SECOND, from_micros
from store import (
    days,
    device_state,
    devices_now,
    directory,
    presets,
    readings,
    stations_pool,
)
from store.connect import connect
from store.maintain import maintain
from store.migrate import migrate
from store.series import nights, series
from store.settings import StoreSettings
from tests.support.registry import town

_BATCH = 20_000
_SETTINGS = StoreSettings(reading_days=60, minute_days=60)
_PARTS = "reading", "minute", "hour", "night"


def fill(connection: psycopg.Connection, *, elders: int, span: int, every: int, now: int) -> int:
    """Rows up to `now`, oldest first; how many. `span`, `every`: µs."""
    rng = np.random.default_rng(1)
    each = max(1, _BATCH // elders)
    times = np.arange(now - span, now - SECOND, every)
    for start in range(0, len(times), each):
        part = times[start : start + each]
        readings.write(connection, _mattresses(rng, part, elders))
    return len(times) * elders


def _mattresses(rng: np.random.Generator, times: Any, elders: int) -> Readings:
    rows = Readings.blank(len(times) * elders)
    rows.ts[:] = np.repeat(times, elders)
    rows.received[:] = rows.ts + SECOND + np.arange(len(rows)) * 10
    rows.device[:] = rows.elder[:] = rows.gateway[:] = np.tile(np.arange(elders), len(times))
    rows.key[:] = rows.ts // SECOND
    rows.in_bed[:] = (rows.ts // HOUR + rows.device % 5) % 24 > 13
    asleep = np.flatnonzero(rows.in_bed == 1)
    rows.heart_rate[asleep] = np.rint(rng.normal(64, 5, len(asleep))).astype(np.float32)
    rows.respiratory_rate[asleep] = np.rint(rng.normal(15, 1, len(asleep))).astype(np.float32)
    rows.movement[asleep] = rng.integers(0, 20, len(asleep)).astype(np.float32)
    rows.signal[:], rows.battery[:] = -60, 80
    return rows


def summarise(connection: psycopg.Connection, *, elders: int, now: int) -> None:
    """What the background does: everything that is due by now is compressed and counted."""
    latest = _mattresses(np.random.default_rng(2), np.array([now - MINUTE]), elders)
    device_state.write(connection, latest)
    if days.partitioned(connection, "reading"):
        while maintain(connection, _SETTINGS, now=now).added:
            pass
    else:
        presets.apply(connection, _SETTINGS)
        connection.execute(  # its own jobs would want to do the same at the same time
            "SELECT alter_job(job_id, scheduled => false) FROM timescaledb_information.jobs"
            " WHERE hypertable_name IS NOT NULL"
        )
        for view, end in (("minute", 2 * MINUTE), ("hour", HOUR), ("night_half", DAY)):
            refresh = "CALL refresh_continuous_aggregate(%s::regclass, NULL, %s)"
            connection.execute(refresh, [view, from_micros((now - end) // HOUR * HOUR)])
        connection.execute(
            "SELECT compress_chunk(c, true) FROM show_chunks('reading', older_than => %s) c",
            [from_micros(now - DAY)],
        )
    connection.execute("VACUUM ANALYZE")


class _Explained(AsyncCursor[Any]):
    """Shows the plan of what it is asked, instead of answering."""

    async def execute(self, query: Any, params: Any = None, **more: Any) -> Any:
        self.row_factory = tuple_row
        text = query.as_bytes(self.connection) if isinstance(query, sql.Composable) else query
        text = text.encode() if isinstance(text, str) else text
        explain = b"EXPLAIN (ANALYZE, BUFFERS, COSTS OFF, TIMING OFF, SUMMARY ON) "
        await super().execute(explain + text, params, **more)
        for (line,) in await super().fetchall():
            print("   ", line)
        return self

    async def fetchall(self) -> list[Any]:
        return []


async def questions(dsn: str, *, now: int, elders: int, top: str) -> None:
    """Every question of `store.series` and the devices' state, twice: cold and warm."""
    last = from_micros(now).date()
    device = elders // 3
    first = last - timedelta(days=30)
    asked: dict[str, Callable[[Any], Awaitable[Any]]] = {
        "an elder's last 24 h by minute": lambda c: series(
            c, [device], since=now - DAY, until=now, level="minute"
        ),
        "a month by hour": lambda c: series(
            c, [device], since=now - 30 * DAY, until=now, level="hour"
        ),
        "30 nights": lambda c: nights(c, [device], first=first, last=last),
        "30 nights in another zone": lambda c: nights(
            c, [device], first=first, last=last, zone="Europe/Berlin"
        ),
        "an elder's devices now": lambda c: devices_now.of_elder(c, "e7"),
        "everybody's devices with a low battery": lambda c: devices_now.under(
            c, top, battery_below=15
        ),
    }
    conn: AsyncConnection[Any] = await stations_pool.connect(dsn, application="vigil bench")
    async with conn:
        for name, ask in asked.items():
            for _ in range(2):
                began = time.perf_counter()
                await ask(conn)
                answered = (time.perf_counter() - began) * 1000
            print(f"\n## {name}: {answered:.1f} ms at the second time of asking")
            conn.cursor_factory = _Explained
            await ask(conn)
            conn.cursor_factory = AsyncCursor


def show_sizes(connection: psycopg.Connection) -> None:
    for name in _PARTS:
        counted = connection.execute(f"SELECT count(*) FROM {name}".encode())
        print(f"{name}: {next(counted)[0]:,} rows")
    size = connection.execute("SELECT pg_size_pretty(pg_database_size(current_database()))")
    print("database:", *next(size))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("dsn")
    parser.add_argument("--elders", type=int, default=22_000)
    parser.add_argument("--days", type=int, default=30)
    parser.add_argument("--every", type=int, default=3600, help="seconds between readings")
    given = parser.parse_args()
    now = time.time_ns() // 1_000 // HOUR * HOUR
    with connect(given.dsn, application="vigil bench") as connection:
        migrate(connection)
        registry = town(homes=given.elders)
        directory.import_directory(connection, registry, now=now)
        for step in ("fill", "summarise"):
            began = time.perf_counter()
            if step == "fill":
                span, every = given.days * DAY, given.every * SECOND
                fill(connection, elders=given.elders, span=span, every=every, now=now)
            else:
                summarise(connection, elders=given.elders, now=now)
            print(f"{step}: {time.perf_counter() - began:.0f} s", flush=True)
        show_sizes(connection)
    asyncio.run(questions(given.dsn, now=now, elders=given.elders, top=registry.areas[0].id))


if __name__ == "__main__":
    main()
