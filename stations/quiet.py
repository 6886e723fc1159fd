"""Quiet without danger: mutes, test mode, away. Each names who, why and until when, and none
reaches an SOS.

What a mute keeps quiet is on record. When it ends, whatever of it is still open goes its way as if
it had just been raised.
"""

from collections.abc import Awaitable
from datetime import datetime, timedelta
from typing import Any

import psycopg
from psycopg import AsyncConnection

from schemas.alerts import Category
from stations.deed import Actor
from stations.refused import Refused
from stations.work import check_actor
from store import stations_events, stations_quiet
from store.stations_events import Event
from store.stations_intake import Arrived

CARE = "care"
"""In a mute's `rule`: every care rule."""
LONGEST_MUTE = timedelta(days=30)
LONGEST_FALL_MUTE = timedelta(hours=72)
LONGEST_TEST = timedelta(minutes=30)
LONGEST_AWAY = timedelta(days=30)


async def mute(
    conn: AsyncConnection,
    actor: Actor,
    now: datetime,
    *,
    scope: str,
    subject: str,
    rule: str,
    until: datetime,
    reason: str,
) -> int:
    """Keep a care rule (or all, CARE) quiet for an `elder`, a `home` or a `device`; or the falls of
    one sensor. The mute's id. Refused for an SOS, beyond the limits, or without a reason."""
    if rule == "sos" or (rule == "fall" and scope != "device"):
        raise Refused("mute_never")
    _limit(until - now, LONGEST_FALL_MUTE if rule == "fall" else LONGEST_MUTE, reason)
    async with conn.transaction():
        await check_actor(conn, actor)
        made = await stations_quiet.mute(
            conn,
            scope=scope,
            subject=subject,
            rule=rule,
            reason=reason.strip(),
            author=actor.staff,
            now=now,
            expires=until,
        )
        detail = {"mute": made, "scope": scope, "subject": subject, "rule": rule}
        await _record(conn, "muted", actor, now, detail | {"until": until.isoformat()})
    return made


async def unmute(conn: AsyncConnection, actor: Actor, now: datetime, mute: int) -> None:
    """End a mute now. Ending it twice changes nothing."""
    async with conn.transaction():
        await check_actor(conn, actor)
        if await stations_quiet.end_mute(conn, mute, now):
            await stations_quiet.let_go(conn, mute)
            await _record(conn, "unmuted", actor, now, {"mute": mute})


async def expire(conn: AsyncConnection, now: datetime) -> int:
    """End the mutes whose time is over; how many. Any copy may run it at any time."""
    async with conn.transaction():
        over = await stations_quiet.end_expired(conn, now)
        for mute_ in over:
            await stations_quiet.let_go(conn, mute_)
            await stations_events.record(
                conn, Event(at=now, kind="unmuted", detail={"mute": mute_})
            )
    return len(over)


async def test_mode(
    conn: AsyncConnection,
    actor: Actor,
    now: datetime,
    *,
    device: str,
    until: datetime,
    reason: str,
) -> None:
    """Presses of a device are labelled as tests and climb like the rest; 30 min at most."""
    _limit(until - now, LONGEST_TEST, reason)
    async with conn.transaction():
        await check_actor(conn, actor)
        await _known(
            stations_quiet.test_mode(
                conn, device, reason=reason.strip(), author=actor.staff, now=now, expires=until
            )
        )
        await _record(conn, "test_mode", actor, now, {"device": device, "until": until.isoformat()})


async def end_test_mode(conn: AsyncConnection, actor: Actor, now: datetime, device: str) -> None:
    async with conn.transaction():
        await check_actor(conn, actor)
        if await stations_quiet.end_test_mode(conn, device, now):
            await _record(conn, "test_mode_ended", actor, now, {"device": device})


async def set_away(
    conn: AsyncConnection,
    actor: Actor,
    now: datetime,
    *,
    elder: str,
    until: datetime,
    reason: str,
    starts: datetime | None = None,
) -> None:
    """From `starts` (now) on only emergency and device rules run for the elder, 30 days at most."""
    starts = starts or now
    _limit(until - starts, LONGEST_AWAY, reason)
    async with conn.transaction():
        await check_actor(conn, actor)
        await _known(
            stations_quiet.set_away(
                conn, elder, starts=starts, until=until, reason=reason.strip(), author=actor.staff
            )
        )
        detail = {"elder": elder, "until": until.isoformat()}
        await _record(conn, "away_set", actor, now, detail)


async def end_away(conn: AsyncConnection, actor: Actor, now: datetime, elder: str) -> None:
    async with conn.transaction():
        await check_actor(conn, actor)
        if await stations_quiet.end_away(conn, elder, now):
            await _record(conn, "away_ended", actor, now, {"elder": elder})


async def back(conn: AsyncConnection, change: Arrived, now: datetime) -> None:
    """The rules saw somebody who is noted as away: the period is over."""
    elder = await stations_quiet.elder_of(conn, change.alert)
    if elder is not None and await stations_quiet.end_away(conn, elder, now):
        detail = {"elder": elder}
        event = Event(at=now, kind="away_ended", alert=change.alert, detail=detail)
        await stations_events.record(conn, event)


async def keeps_quiet(conn: AsyncConnection, change: Arrived, now: datetime) -> bool:
    """Whether a mute in force covers the change; then it is on record and goes no further.

    Never for an SOS; for a fall only by a mute of its own sensor; device alerts are tasks and
    page nobody anyway.
    """
    mutable = change.category == Category.CARE or change.rule == "fall"
    if change.rule == "sos" or not mutable or change.mute is None:
        return False
    await stations_quiet.keep(conn, change.mute, change.alert)
    event = Event(at=now, kind="kept_quiet", alert=change.alert, detail={"mute": change.mute})
    await stations_events.record(conn, event)
    return True


def _limit(lasts: timedelta, longest: timedelta, reason: str) -> None:
    if not reason.strip():
        raise Refused("reason_missing")
    if not timedelta(0) < lasts <= longest:
        raise Refused("too_long")


async def _known(done: Awaitable[None]) -> None:
    """What the directory does not know is refused, not an error."""
    try:
        await done
    except psycopg.errors.ForeignKeyViolation as error:
        raise Refused("unknown_subject") from error


async def _record(
    conn: AsyncConnection, kind: str, actor: Actor, now: datetime, detail: dict[str, Any]
) -> None:
    event = Event(at=now, kind=kind, staff=actor.staff, station=actor.station, detail=detail)
    await stations_events.record(conn, event)
