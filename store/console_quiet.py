"""What is kept quiet under a desk's area: mutes and away periods that run."""

from dataclasses import dataclass
from datetime import datetime

from psycopg.rows import class_row

from store.console_scope import BELOW
from store.console_sessions import Connection


@dataclass(frozen=True, slots=True)
class Mute:
    """`scope`: `elder`, `home` or `device`, of which `subject` is the id. `kept`: alerts that it
    has kept quiet so far."""

    id: int
    scope: str
    subject: str
    rule: str
    reason: str
    author: str
    author_name: str
    starts: datetime
    expires: datetime
    area_name: str
    kept: int


@dataclass(frozen=True, slots=True)
class Absence:
    """An away period that runs or has yet to begin; `author` None: the registry's own."""

    elder: str
    starts: datetime
    until: datetime
    reason: str | None
    author_name: str | None
    area_name: str


_PLACED = """
placed (scope, subject, area) AS (
    SELECT 'home', h.id, h.area FROM home h WHERE h.area IN (SELECT area FROM below)
    UNION ALL
    SELECT 'elder', e.id, h.area FROM elder e JOIN home h ON h.id = e.home
    WHERE h.area IN (SELECT area FROM below)
    UNION ALL
    SELECT 'device', d.id, g.area FROM device d JOIN gateway g ON g.id = d.gateway
    WHERE g.area IN (SELECT area FROM below)
)
"""


async def mutes(
    conn: Connection, station: str, *, now: datetime, only: int | None = None
) -> list[Mute]:
    """Those in force under a station's area, the next to end first; `only`: that one."""
    async with conn.cursor(row_factory=class_row(Mute)) as cursor:
        await cursor.execute(
            f"""
            WITH RECURSIVE {BELOW}, {_PLACED}
            SELECT m.id, m.scope, m.subject, m.rule, m.reason, m.author, s.name AS author_name,
                m.starts, m.expires, r.name AS area_name,
                (SELECT count(*) FROM mute_alert k WHERE k.mute = m.id) AS kept
            FROM mute m JOIN placed p ON p.scope = m.scope AND p.subject = m.subject
            JOIN area r ON r.id = p.area JOIN staff s ON s.id = m.author
            WHERE m.ended_at IS NULL AND m.expires > %(now)s
                AND (%(only)s::bigint IS NULL OR m.id = %(only)s)
            ORDER BY m.expires, m.id
            """.encode(),  # noqa: S608 (our own text)
            {"station": station, "now": now, "only": only},
        )
        return await cursor.fetchall()


async def absences(
    conn: Connection, station: str, *, now: datetime, only: str | None = None
) -> list[Absence]:
    """Who is noted as away under a station's area; `only`: that elder."""
    async with conn.cursor(row_factory=class_row(Absence)) as cursor:
        await cursor.execute(
            f"""
            WITH RECURSIVE {BELOW}
            SELECT a.elder, a.starts, a.until, a.reason, s.name AS author_name,
                r.name AS area_name
            FROM away a JOIN elder e ON e.id = a.elder AND e.retired_at IS NULL
            JOIN home h ON h.id = e.home JOIN area r ON r.id = h.area
            LEFT JOIN staff s ON s.id = a.author
            WHERE a.until > %(now)s AND h.area IN (SELECT area FROM below)
                AND (%(only)s::text IS NULL OR a.elder = %(only)s)
            ORDER BY a.until, a.elder LIMIT 500
            """.encode(),  # noqa: S608 (our own text)
            {"station": station, "now": now, "only": only},
        )
        return await cursor.fetchall()
