"""Everything that the store holds about one elder, for the elder: what a person may ask to see."""

from collections.abc import Iterator
from typing import Any

import psycopg
from psycopg import sql
from psycopg.rows import dict_row

_SECTIONS = {
    "elder": "SELECT * FROM elder WHERE id = %(elder)s",
    "home": "SELECT h.* FROM home h JOIN elder e ON e.home = h.id WHERE e.id = %(elder)s",
    "consents": "SELECT * FROM consent WHERE elder = %(elder)s ORDER BY id",
    "contacts": "SELECT * FROM contact WHERE elder = %(elder)s ORDER BY priority, phone",
    "devices": "SELECT * FROM device WHERE elder = %(elder)s OR home = (SELECT home FROM elder"
    " WHERE id = %(elder)s) ORDER BY id",
    "away": "SELECT * FROM away WHERE elder = %(elder)s ORDER BY starts",
    "overrides": "SELECT * FROM override WHERE elder = %(elder)s ORDER BY rule, parameter",
    "visits": "SELECT * FROM visit WHERE elder = %(elder)s ORDER BY at",
    "alerts": "SELECT * FROM alert WHERE elder = %(elder)s OR %(elder)s = ANY(elders)"
    " ORDER BY onset, id",
    "incidents": "SELECT * FROM incident WHERE id IN (SELECT i.incident FROM incident_alert i"
    " JOIN alert a ON a.id = i.alert WHERE a.elder = %(elder)s OR %(elder)s = ANY(a.elders))"
    " ORDER BY opened_at, id",
    "steps": "SELECT * FROM alert_event WHERE incident IN (SELECT i.incident FROM incident_alert i"
    " JOIN alert a ON a.id = i.alert WHERE a.elder = %(elder)s OR %(elder)s = ANY(a.elders))"
    " ORDER BY id",
    "looks": "SELECT * FROM audit WHERE subject = %(elder)s OR detail -> 'elders' ? %(elder)s"
    " ORDER BY id",
}
_READINGS = sql.SQL(
    "COPY (SELECT r.*, d.id AS device_id FROM (SELECT * FROM reading UNION ALL"
    " SELECT * FROM reading_other) r JOIN device d ON d.row = r.device WHERE r.elder = {}"
    " ORDER BY r.ts) TO STDOUT (FORMAT csv, HEADER)"
)


def sections(connection: psycopg.Connection, elder: str) -> dict[str, list[dict[str, Any]]]:
    """By name, every row about the elder but the readings. LookupError for an unknown id."""
    found = {}
    with connection.cursor(row_factory=dict_row) as cursor:
        for name, query in _SECTIONS.items():
            cursor.execute(query.encode(), {"elder": elder})
            found[name] = cursor.fetchall()
    if not found["elder"]:
        raise LookupError(f"no elder {elder!r} in the directory")
    return found


def readings(connection: psycopg.Connection, elder: str) -> Iterator[bytes]:
    """All readings as CSV with a header, in pieces; stored steps and codes as in the store."""
    row = connection.execute("SELECT row FROM elder WHERE id = %s", [elder]).fetchone()
    if row is None:
        raise LookupError(f"no elder {elder!r} in the directory")
    with connection.cursor() as cursor, cursor.copy(_READINGS.format(sql.Literal(row[0]))) as rows:
        for piece in rows:
            yield bytes(piece)
