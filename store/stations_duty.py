"""The duty calendar as it lies in the directory, and who has confirmed that they are there."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from psycopg import AsyncConnection
from psycopg.rows import class_row

from schemas.directory import DEFAULT_ZONE


class Shift(NamedTuple):
    """A weekly shift in the station's own zone; `ends` at or before `starts` is the next day.
    It begins on no day before `since` or after `until`."""

    staff: str
    weekdays: list[str]
    starts: time
    ends: time
    since: date | None = None
    until: date | None = None


class Dated(NamedTuple):
    """On `date` a worker works besides; or, without hours, the shifts that begin then do not run:
    of `staff`, or of the whole station where that is None."""

    date: date
    staff: str | None
    starts: time | None
    ends: time | None


@dataclass(slots=True)
class Calendar:
    """One station's."""

    shifts: list[Shift] = field(default_factory=list)
    dates: list[Dated] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Confirmed:
    """A shift that its worker has confirmed and not yet left."""

    id: int
    staff: str
    station: str
    confirmed_at: datetime
    ends_at: datetime


async def calendars(conn: AsyncConnection, stations: Sequence[str]) -> dict[str, Calendar] | None:
    """By station, each of `stations` named; None where the site keeps no calendar at all."""
    found = {station: Calendar() for station in stations}
    cursor = await conn.execute(
        """
        SELECT d.station, d.staff, d.weekdays, d.starts, d.ends, d.since, d.until
        FROM duty d JOIN staff s ON s.id = d.staff AND s.retired_at IS NULL
        WHERE d.station = ANY(%s) ORDER BY d.station, d.staff, d.starts
        """,
        (list(stations),),
        prepare=True,
    )
    for station, *shift in await cursor.fetchall():
        found[station].shifts.append(Shift(*shift))
    cursor = await conn.execute(
        """
        SELECT d.station, d.date, d.staff, d.starts, d.ends
        FROM duty_date d LEFT JOIN staff s ON s.id = d.staff
        WHERE d.station = ANY(%s) AND s.retired_at IS NULL ORDER BY d.station, d.date, d.staff
        """,
        (list(stations),),
        prepare=True,
    )
    for station, *dated in await cursor.fetchall():
        found[station].dates.append(Dated(*dated))
    if any(c.shifts or c.dates for c in found.values()):
        return found
    cursor = await conn.execute("SELECT EXISTS (SELECT FROM duty UNION ALL SELECT FROM duty_date)")
    row = await cursor.fetchone()
    return found if row and row[0] else None


async def zone_of(conn: AsyncConnection, station: str) -> ZoneInfo:
    """The zone that a station's shifts count in: its area's, else the next one's above."""
    cursor = await conn.execute(
        """
        WITH RECURSIVE up AS (
            SELECT a.zone, a.parent, 0 AS depth
            FROM area a JOIN station s ON s.area = a.id WHERE s.id = %s
            UNION ALL
            SELECT a.zone, a.parent, up.depth + 1
            FROM area a JOIN up ON a.id = up.parent WHERE up.depth < 32
        )
        SELECT zone FROM up WHERE zone IS NOT NULL ORDER BY depth LIMIT 1
        """,
        (station,),
    )
    row = await cursor.fetchone()
    return ZoneInfo(row[0] if row else DEFAULT_ZONE)


async def phones(conn: AsyncConnection, staff: Sequence[str]) -> list[str]:
    """Their phone numbers, each once, in the order of `staff`."""
    cursor = await conn.execute(
        "SELECT id, phone FROM staff WHERE id = ANY(%s) AND phone <> '' AND retired_at IS NULL",
        (list(staff),),
    )
    by_id: dict[str, str] = dict(await cursor.fetchall())
    return list(dict.fromkeys(by_id[s] for s in staff if s in by_id))


# Confirmed shifts


