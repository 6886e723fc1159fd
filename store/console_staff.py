"""Who may sign in, and as what, under an administrator's area."""

from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from psycopg.rows import class_row

from store import console_browsers
from store.console_audit import Entry
from store.console_scope import BELOW
from store.console_sessions import Connection


@dataclass(frozen=True, slots=True)
class Member:
    """`signed_in`: sessions that run; `last_login`: as the audit trail has it."""

    id: str
    name: str
    role: str
    station: str
    station_name: str
    phone: str
    has_password: bool
    signed_in: int
    last_login: datetime | None


_LIST = f"""
WITH RECURSIVE {BELOW}
SELECT s.id, s.name, s.role, s.station, t.name AS station_name, coalesce(s.phone, '') AS phone,
    s.password_hash IS NOT NULL AS has_password,
    (SELECT count(*) FROM console_session c
     WHERE c.staff = s.id AND c.expires_at > %(now)s AND c.seen_at > %(idle)s) AS signed_in,
    (SELECT max(u.at) FROM audit u WHERE u.staff = s.id AND u.action = 'login') AS last_login
FROM staff s JOIN station t ON t.id = s.station
WHERE (s.retired_at IS NOT NULL) = %(retired)s AND t.area IN (SELECT area FROM below)
    AND (%(only)s::text IS NULL OR s.id = %(only)s)
ORDER BY t.area, t.id, s.id LIMIT 1000
"""  # noqa: S608 (our own text)


async def members(
    conn: Connection,
    station: str,
    *,
    now: datetime,
    idle: datetime,
    only: str | None = None,
    retired: bool = False,
) -> list[Member]:
    """The staff of every station under a station's area, 1,000 at most; `only`: that one;
    `retired`: those who are. A session not seen since `idle` does not count."""
    values = {"station": station, "now": now, "idle": idle, "only": only, "retired": retired}
    async with conn.cursor(row_factory=class_row(Member)) as cursor:
        await cursor.execute(_LIST.encode(), values)
        return await cursor.fetchall()


class Details(NamedTuple):
    """What stands beside the id; `phone` "" for none."""

    name: str
    phone: str
    station: str


async def insert(conn: Connection, staff: str, details: Details, *, role: str) -> bool:
    """A new member without a password; False where the id is taken, also by somebody retired."""
    done = await conn.execute(
        "INSERT INTO staff (id, name, phone, station, role) VALUES (%s, %s, nullif(%s, ''), %s, %s)"
        " ON CONFLICT (id) DO NOTHING",
        (staff, *details, role),
    )
    return done.rowcount == 1


async def set_details(conn: Connection, staff: str, details: Details) -> None:
    """Their sessions run on: who moves to another station is to be signed out besides."""
    await conn.execute(
        "UPDATE staff SET name = %s, phone = nullif(%s, ''), station = %s WHERE id = %s",
        (*details, staff),
    )


async def bring_back(conn: Connection, staff: str) -> None:
    """Somebody retired is in service again, without the password they had."""
    await conn.execute(
        "UPDATE staff SET retired_at = NULL, password_hash = NULL WHERE id = %s", (staff,)
    )
    await conn.execute("UPDATE directory_version SET version = version + 1")


async def set_role(conn: Connection, staff: str, role: str) -> None:
    """Sessions under the old role end."""
    await conn.execute("UPDATE staff SET role = %s WHERE id = %s", (role, staff))
    await sign_out(conn, staff)


async def set_password(conn: Connection, staff: str, password_hash: str) -> None:
    """Sessions under the old password end, and no browser is known any more."""
    await conn.execute("UPDATE staff SET password_hash = %s WHERE id = %s", (password_hash, staff))
    await console_browsers.forget(conn, staff)
    await sign_out(conn, staff)


async def retire(conn: Connection, staff: str, *, now: datetime) -> None:
    """They sign in no more; what they did stays under their id."""
    await conn.execute("UPDATE staff SET retired_at = %s WHERE id = %s", (now, staff))
    await conn.execute("UPDATE directory_version SET version = version + 1")
    await sign_out(conn, staff)


async def sign_out(conn: Connection, staff: str) -> int:
    """End their sessions; how many."""
    done = await conn.execute("DELETE FROM console_session WHERE staff = %s", (staff,))
    return done.rowcount


async def trail(
    conn: Connection,
    station: str,
    *,
    since: datetime,
    until: datetime,
    reasoned: bool,
    most: int,
) -> list[Entry]:
    """What the staff under a station's area did and looked at in [since, until), newest first.
    `reasoned`: only looks with a stated reason."""
    async with conn.cursor(row_factory=class_row(Entry)) as cursor:
        await cursor.execute(
            f"""
            WITH RECURSIVE {BELOW}
            SELECT u.id, u.at, u.staff, u.action, u.subject, u.detail
            FROM audit u JOIN staff s ON s.id = u.staff JOIN station t ON t.id = s.station
            WHERE u.at >= %(since)s AND u.at < %(until)s AND t.area IN (SELECT area FROM below)
                AND (NOT %(reasoned)s OR u.detail ? 'reason')
            ORDER BY u.id DESC LIMIT %(most)s
            """.encode(),  # noqa: S608 (our own text)
            {
                "station": station,
                "since": since,
                "until": until,
                "reasoned": reasoned,
                "most": most,
            },
        )
        return await cursor.fetchall()
