"""The month's visits of one desk: who is to be seen, and who has been. Personal data (I10)."""

from dataclasses import dataclass
from datetime import datetime

from psycopg.rows import class_row

from store.console_scope import OWN
from store.console_sessions import Connection
from store.stations_visits import TO_VISIT

MOST = 1000


@dataclass(frozen=True, slots=True)
class ToVisit:
    """`last`: the newest visit on record, None for none; `by`: who made it."""

    id: str
    name: str
    home: str
    address: str
    door_note: str | None
    living: str
    care_level: int
    birth_year: int | None
    phone: str | None
    last: datetime | None
    by: str | None


async def to_visit(conn: Connection, station: str) -> list[ToVisit]:
    """Everyone whom 月探访率 counts among the elders to whom the station is the nearest: who was
    never visited first, then the longest ago; 1,000 at most."""
    async with conn.cursor(row_factory=class_row(ToVisit)) as cursor:
        await cursor.execute(
            f"""
            WITH RECURSIVE {OWN}
            SELECT e.id, e.name, e.home, h.address, h.door_note, e.living, e.care_level,
                e.birth_year, e.phone, v.at AS last, s.name AS by
            FROM elder e JOIN home h ON h.id = e.home
            LEFT JOIN LATERAL (
                SELECT at, staff FROM visit WHERE elder = e.id ORDER BY at DESC LIMIT 1
            ) v ON true
            LEFT JOIN staff s ON s.id = v.staff
            WHERE {TO_VISIT} AND h.area IN (SELECT area FROM own)
            ORDER BY v.at NULLS FIRST, h.address, e.id LIMIT {MOST}
            """.encode(),  # noqa: S608 (our own text)
            {"station": station},
        )
        return await cursor.fetchall()
