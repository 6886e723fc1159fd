"""A station's week: shifts that were confirmed, and what the console sets in the calendar: weekly
shifts and dated exceptions."""

from datetime import date, datetime, time
from typing import NamedTuple

from store.console_sessions import Connection
from store.stations_duty import Shift


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


class Weekly(NamedTuple):
    """A weekly shift; `author` None: the registry's own."""

    staff: str
    weekdays: list[str]
    starts: time
    ends: time
    since: date | None
    until: date | None
    author: str | None


async def weekly(conn: Connection, station: str, *, today: date) -> list[Weekly]:
    """Shifts of people in service that are not over, by person and hour."""
    cursor = await conn.execute(
        "SELECT d.staff, d.weekdays, d.starts, d.ends, d.since, d.until, d.author"
        " FROM duty d JOIN staff s ON s.id = d.staff AND s.retired_at IS NULL"
        " WHERE d.station = %s AND (d.until IS NULL OR d.until >= %s)"
        " ORDER BY d.staff, d.starts, d.weekdays, d.since",
        (station, today),
    )
    return [Weekly(*row) for row in await cursor.fetchall()]


async def add_weekly(conn: Connection, station: str, shift: Shift, *, author: str) -> bool:
    """A weekly shift; False: one on these days at this hour stands there already."""
    done = await conn.execute(
        "INSERT INTO duty (station, staff, weekdays, starts, ends, since, until, author)"
        " VALUES (%s, %s, %s, %s, %s, %s, %s, %s)"
        " ON CONFLICT (station, staff, weekdays, starts, since) DO NOTHING",
        (station, *shift, author),
    )
    return done.rowcount == 1


async def end_weekly(conn: Connection, station: str, shift: Shift, *, by: str) -> bool:
    """It begins for the last time on `shift.until`, or sooner if that stood there. One that will
    never have begun goes altogether; False: it is the registry's, or there is no such shift."""
    key = {
        "station": station,
        "staff": shift.staff,
        "weekdays": shift.weekdays,
        "starts": shift.starts,
        "since": shift.since,
        "until": shift.until,
        "by": by,
    }
    which = """
        WHERE station = %(station)s AND staff = %(staff)s AND starts = %(starts)s
            AND weekdays @> %(weekdays)s AND weekdays <@ %(weekdays)s
            AND since IS NOT DISTINCT FROM %(since)s
    """
    gone = await conn.execute(
        f"DELETE FROM duty {which} AND author IS NOT NULL AND since > %(until)s".encode(),  # noqa: S608 (our own text)
        key,
    )
    if gone.rowcount:
        return True
    done = await conn.execute(
        f"UPDATE duty SET until = least(until, %(until)s), ended_by = %(by)s {which}"  # noqa: S608
        " AND (since IS NULL OR since <= %(until)s)".encode(),
        key,
    )
    return done.rowcount == 1
