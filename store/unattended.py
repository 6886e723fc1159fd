"""What ingest must know of alerts to tell their ladder by itself (I9): which no stations copy has
taken, and which of those that went ahead are in the store."""

from collections.abc import Collection
from typing import Any

import psycopg
from psycopg.rows import dict_row

from schemas.alerts import Alert

_MOST = 100  # alerts at a time


def untaken(connection: psycopg.Connection, *, after_s: float, again_s: float) -> list[Alert]:
    """Alerts with a red change that has waited for the stations for `after_s` seconds (the
    store's clock), and of which nobody has been told for `again_s`; the oldest first, not more
    than a hundred. A red one that has cleared counts: somebody must still look. Tests are left to
    the stations."""
    cursor = connection.cursor(row_factory=dict_row)
    cursor.execute(
        """
        SELECT a.* FROM alert a JOIN (
            SELECT c.alert, min(c.written) AS since
            FROM alert_change c JOIN alert b ON b.id = c.alert AND NOT b.test
            WHERE c.severity = 'red' AND c.kind <> 'cleared'
              AND c.written < clock_timestamp() - make_interval(secs => %s)
              AND (c.said_at IS NULL OR c.said_at < clock_timestamp() - make_interval(secs => %s))
            GROUP BY c.alert ORDER BY since LIMIT %s
        ) waiting ON waiting.alert = a.id
        ORDER BY waiting.since
        """,
        [after_s, again_s, _MOST],
    )
    return [_alert(row) for row in cursor.fetchall()]


def said(connection: psycopg.Connection, alerts: Collection[str]) -> None:
    """The ladder has been told of these just now."""
    connection.execute(
        "UPDATE alert_change SET said_at = clock_timestamp()"
        " WHERE alert = ANY (%s::uuid[]) AND severity = 'red'",
        [list(alerts)],
    )


def known(connection: psycopg.Connection, alerts: Collection[str]) -> set[str]:
    """Those of the ids that are in the store."""
    rows = connection.execute(
        "SELECT id FROM alert WHERE id = ANY (%s::uuid[])", [list(alerts)]
    ).fetchall()
    return {id_.hex for (id_,) in rows}


def _alert(row: dict[str, Any]) -> Alert:
    return Alert.model_validate({**row, "id": row["id"].hex})