async def confirm(
    conn: AsyncConnection,
    *,
    staff: str,
    station: str,
    now: datetime,
    ends_at: datetime,
    by_phone: bool,
) -> None:
    """Begin a shift, or confirm the present one again (its end moves)."""
    await conn.execute(
        """
        INSERT INTO shift (staff, station, confirmed_at, ends_at, seen_at, by_phone)
        VALUES (%s, %s, %s, %s, %s, %s)
        ON CONFLICT (staff) WHERE ended_at IS NULL
        DO UPDATE SET ends_at = excluded.ends_at, seen_at = excluded.seen_at,
            by_phone = excluded.by_phone
        """,
        (staff, station, now, ends_at, now, by_phone),
    )


async def seen(conn: AsyncConnection, staff: Sequence[str], now: datetime) -> None:
    """Their consoles are there: a live page of each heard from the server a moment ago."""
    await conn.execute(
        "UPDATE shift SET seen_at = %s WHERE staff = ANY(%s) AND ended_at IS NULL",
        (now, list(staff)),
    )


async def end(
    conn: AsyncConnection, staff: str, *, now: datetime, why: str, note: str | None = None
) -> Confirmed | None:
    """End a worker's shift; None if they have none. A second end changes nothing."""
    return await _one(
        conn,
        "UPDATE shift SET ended_at = %s, why = %s, note = %s WHERE staff = %s AND ended_at IS NULL "
        "RETURNING id, staff, station, confirmed_at, ends_at",
        now, why, note, staff,
    )  # fmt: skip


async def end_next_due(conn: AsyncConnection, now: datetime) -> Confirmed | None:
    """End one shift whose time has passed; None when none is left. Copies share the work."""
    return await _one(
        conn,
        """
        UPDATE shift SET ended_at = %s, why = 'over' WHERE id = (
            SELECT id FROM shift WHERE ended_at IS NULL AND ends_at <= %s
            ORDER BY ends_at LIMIT 1 FOR UPDATE SKIP LOCKED
        ) RETURNING id, staff, station, confirmed_at, ends_at
        """,
        now, now,
    )  # fmt: skip


async def next_end(conn: AsyncConnection) -> datetime | None:
    cursor = await conn.execute("SELECT min(ends_at) FROM shift WHERE ended_at IS NULL")
    row = await cursor.fetchone()
    return row[0] if row else None


async def of(conn: AsyncConnection, staff: str) -> Confirmed | None:
    """A worker's shift that runs, if any."""
    return await _one(
        conn,
        "SELECT id, staff, station, confirmed_at, ends_at FROM shift "
        "WHERE staff = %s AND ended_at IS NULL",
        staff,
    )


class Handover(NamedTuple):
    """What somebody said at the end of their shift."""

    name: str
    at: datetime
    note: str


async def handover(conn: AsyncConnection, station: str, since: datetime) -> Handover | None:
    """A station's last message from a shift that ended after `since`."""
    cursor = await conn.execute(
        """
        SELECT s.name, h.ended_at, h.note FROM shift h JOIN staff s ON s.id = h.staff
        WHERE h.station = %s AND h.ended_at > %s AND h.note IS NOT NULL
        ORDER BY h.ended_at DESC LIMIT 1
        """,
        (station, since),
    )
    row = await cursor.fetchone()
    return Handover(*row) if row else None


async def working(
    conn: AsyncConnection, stations: Sequence[str], *, now: datetime, within: timedelta
) -> dict[str, list[str]]:
    """By station, the workers whose confirmed shift runs and who can be reached: by phone, or by a
    console seen within `within`."""
    cursor = await conn.execute(
        """
        SELECT h.station, h.staff FROM shift h
        JOIN staff s ON s.id = h.staff AND s.retired_at IS NULL
        WHERE h.station = ANY(%s) AND h.ended_at IS NULL AND h.ends_at > %s
            AND (h.by_phone OR h.seen_at >= %s)
        ORDER BY h.station, h.staff
        """,
        (list(stations), now, now - within),
    )
    found: dict[str, list[str]] = defaultdict(list)
    for station, staff in await cursor.fetchall():
        found[station].append(staff)
    return found


async def _one(conn: AsyncConnection, query: str, *values: object) -> Confirmed | None:
    async with conn.cursor(row_factory=class_row(Confirmed)) as cursor:
        await cursor.execute(query.encode(), values)
        return await cursor.fetchone()
