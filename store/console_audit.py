"""The audit trail: who looked at personal data or changed it, when, and what it was about.

Subjects and details are ids, never the data looked at.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from store.console_sessions import Connection


@dataclass(frozen=True, slots=True)
class Entry:
    id: int
    at: datetime
    staff: str | None
    action: str
    subject: str | None
    detail: dict[str, Any]


class Look(NamedTuple):
    """Somebody saw what a station's board shows of these incidents."""

    staff: str
    station: str
    incidents: Sequence[str]


async def record(
    conn: Connection,
    *,
    at: datetime,
    staff: str | None,
    action: str,
    subject: str | None = None,
    detail: Mapping[str, Any] | None = None,
) -> None:
    await conn.execute(
        "INSERT INTO audit (at, staff, action, subject, detail) VALUES (%s, %s, %s, %s, %s)",
        (at, staff, action, subject, Jsonb(dict(detail or {}))),
    )


async def record_looks(conn: Connection, looks: Sequence[Look], *, at: datetime) -> None:
    """Many people's looks at boards, one row each."""
    async with conn.cursor() as cursor:
        await cursor.executemany(
            "INSERT INTO audit (at, staff, action, subject, detail)"
            " VALUES (%s, %s, 'board.view', %s, %s)",
            [
                (at, look.staff, look.station, Jsonb({"incidents": list(look.incidents)}))
                for look in looks
            ],
        )


async def entries(
    conn: Connection, *, since: datetime, until: datetime, staff: str | None = None
) -> list[Entry]:
    """What is on record in [since, until), oldest first; of one person if `staff` is given."""
    async with conn.cursor(row_factory=class_row(Entry)) as cursor:
        await cursor.execute(
            "SELECT id, at, staff, action, subject, detail FROM audit"
            " WHERE at >= %(since)s AND at < %(until)s"
            " AND (%(staff)s::text IS NULL OR staff = %(staff)s) ORDER BY id",
            {"since": since, "until": until, "staff": staff},
        )
        return await cursor.fetchall()
