"""A desk's tasks with what it takes to do them: the sentence, the place, whom to telephone.
Personal data (I10): whoever shows it audits.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from psycopg.rows import class_row

from store.console_scope import BELOW
from store.console_sessions import Connection

_KINDS = """
CASE WHEN t.kind IN ('visit_due', 'outage', 'channel_failed') THEN t.kind
     ELSE coalesce(a.category, 'care') END
"""
_LIST = f"""
SELECT t.id, t.kind, {_KINDS} AS sort, t.subject, t.opened_at, t.home, h.address, h.door_note,
    e.id AS elder, e.name AS elder_name, e.phone, a.severity, a.reason, a.onset, a.cleared,
    a.device, a.gateway, coalesce(a.late, false) AS late, coalesce(a.test, false) AS test,
    t.assignee, s.name AS assignee_name, t.station IS DISTINCT FROM %(station)s AS raised,
    (SELECT count(*) FROM task c WHERE c.parent = t.id AND c.done_at IS NULL) AS children,
    (SELECT count(*) FROM alert_event v WHERE v.task = t.id AND v.kind = 'called') AS calls,
    (SELECT d.error FROM delivery d
     WHERE t.kind = 'channel_failed' AND d.dead_at IS NOT NULL
         AND d.channel = split_part(t.subject, ':', 1)
         AND d.target = substr(t.subject, strpos(t.subject, ':') + 1)
     ORDER BY d.id DESC LIMIT 1) AS error
FROM task t
LEFT JOIN task p ON p.id = t.parent AND p.done_at IS NULL
LEFT JOIN alert a ON a.id = t.alert
LEFT JOIN home h ON h.id = t.home
LEFT JOIN staff s ON s.id = t.assignee
LEFT JOIN elder e ON e.retired_at IS NULL
    AND e.id = coalesce(a.elder, CASE WHEN t.kind = 'visit_due' THEN t.subject END)
WHERE (t.station = %(station)s OR t.raised_to = %(station)s) AND t.done_at IS NULL AND p.id IS NULL
ORDER BY t.opened_at, t.id LIMIT %(most)s
"""  # noqa: S608 (our own text)
MOST = 500


@dataclass(frozen=True, slots=True)
class DeskTask:
    """`sort`: what kind of work (`care`, `device`, `visit_due`, `outage`, `channel_failed`).
    `raised`: another station's that nobody touched for two working days. `calls`: calls on record;
    `error`: what a channel said last."""

    id: UUID
    kind: str
    sort: str
    subject: str | None
    opened_at: datetime
    home: str | None
    address: str | None
    door_note: str | None
    elder: str | None
    elder_name: str | None
    phone: str | None
    severity: str | None
    reason: dict[str, str] | None
    onset: datetime | None
    cleared: datetime | None
    device: str | None
    gateway: str | None
    late: bool
    test: bool
    assignee: str | None
    assignee_name: str | None
    raised: bool
    children: int
    calls: int
    error: str | None


class Count(NamedTuple):
    """Open tasks of a kind of work in an area, and since when the oldest waits."""

    area: str
    name: str
    sort: str
    open: int
    oldest: datetime


async def of_station(conn: Connection, station: str) -> list[DeskTask]:
    """The station's open tasks and those raised to it, the oldest first, 500 at most."""
    async with conn.cursor(row_factory=class_row(DeskTask)) as cursor:
        await cursor.execute(_LIST.encode(), {"station": station, "most": MOST})
        return await cursor.fetchall()


async def counts(conn: Connection, station: str) -> list[Count]:
    """Figures alone: open tasks of every station under this one's area."""
    cursor = await conn.execute(
        f"""
        WITH RECURSIVE {BELOW}
        SELECT r.id, r.name, {_KINDS} AS sort, count(*), min(t.opened_at)
        FROM task t JOIN station s ON s.id = t.station JOIN area r ON r.id = s.area
        LEFT JOIN alert a ON a.id = t.alert
        WHERE t.done_at IS NULL AND s.area IN (SELECT area FROM below)
        GROUP BY r.id, r.name, sort ORDER BY r.id, sort
        """.encode(),  # noqa: S608 (our own text)
        {"station": station},
    )
    return [Count(*row) for row in await cursor.fetchall()]
