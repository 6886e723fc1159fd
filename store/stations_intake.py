"""`alert_change`: what ingest told the stations, claimed in order per lane by any copy.

Holding the lock on a lane's oldest row is holding the lane: another copy sees that row until it
is gone, and so takes nothing behind it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from psycopg import AsyncConnection
from psycopg.types.json import Jsonb

from store.stations_incident import IncidentAlert

_FIRST_OF_LANE = """
(c.retry_at IS NULL OR c.retry_at <= %(now)s)
AND NOT EXISTS (SELECT FROM alert_change e WHERE e.lane = c.lane AND e.id < c.id)
"""
_CLAIM = f"""
WITH red AS (
    SELECT c.id, c.lane FROM alert_change c
    WHERE c.lane IN (SELECT lane FROM alert_change WHERE severity = 'red') AND {_FIRST_OF_LANE}
    ORDER BY c.id LIMIT %(lanes)s FOR UPDATE OF c SKIP LOCKED
), other AS (
    SELECT c.id, c.lane FROM alert_change c
    WHERE c.lane <> ALL(ARRAY(SELECT lane FROM red)) AND {_FIRST_OF_LANE}
    ORDER BY c.id LIMIT %(lanes)s - (SELECT count(*) FROM red) FOR UPDATE OF c SKIP LOCKED
)
SELECT lane FROM (SELECT 0 AS turn, * FROM red UNION ALL SELECT 1, * FROM other) found
ORDER BY turn, id
""".encode()  # noqa: S608 (our own text only)


@dataclass(frozen=True, slots=True)
class Arrived:
    """A change with what its alert says now. `severity` is as of the change; `opener`: the
    station that opened it by hand; `mute`: what keeps it quiet; `in_test`: its device is in test
    mode; `fresh`: the id of the incident, should it open one."""

    id: int
    lane: str
    kind: str
    severity: str
    at: datetime
    home: str | None
    opener: str | None
    mute: int | None
    in_test: bool
    fresh: UUID
    says: IncidentAlert

    @property
    def alert(self) -> UUID:
        return self.says.id

    @property
    def rule(self) -> str:
        return self.says.rule

    @property
    def category(self) -> str:
        return self.says.category


async def claim(
    conn: AsyncConnection, *, now: datetime, lanes: int, per_lane: int
) -> dict[str, list[Arrived]]:
    """Up to `per_lane` changes of up to `lanes` lanes, ours until the commit: first the lanes in
    which a red waits, so that nothing is behind however many others there are; then the oldest."""
    cursor = await conn.execute(_CLAIM, {"now": now, "lanes": lanes})
    found = [lane for (lane,) in await cursor.fetchall()]
    claimed: dict[str, list[Arrived]] = {lane: [] for lane in found}
    if claimed:
        for arrived in await _changes(conn, list(claimed), per_lane, now):
            claimed[arrived.lane].append(arrived)
    return claimed


_CHANGES = """
SELECT c.id, c.lane, c.kind, c.severity, c.at, a.home, a.evidence ->> 'opened_at', m.id,
    EXISTS (
        SELECT FROM test_mode t WHERE t.device = a.device AND t.ended_at IS NULL
            AND t.starts <= %(now)s AND t.expires > %(now)s
    ),
    gen_random_uuid(), a.id, a.rule, a.severity, a.category, a.elder, a.elders, a.device,
    a.gateway, a.onset, a.raised, a.cleared, a.late, a.test, a.reason
FROM unnest(%(lanes)s::text[]) AS lanes (lane)
CROSS JOIN LATERAL (
    SELECT * FROM alert_change x WHERE x.lane = lanes.lane ORDER BY x.id LIMIT %(per_lane)s
) c
JOIN alert a ON a.id = c.alert
LEFT JOIN LATERAL (
    SELECT m.id FROM mute m
    WHERE m.subject IN (a.device, a.elder, a.home) AND m.ended_at IS NULL AND m.expires > %(now)s
        AND m.subject = CASE m.scope WHEN 'device' THEN a.device WHEN 'elder' THEN a.elder
            ELSE a.home END
        AND a.rule <> 'sos' AND (m.rule = a.rule OR (m.rule = 'care' AND a.category = 'care'))
    ORDER BY m.expires DESC LIMIT 1
) m ON true
ORDER BY c.id
"""
_OF_CHANGE = 10  # columns; the others are the alert's


async def _changes(
    conn: AsyncConnection, lanes: list[str], per_lane: int, now: datetime
) -> list[Arrived]:
    values = {"lanes": lanes, "per_lane": per_lane, "now": now}
    cursor = await conn.execute(_CHANGES, values)
    rows = await cursor.fetchall()
    return [Arrived(*(*row[:_OF_CHANGE], IncidentAlert(*row[_OF_CHANGE:]))) for row in rows]


async def handled(conn: AsyncConnection, changes: Sequence[int]) -> None:
    await conn.execute("DELETE FROM alert_change WHERE id = ANY(%s)", (list(changes),))


async def failed(conn: AsyncConnection, change: int, retry_at: datetime) -> int:
    """Hold the lane back until `retry_at`; how often it has failed now."""
    cursor = await conn.execute(
        """
        UPDATE alert_change SET attempts = attempts + 1, retry_at = %s WHERE id = %s
        RETURNING attempts
        """,
        (retry_at, change),
    )
    row = await cursor.fetchone()
    return row[0] if row else 0


async def backlog(conn: AsyncConnection) -> int:
    cursor = await conn.execute("SELECT count(*) FROM alert_change")
    row = await cursor.fetchone()
    return row[0] if row else 0


async def raise_by_hand(
    conn: AsyncConnection,
    alert: UUID,
    *,
    rule: str,
    home: str,
    severity: str,
    category: str,
    reason: Mapping[str, str],
    station: str,
    now: datetime,
) -> bool:
    """An alert that a station enters for a home, queued like one of ingest's. False where the
    directory does not hold the home."""
    values = {
        "id": alert,
        "rule": rule,
        "home": home,
        "severity": severity,
        "category": category,
        "reason": Jsonb(dict(reason)),
        "evidence": Jsonb({"opened_at": station}),
        "steps": Jsonb([{"severity": severity, "at": now.isoformat()}]),
        "station": station,
        "now": now,
    }
    done = await conn.execute(
        """
        INSERT INTO alert (id, rule, severity, category, home, station, onset, raised, late, test,
                           reason, evidence, steps)
        SELECT %(id)s, %(rule)s, %(severity)s, %(category)s, id, %(station)s, %(now)s, %(now)s,
            false, false, %(reason)s, %(evidence)s, %(steps)s
        FROM home WHERE id = %(home)s AND retired_at IS NULL
        """,
        values,
    )
    if done.rowcount == 0:
        return False
    await conn.execute(
        "INSERT INTO alert_change (alert, lane, kind, severity, at)"
        " VALUES (%(id)s, %(home)s, 'raised', %(severity)s, %(now)s)",
        values,
    )
    await conn.execute("NOTIFY vigil_alert_change")
    return True
