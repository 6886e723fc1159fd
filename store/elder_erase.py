"""Forget one elder: who it was, where they lived, what was measured, and what was typed about them.

What stays are rows without a person: alerts and incidents under an id that leads nowhere, so that
reports of past months stay as they were. Nothing of it can be undone.
"""

from typing import NamedTuple

import psycopg
from psycopg import sql

from schemas.times import from_micros
from store.migrate import flavour

_SUMMARIES = ("minute_kept", "hour_kept", "night_kept")  # on plain PostgreSQL
_AGGREGATES = ("minute", "hour", "night_half")  # on TimescaleDB, each from the one before

_FORGET = """
UPDATE elder SET name = '', tags = '{}', birth_year = NULL, phone = NULL, doctor = NULL,
    zone = NULL, note = NULL, retired_at = coalesce(retired_at, %(now)s), erased_at = %(now)s
WHERE id = %(elder)s;
UPDATE consent SET withdrawn_at = coalesce(withdrawn_at, %(now)s) WHERE elder = %(elder)s;
DELETE FROM contact WHERE elder = %(elder)s;
DELETE FROM away WHERE elder = %(elder)s;
DELETE FROM override WHERE elder = %(elder)s;
UPDATE visit SET note = NULL WHERE elder = %(elder)s;
UPDATE incident SET note = NULL WHERE id IN (
    SELECT i.incident FROM incident_alert i JOIN alert a ON a.id = i.alert
    WHERE a.elder = %(elder)s OR %(elder)s = ANY(a.elders));
UPDATE alert_event SET detail = detail - 'note' WHERE detail ? 'note' AND incident IN (
    SELECT i.incident FROM incident_alert i JOIN alert a ON a.id = i.alert
    WHERE a.elder = %(elder)s OR %(elder)s = ANY(a.elders));
UPDATE alert_event SET detail = detail - 'note' WHERE detail ? 'note' AND (
    alert IN (SELECT id FROM alert WHERE elder = %(elder)s)
    OR task IN (SELECT id FROM task WHERE subject = %(elder)s));
UPDATE task SET note = NULL WHERE subject = %(elder)s
    OR alert IN (SELECT id FROM alert WHERE elder = %(elder)s);
DELETE FROM device_state WHERE device IN (SELECT row FROM device WHERE elder = %(elder)s);
UPDATE device SET retired_at = coalesce(retired_at, %(now)s) WHERE elder = %(elder)s;
UPDATE home h SET address = '', door_note = NULL, retired_at = coalesce(retired_at, %(now)s)
WHERE id = (SELECT home FROM elder WHERE id = %(elder)s)
    AND NOT EXISTS (SELECT FROM elder e WHERE e.home = h.id AND e.retired_at IS NULL);
UPDATE directory_version SET version = version + 1
"""


class Erased(NamedTuple):
    readings: int
    home: bool
    """Nobody else lives there: the address is forgotten too."""


def erase(connection: psycopg.Connection, elder: str, *, now: int) -> Erased:
    """Forget the elder, in one transaction; `now`: µs UTC. LookupError for an unknown id.

    Autocommit, outside any transaction: TimescaleDB renews its summaries afterwards. Captures,
    backups and logs of the broker are beyond the store.
    """
    values = {"elder": elder, "now": from_micros(now)}
    timescale = flavour(connection) == "timescaledb"
    with connection.transaction():
        found = connection.execute("SELECT row FROM elder WHERE id = %(elder)s", values).fetchone()
        if found is None:
            raise LookupError(f"no elder {elder!r} in the directory")
        span = connection.execute(
            "SELECT min(ts), max(ts) FROM reading WHERE elder = %s", [found[0]]
        ).fetchone()
        count = 0
        for table in ("reading", "reading_other", *(() if timescale else _SUMMARIES)):
            query = sql.SQL("DELETE FROM {} WHERE elder = %s").format(sql.Identifier(table))
            gone = connection.execute(query, [found[0]]).rowcount
            count += gone if table.startswith("reading") else 0
        for statement in _FORGET.split(";"):
            connection.execute(statement.encode(), values)
        home = connection.execute(
            "SELECT h.address = '' FROM home h JOIN elder e ON e.home = h.id"
            " WHERE e.id = %(elder)s",
            values,
        ).fetchone()
    if timescale and span is not None and span[0] is not None:
        for view in _AGGREGATES:
            connection.execute(
                "CALL refresh_continuous_aggregate(%s::regclass, %s - INTERVAL '1 day',"
                " %s + INTERVAL '2 days')",
                [view, *span],
            )
    return Erased(count, bool(home and home[0]))
