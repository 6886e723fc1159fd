"""A station's week: shifts that were confirmed, and dated exceptions that the console sets."""

from datetime import date, datetime, time
from typing import NamedTuple

from store.console_sessions import Connection


class Worked(NamedTuple):
    """A confirmed shift. `ended_at` None: it runs; `why` it ended."""

    staff: str
    confirmed_at: datetime
    ends_at: datetime
    ended_at: datetime | None
    why: str | None


async def worked(conn: Connection, station: str, *, start: datetime, end: datetime) -> list[Worked]:
    """Shifts that were confirmed and touch [start, end), oldest first."""
    cursor = await conn.execute(
        "SELECT staff, confirmed_at, ends_at, ended_at, why FROM shift WHERE station = %s"
        " AND confirmed_at < %s AND confirmed_at > %s::timestamptz - INTERVAL '2 days'"
        " AND coalesce(ended_at, ends_at) > %s ORDER BY confirmed_at, id",
        (station, end, start, start),
    )
    return [Worked(*row) for row in await cursor.fetchall()]


async def staff_of(conn: Connection, station: str) -> dict[str, str]:
    """Names by id of those who can be on duty there, in order of their ids."""
    cursor = await conn.execute(
        "SELECT id, name FROM staff WHERE station = %s AND role = 'duty' AND retired_at IS NULL"
        " ORDER BY id",
        (station,),
    )
    return dict(await cursor.fetchall())


async def put_date(
    conn: Connection,
    station: str,
    *,
    day: date,
    staff: str,
    hours: tuple[time, time] | None,
    author: str,
) -> bool:
    """On `day` a worker works besides, or (without `hours`) not at all. False: that stands there
    already."""
    starts, ends = hours or (None, None)
    done = await conn.execute(
        "INSERT INTO duty_date (station, date, staff, works, starts, ends, author)"
        " VALUES (%s, %s, %s, %s, %s, %s, %s)"
        " ON CONFLICT (station, date, staff, starts) DO NOTHING",
        (station, day, staff, hours is not None, starts, ends, author),
    )
    return done.rowcount == 1


async def drop_date(
    conn: Connection, station: str, *, day: date, staff: str | None, starts: time | None
) -> bool:
    """The weekly calendar counts again. Only what the console set: the rest is the registry's."""
    done = await conn.execute(
        "DELETE FROM duty_date WHERE station = %s AND date = %s AND author IS NOT NULL"
        " AND staff IS NOT DISTINCT FROM %s AND starts IS NOT DISTINCT FROM %s",
        (station, day, staff, starts),
    )
    return done.rowcount > 0


class Special(NamedTuple):
    """A dated exception; `author` None: the registry's own, which only an import changes."""

    day: date
    staff: str | None
    starts: time | None
    ends: time | None
    author: str | None


async def exceptions(conn: Connection, station: str, *, first: date, last: date) -> list[Special]:
    """Of the days [first, last], in order."""
    cursor = await conn.execute(
        "SELECT date, staff, starts, ends, author FROM duty_date WHERE station = %s"
        " AND date BETWEEN %s AND %s ORDER BY date, staff, starts",
        (station, first, last),
    )
    return [Special(*row) for row in await cursor.fetchall()]
