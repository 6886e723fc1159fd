"""How often each rule spoke under a desk's area. Figures alone."""

from datetime import datetime
from typing import NamedTuple

from store.console_scope import BELOW
from store.console_sessions import Connection


class Fired(NamedTuple):
    """Alerts of a rule without tests: by the severity they have reached, and how the incidents that
    hold them have ended so far."""

    rule: str
    red: int
    orange: int
    blue: int
    false_alarm: int
    confirmed: int


async def fired(conn: Connection, station: str, *, since: datetime, until: datetime) -> list[Fired]:
    """By rule, of alerts with their onset in [since, until)."""
    cursor = await conn.execute(
        f"""
        WITH RECURSIVE {BELOW}
        SELECT a.rule, count(*) FILTER (WHERE a.severity = 'red'),
            count(*) FILTER (WHERE a.severity = 'orange'),
            count(*) FILTER (WHERE a.severity = 'blue'),
            count(*) FILTER (WHERE i.outcome = 'false_alarm'),
            count(*) FILTER (WHERE i.outcome IN ('genuine', 'to_hospital', 'deceased'))
        FROM alert a
        LEFT JOIN home h ON h.id = a.home LEFT JOIN gateway g ON g.id = a.gateway
        LEFT JOIN LATERAL (
            SELECT i.outcome FROM incident_alert k JOIN incident i ON i.id = k.incident
            WHERE k.alert = a.id ORDER BY k.joined_at DESC LIMIT 1
        ) i ON true
        WHERE a.onset >= %(since)s AND a.onset < %(until)s AND NOT a.test
            AND coalesce(h.area, g.area) IN (SELECT area FROM below)
        GROUP BY a.rule ORDER BY a.rule
        """.encode(),  # noqa: S608 (our own text)
        {"station": station, "since": since, "until": until},
    )
    return [Fired(*row) for row in await cursor.fetchall()]
