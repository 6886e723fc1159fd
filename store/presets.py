"""TimescaleDB told how to cut, compress, summarise and forget; plain PostgreSQL needs no telling.

Applying again, also with other settings, is safe at any time: chunks that stand stay as they
are, new ones follow. The work itself is done by TimescaleDB's own background jobs.
"""

from datetime import timedelta
from typing import NamedTuple

import psycopg
from psycopg import sql

from store.migrate import flavour
from store.settings import StoreSettings

_MINUTE, _HOUR, _DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


class Preset(NamedTuple):
    """How `reading` is cut into chunks, and columns into batches of a thousand rows."""

    chunk: timedelta
    segment_by: str
    order_by: str
    compress_after: timedelta
    minute_chunk: timedelta


# Measured on a mattress's columns: with a day's chunk 94 bytes a row become 1.5–5 segmented by
# device; with few rows of a device in a chunk ordering gives 7 where segmenting gives 16.
PRESETS = {
    "district": Preset(_DAY, "device", "ts", _DAY, _DAY),
    "city": Preset(_HOUR, "", "device, ts", 2 * _HOUR, 6 * _HOUR),
}


class _Refresh(NamedTuple):
    """How often a summary is brought up to date, and how close to now."""

    view: str
    start: timedelta
    end: timedelta
    every: timedelta


# From further back than any reading that `reading` takes, but not so far that what retention
# dropped would be summarised anew as nothing. Younger than `end` comes from the level below.
_REFRESHES = (
    _Refresh("minute", 8 * _DAY, 2 * _MINUTE, _MINUTE),
    _Refresh("hour", 8 * _DAY, _HOUR, 10 * _MINUTE),
    _Refresh("night_half", 9 * _DAY, _DAY, _HOUR),
)


def apply(connection: psycopg.Connection, settings: StoreSettings) -> list[str]:
    """Make the store follow the settings; what was set, in words. Nothing on plain PostgreSQL."""
    if flavour(connection) != "timescaledb":
        return []
    preset = PRESETS[settings.preset]
    with connection.transaction():
        connection.execute("SELECT pg_advisory_xact_lock(hashtext('vigil presets'))")
        _cut(connection, preset)
        _columns(connection, "reading", preset.segment_by, preset.order_by, preset.compress_after)
        _columns(connection, "minute", "device", "bucket", 2 * _DAY)
        _columns(connection, "hour", "device", "bucket", 30 * _DAY)
        for refresh in _REFRESHES:
            _refresh(connection, refresh)
        kept = {
            "reading": settings.reading_days,
            "minute": settings.minute_days,
            "hour": settings.hour_days,
            "night_half": settings.night_days,
        }
        for name, days in kept.items():
            _keep(connection, name, days * _DAY)
    said = ", ".join(f"{name} {days} days" for name, days in kept.items())
    return [f"preset {settings.preset}: chunks of {preset.chunk}", f"kept: {said}"]


def _cut(connection: psycopg.Connection, preset: Preset) -> None:
    chunks = {
        "reading": preset.chunk,
        "minute": preset.minute_chunk,
        "hour": 10 * _DAY,
        "night_half": 90 * _DAY,
    }
    for name, chunk in chunks.items():
        connection.execute("SELECT set_chunk_time_interval(%s::regclass, %s)", [name, chunk])


def _columns(
    connection: psycopg.Connection, name: str, segment_by: str, order_by: str, after: timedelta
) -> None:
    kind = "TABLE" if name == "reading" else "MATERIALIZED VIEW"
    # A replay reads by `received`: its bounds let whole batches be left out unopened.
    sparse = ", timescaledb.sparse_index = 'minmax(received)'" if name == "reading" else ""
    connection.execute(
        sql.SQL(
            "ALTER {} {} SET (timescaledb.enable_columnstore, timescaledb.segmentby = {},"
            " timescaledb.orderby = {}{})"
        ).format(sql.SQL(kind), sql.Identifier(name), segment_by, order_by, sql.SQL(sparse))
    )
    connection.execute("CALL remove_columnstore_policy(%s::regclass, if_exists => true)", [name])
    connection.execute(
        "CALL add_columnstore_policy(%s::regclass, after => %s::interval,"
        " schedule_interval => %s::interval)",
        [name, after, min(after / 4, 6 * _HOUR)],
    )


def _refresh(connection: psycopg.Connection, refresh: _Refresh) -> None:
    connection.execute(
        "SELECT remove_continuous_aggregate_policy(%s::regclass, if_exists => true)", [refresh.view]
    )
    connection.execute(
        "SELECT add_continuous_aggregate_policy(%(view)s::regclass,"
        " start_offset => %(start)s::interval, end_offset => %(end)s::interval,"
        " schedule_interval => %(every)s::interval)",
        refresh._asdict(),
    )


def _keep(connection: psycopg.Connection, name: str, age: timedelta) -> None:
    connection.execute("SELECT remove_retention_policy(%s::regclass, if_exists => true)", [name])
    connection.execute("SELECT add_retention_policy(%s::regclass, %s::interval)", [name, age])
