"""vigil visit: put a visit on record."""

import asyncio
from datetime import datetime
from typing import Annotated

import psycopg
import typer

from schemas.times import from_micros
from stations import visits
from store import stations_pool
from vigil.clock import SystemClock
from vigil.commands.common import fail, out
from vigil.settings import Settings


def visit(
    elders: Annotated[list[str], typer.Argument(help="ids in elders.csv", show_default=False)],
    *,
    staff: Annotated[str, typer.Option(help="who was there", show_default=False)],
    at: Annotated[
        str | None, typer.Option(help="RFC 3339 with its zone; left out: now", show_default=False)
    ] = None,
    note: Annotated[str | None, typer.Option(help="stays beside the visit")] = None,
) -> None:
    """Somebody of the staff stood before these elders; their visit_due tasks end."""
    now = from_micros(SystemClock().now())
    when = _time(at, now) if at else now
    try:
        asyncio.run(_record(elders, staff=staff, when=when, now=now, note=note))
    except psycopg.errors.ForeignKeyViolation as error:
        raise fail(f"not in the directory: {error.diag.message_detail}") from error
    out(f"{len(elders)} on record")


async def _record(
    elders: list[str], *, staff: str, when: datetime, now: datetime, note: str | None
) -> None:
    dsn = Settings().store.dsn
    async with await stations_pool.connect(dsn, application="vigil visit") as conn:
        await visits.visited(conn, elders, at=when, staff=staff, now=now, note=note)


def _time(text: str, now: datetime) -> datetime:
    try:
        when = datetime.fromisoformat(text)
    except ValueError:
        when = None
    if when is None or when.tzinfo is None:
        raise fail(f"--at {text!r}: a time with its zone, such as 2026-03-05T10:30:00+08:00", 2)
    if when > now:
        raise fail(f"--at {text}: this has not happened yet", 2)
    return when
