"""Alerts: the changes that the rules say, written exactly once and handed to the stations.

The stations find a row in `alert_change` for each change that took effect, in order within its
lane, and are woken by NOTIFY vigil_alert_change.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from uuid import UUID

import psycopg
from psycopg.rows import DictRow, dict_row

from schemas.alerts import Alert, Change, ChangeKind
from schemas.times import format_rfc3339, from_micros
from store.places import stations_of
from store.strangers import StrangerKey
from store.text import clean, clean_json

_PAGE = 1000  # alerts read at a time

_INSERT = """
INSERT INTO alert AS a (id, rule, severity, category, home, elder, elders, device, gateway, station,
                        onset, raised, cleared, late, test, reason, evidence, steps)
VALUES (%(id)s, %(rule)s, %(severity)s, %(category)s, %(home)s, %(elder)s, %(elders)s, %(device)s,
        %(gateway)s, %(station)s, %(onset)s, %(raised)s, %(cleared)s, %(late)s, %(test)s,
        %(reason)s, %(evidence)s, %(steps)s)
"""
_SAID = "reason = excluded.reason, evidence = a.evidence || excluded.evidence"
# Each takes effect once: what is so already is left alone. An alert that is not there (its
# raising belongs to a store that was lost) is made from what the change says.
_CONFLICT = {
    ChangeKind.RAISED: "ON CONFLICT (id) DO NOTHING",
    ChangeKind.SEVERITY: f"""
        ON CONFLICT (id) DO UPDATE SET severity = excluded.severity,
            steps = a.steps || excluded.steps, late = a.late OR excluded.late, {_SAID}
        WHERE NOT a.steps @> excluded.steps""",
    ChangeKind.CLEARED: f"""
        ON CONFLICT (id) DO UPDATE SET cleared = excluded.cleared, {_SAID}
        WHERE a.cleared IS NULL""",
    ChangeKind.REOPENED: f"""
        ON CONFLICT (id) DO UPDATE SET cleared = NULL, severity = excluded.severity,
            steps = CASE WHEN a.severity = excluded.severity THEN a.steps
                         ELSE a.steps || excluded.steps END, {_SAID}
        WHERE a.cleared IS NOT NULL""",
    **dict.fromkeys(
        (ChangeKind.STALE, ChangeKind.FRESH),
        f"""
        ON CONFLICT (id) DO UPDATE SET {_SAID}
        WHERE a.cleared IS NULL AND a.evidence -> 'no_data_since'
            IS DISTINCT FROM excluded.evidence -> 'no_data_since'""",
    ),
}
_WRITE = """
WITH changed AS (
    {insert} {conflict} RETURNING id
), told AS (
    INSERT INTO alert_event (at, alert, kind, station, detail)
    SELECT clock_timestamp(), id, %(kind)s, %(station)s, %(detail)s FROM changed
), queued AS (
    INSERT INTO alert_change (alert, lane, kind, severity, at)
    SELECT id, %(lane)s, %(kind)s, %(severity)s, %(at)s FROM changed
)
SELECT pg_notify('vigil_alert_change', '') FROM changed
"""
_WRITES = {
    kind: _WRITE.format(insert=_INSERT, conflict=conflict).encode()
    for kind, conflict in _CONFLICT.items()
}


def write_changes(
    connection: psycopg.Connection, changes: Sequence[Change], *, raised: int
) -> list[str]:
    """Write what the rules said, in order, in the caller's transaction. `raised`: µs UTC.

    Returns the ids of the alerts that really changed, one for each change that took effect: a
    change that is in the store already makes no second alert and wakes nobody. Two trips to the
    store, however many changes there are: a press waits for them.
    """
    if not changes:
        return []
    stations = stations_of(
        connection,
        homes={c.home for c in changes if c.home},
        gateways={clean(c.gateway) for c in changes if c.gateway},
    )
    with connection.pipeline():
        written = [
            connection.execute(_WRITES[change.kind], _row(change, raised, stations))
            for change in changes
        ]
    return [c.id for c, cursor in zip(changes, written, strict=True) if cursor.rowcount]


def read_alerts(
    connection: psycopg.Connection,
    *,
    since: int | None = None,
    until: int | None = None,
    rule: str | None = None,
) -> Iterator[Alert]:
    """Alerts with onset in [since, until) (µs UTC), by onset; a bounded number in memory."""
    bounds: dict[str, Any] = {
        "since": "-infinity" if since is None else from_micros(since),
        "until": "infinity" if until is None else from_micros(until),
        "rule": rule,
        "onset": "-infinity",
        "id": UUID(int=0),
        "page": _PAGE,
    }
    cursor = connection.cursor(row_factory=dict_row)
    while True:
        rows = cursor.execute(
            """
            SELECT * FROM alert
            WHERE onset >= %(since)s::timestamptz AND onset < %(until)s::timestamptz
              AND (%(rule)s::text IS NULL OR rule = %(rule)s)
              AND (onset, id) > (%(onset)s::timestamptz, %(id)s)
            ORDER BY onset, id LIMIT %(page)s
            """,
            bounds,
        ).fetchall()
        yield from map(_alert, rows)
        if len(rows) < _PAGE:
            return
        bounds |= {"onset": rows[-1]["onset"], "id": rows[-1]["id"]}


def stranger_seen(
    connection: psycopg.Connection, key: StrangerKey, *, onset: int, window: int
) -> bool:
    """Whether a device that the registry does not know has such an alert less than `window` from
    `onset` (both µs): then it is the same emergency."""
    row = connection.execute(
        """
        SELECT EXISTS (
            SELECT FROM alert
            WHERE onset > %(after)s AND onset < %(before)s AND rule = %(rule)s AND home IS NULL
              AND test = %(test)s
              AND coalesce(gateway, '') = %(gateway)s
              AND evidence ->> 'unknown_device' = %(device)s
        )
        """,
        {
            "after": from_micros(onset - window),
            "before": from_micros(onset + window),
            "rule": key.rule,
            "test": key.test,
            "gateway": clean(key.gateway),
            "device": clean(key.device),
        },
    ).fetchone()
    return row == (True,)


def _row(change: Change, raised: int, stations: Mapping[str, str]) -> dict[str, Any]:
    at, severity, gateway = from_micros(change.at), str(change.severity), _id(change.gateway)
    reason = change.reason.model_dump()
    cleared = at if change.kind is ChangeKind.CLEARED else None
    return {
        "id": UUID(change.id),
        "rule": change.rule,
        "severity": severity,
        "category": str(change.category),
        "home": change.home,
        "elder": change.elder,
        "elders": list(change.elders) if change.elders is not None else None,
        "device": _id(change.device),
        "gateway": gateway,
        "station": stations.get(f"home:{change.home}") or stations.get(f"gateway:{gateway}"),
        "onset": from_micros(change.onset),
        "raised": from_micros(raised),
        "cleared": cleared,
        "late": change.late,
        "test": change.test,
        "reason": clean_json(reason),
        "evidence": clean_json(change.evidence),
        "steps": clean_json([{"severity": severity, "at": format_rfc3339(change.at)}]),
        "kind": str(change.kind),
        "at": at,
        "lane": change.home or gateway or "unknown",
        "detail": clean_json(
            {"severity": severity, "at": format_rfc3339(change.at), "reason": reason}
        ),
    }


def _id(id_: str | None) -> str | None:
    """A stranger's may hold anything."""
    return None if id_ is None else clean(id_)


def _alert(row: DictRow) -> Alert:
    return Alert.model_validate({**row, "id": row["id"].hex})
