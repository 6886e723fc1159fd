"""Tasks: blue and device alerts as work for the next covered hour, apart from incidents."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from psycopg import AsyncConnection
from psycopg.rows import class_row


@dataclass(frozen=True, slots=True)
class Task:
    id: UUID
    station: str | None
    raised_to: str | None
    done_at: datetime | None
    done_by: str | None
    assignee: str | None


async def open_for_alert(
    conn: AsyncConnection,
    alert: UUID,
    *,
    home: str | None,
    station: str | None,
    kind: str,
    now: datetime,
    assignee: str | None = None,
) -> UUID | None:
    """A task for an alert, or its old one opened again; None if it is open already. `assignee`:
    the one person it is for."""
    cursor = await conn.execute(
        """
        INSERT INTO task (alert, home, station, kind, opened_at, assignee)
        VALUES (%s, %s, %s, %s, %s, %s)
        ON CONFLICT (alert) DO UPDATE
            SET done_at = NULL, done_by = NULL, note = NULL, station = excluded.station,
                assignee = excluded.assignee, opened_at = excluded.opened_at, raised_to = NULL,
                parent = NULL
            WHERE task.done_at IS NOT NULL
        RETURNING id
        """,
        (alert, home, station, kind, now, assignee),
    )
    row = await cursor.fetchone()
    return row[0] if row else None


async def open_about(
    conn: AsyncConnection, *, kind: str, subject: str, station: str | None, now: datetime
) -> UUID | None:
    """A task that comes from no alert; None if the same one about `subject` is open already."""
    cursor = await conn.execute(
        """
        INSERT INTO task (kind, subject, station, opened_at) VALUES (%s, %s, %s, %s)
        ON CONFLICT (kind, subject) WHERE done_at IS NULL AND subject IS NOT NULL DO NOTHING
        RETURNING id
        """,
        (kind, subject, station, now),
    )
    row = await cursor.fetchone()
    return row[0] if row else None


# Outages: tasks of a district's silences, gathered under one


async def open_with(conn: AsyncConnection, *, kind: str, subject: str) -> UUID | None:
    """The open task of a kind about a subject."""
    cursor = await conn.execute(
        "SELECT id FROM task WHERE kind = %s AND subject = %s AND done_at IS NULL", (kind, subject)
    )
    row = await cursor.fetchone()
    return row[0] if row else None


async def note_under(conn: AsyncConnection, task: UUID, district: str) -> None:
    await conn.execute("UPDATE task SET under = %s WHERE id = %s", (district, task))


async def count_under(conn: AsyncConnection, district: str, *, since: datetime) -> int:
    """Open silences of a district since a moment."""
    cursor = await conn.execute(
        "SELECT count(*) FROM task WHERE under = %s AND opened_at >= %s AND done_at IS NULL",
        (district, since),
    )
    row = await cursor.fetchone()
    return row[0] if row else 0


async def put_under(conn: AsyncConnection, outage: UUID, district: str) -> None:
    """Every open silence of a district belongs to its outage."""
    await conn.execute(
        "UPDATE task SET parent = %s WHERE under = %s AND done_at IS NULL AND parent IS NULL",
        (outage, district),
    )


async def finish_childless_parent(
    conn: AsyncConnection, task: UUID, *, now: datetime
) -> UUID | None:
    """End the outage of a task that has ended, if it was its last open one; the outage's id."""
    cursor = await conn.execute(
        """
        UPDATE task p SET done_at = %s, note = 'over'
        WHERE p.id = (SELECT parent FROM task WHERE id = %s) AND p.done_at IS NULL
            AND NOT EXISTS (SELECT FROM task c WHERE c.parent = p.id AND c.done_at IS NULL)
        RETURNING p.id
        """,
        (now, task),
    )
    row = await cursor.fetchone()
    return row[0] if row else None


async def waiting_since(
    conn: AsyncConnection, before: datetime, *, limit: int
) -> list[tuple[UUID, str, datetime]]:
    """Open tasks from before a moment that stand on no higher list yet, oldest first, locked:
    (task, station, opened). Those that another copy holds are left to it."""
    cursor = await conn.execute(
        "SELECT id, station, opened_at FROM task WHERE done_at IS NULL AND raised_to IS NULL"
        " AND opened_at <= %s AND station IS NOT NULL ORDER BY opened_at, id LIMIT %s"
        " FOR UPDATE SKIP LOCKED",
        (before, limit),
    )
    return [(row[0], row[1], row[2]) for row in await cursor.fetchall()]


async def raise_to(conn: AsyncConnection, task: UUID, station: str) -> None:
    """Show it on a higher station's list too."""
    await conn.execute("UPDATE task SET raised_to = %s WHERE id = %s", (station, task))
    await notify(conn, task)


async def lock(conn: AsyncConnection, task: UUID) -> Task | None:
    async with conn.cursor(row_factory=class_row(Task)) as cursor:
        await cursor.execute(
            "SELECT id, station, raised_to, done_at, done_by, assignee FROM task WHERE id = %s"
            " FOR UPDATE",
            (task,),
        )
        return await cursor.fetchone()


async def assign(conn: AsyncConnection, task: UUID, staff: str | None) -> None:
    """Whose work it is; None: whoever comes first."""
    await conn.execute("UPDATE task SET assignee = %s WHERE id = %s", (staff, task))
    await notify(conn, task)


async def finish(
    conn: AsyncConnection, task: UUID, *, now: datetime, staff: str | None, note: str | None
) -> None:
    await conn.execute(
        "UPDATE task SET done_at = %s, done_by = %s, note = %s WHERE id = %s",
        (now, staff, note, task),
    )
    await notify(conn, task)


async def finish_for_alert(
    conn: AsyncConnection, alert: UUID, *, now: datetime, note: str
) -> UUID | None:
    """What the system itself does when the work has gone away; None if no task was open."""
    cursor = await conn.execute(
        """
        UPDATE task SET done_at = %s, note = %s WHERE alert = %s AND done_at IS NULL RETURNING id
        """,
        (now, note, alert),
    )
    row = await cursor.fetchone()
    if row is None:
        return None
    task: UUID = row[0]
    await notify(conn, task)
    return task


async def notify(conn: AsyncConnection, task: UUID) -> None:
    await conn.execute("SELECT pg_notify('vigil_task', %s)", (str(task),))
