"""Counts over everything that is kept: what became of the messages of each gateway.

What a broker hands over again because it retains it was not published again: it does not count.
"""

from typing import NamedTuple

import psycopg

from schemas.readings import Flag

_COMMITTED = """
    SELECT gateway.id, sum(n)::bigint FROM (
        SELECT gateway, count(*) AS n FROM reading WHERE flags & %(kept)s = 0 GROUP BY gateway
        UNION ALL
        SELECT gateway, count(*) FROM reading_other WHERE flags & %(kept)s = 0 GROUP BY gateway
        UNION ALL
        SELECT gateway, count(*) FROM gateway_status WHERE flags & %(kept)s = 0 GROUP BY gateway
    ) counted JOIN gateway ON gateway.row = counted.gateway GROUP BY gateway.id
"""
_REJECTED = """
    SELECT gateway_id, sum(n)::bigint FROM (
        SELECT gateway_id, count(*) AS n FROM reject WHERE flags & %(kept)s = 0 GROUP BY gateway_id
        UNION ALL
        SELECT gateway_id, count(*) FROM quarantine WHERE flags & %(kept)s = 0 GROUP BY gateway_id
        UNION ALL SELECT gateway_id, sum(count) FROM reject_overflow GROUP BY gateway_id
    ) counted GROUP BY gateway_id
"""
_ALERTS = "SELECT rule, count(*) FROM alert GROUP BY rule ORDER BY rule"
_ACKNOWLEDGED = "SELECT count(*) FROM incident WHERE acknowledged_at IS NOT NULL"
_ESCALATED = """
    SELECT count(DISTINCT incident) FROM incident_station WHERE level <> 'community'
"""


class Tally(NamedTuple):
    """`committed` and `rejected` (quarantined among them): readings by gateway id."""

    committed: dict[str, int]
    rejected: dict[str, int]
    alerts: dict[str, int]  # by rule
    acknowledged: int  # incidents that somebody took
    escalated: int  # incidents that reached a station above the community


def tally(connection: psycopg.Connection) -> Tally:
    """Counts everything: for a demo or a test, not for a site's store."""
    kept = {"kept": int(Flag.RETAINED)}
    return Tally(
        committed=dict(connection.execute(_COMMITTED, kept).fetchall()),
        rejected={id_ or "": n for id_, n in connection.execute(_REJECTED, kept)},
        alerts=dict(connection.execute(_ALERTS).fetchall()),
        acknowledged=_number(connection, _ACKNOWLEDGED),
        escalated=_number(connection, _ESCALATED),
    )


def _number(connection: psycopg.Connection, query: str) -> int:
    row = connection.execute(query).fetchone()
    return int(row[0]) if row else 0
