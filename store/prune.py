"""What has been kept long enough goes, a bounded number of rows at a time.

Readings and their summaries go by whole days or chunks where the store has such; here is what
stands in ordinary tables. Alerts, incidents and their record are not touched.
"""

from datetime import timedelta
from typing import LiteralString, NamedTuple

import psycopg
from psycopg import sql

from schemas.times import from_micros
from store.settings import StoreSettings
from store.turn import turn

_ROWS = 20_000
"""Deleted of a table in a run at most: a long transaction would hold back clean-up elsewhere."""


class _Kept(NamedTuple):
    table: str
    column: str
    days: str
    """The setting that says how long."""


# Rejects and quarantined messages may hold what people said to a device (I3). What a replay of
# readings needs beside them is kept as long as they are.
_KEPT = (
    _Kept("reject", "received", "reject_days"),
    _Kept("reject_overflow", "received", "reject_days"),
    _Kept("quarantine", "received", "reject_days"),
    _Kept("reading_other", "received", "reading_days"),
    _Kept("gateway_status", "received", "reading_days"),
    _Kept("device_clock", "received", "reading_days"),
    _Kept("standstill", "resumed", "reading_days"),
)
_KEPT_PLAIN = (
    _Kept("hour_kept", "bucket", "hour_days"),
    _Kept("night_kept", "night", "night_days"),
)
_DELETE: LiteralString = """
DELETE FROM {table} WHERE ctid = ANY (ARRAY(
    SELECT ctid FROM {table} WHERE {column} < %(before)s LIMIT %(rows)s
))
"""


def prune(
    connection: psycopg.Connection,
    settings: StoreSettings,
    *,
    now: int,
    plain: bool,
    rows: int = _ROWS,
) -> dict[str, int]:
    """Rows deleted by table, tables without any left out. `now`: µs UTC; `plain`: whether the
    summaries stand in tables of ours. At most `rows` of each: more go with the next run."""
    gone = {}
    for kept in (*_KEPT, *(_KEPT_PLAIN if plain else ())):
        before = from_micros(now) - timedelta(days=getattr(settings, kept.days))
        with turn(connection, "prune") as ours:
            if ours and (count := _delete(connection, kept, {"before": before, "rows": rows})):
                gone[kept.table] = count
    return gone


def _delete(connection: psycopg.Connection, kept: _Kept, bounds: dict[str, object]) -> int:
    names = {"table": sql.Identifier(kept.table), "column": sql.Identifier(kept.column)}
    return connection.execute(sql.SQL(_DELETE).format(**names), bounds).rowcount
