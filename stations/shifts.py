"""Shifts that are really worked: confirmed with a tap, left by signing out or when they are over.

What a worker holds passes on when they go: it is nobody's, and pages from the lowest level until
somebody takes it.
"""

from datetime import datetime, timedelta

from psycopg import AsyncConnection

from stations import duty, incident
from stations.channels.settings import AppriseOutlet
from stations.deed import Actor
from stations.policy import Policy
from stations.turn import Turn
from stations.work import check_actor
from store import stations_duty, stations_events, stations_incident
from store.stations_duty import Confirmed
from store.stations_events import Event

EARLY = timedelta(hours=1)
"""So long before it begins a shift can be confirmed."""
_UNPLANNED = timedelta(hours=12)
"""So long runs the shift of a worker for whom the calendar has none."""


async def confirm(conn: AsyncConnection, actor: Actor, now: datetime, policy: Policy) -> datetime:
    """The worker is there, and heard the sound test. Until when the shift runs; Refused for who
    may not act."""
    async with conn.transaction():
        await check_actor(conn, actor)
        ends = await _ends(conn, actor, now)
        phones = await stations_duty.phones(conn, [actor.staff])
        await stations_duty.confirm(
            conn,
            staff=actor.staff,
            station=actor.station,
            now=now,
            ends_at=ends,
            by_phone=bool(phones) and _rings(policy, actor.station),
        )
        await _record(conn, "shift_confirmed", actor, now)
    return ends


async def sign_out(
    conn: AsyncConnection, actor: Actor, now: datetime, policy: Policy, *, note: str | None = None
) -> int:
    """The worker goes; how many incidents of theirs page now. Where no shift runs what they hold
    still passes on. `note`: what they have to say to whoever comes next."""
    async with conn.transaction():
        await stations_duty.end(conn, actor.staff, now=now, why="signed out", note=note)
        await _record(conn, "shift_ended", actor, now)
        return await _pass_on(conn, actor.staff, now, policy)


async def end_due(conn: AsyncConnection, now: datetime, policy: Policy) -> int:
    """End one shift that is over; 0 when none is left, for any number of copies."""
    async with conn.transaction():
        over: Confirmed | None = await stations_duty.end_next_due(conn, now)
        if over is None:
            return 0
        await _record(conn, "shift_ended", Actor(over.staff, over.station), now)
        await _pass_on(conn, over.staff, now, policy)
    return 1


async def _ends(conn: AsyncConnection, actor: Actor, now: datetime) -> datetime:
    calendars = await stations_duty.calendars(conn, [actor.station])
    if calendars is None:
        return now + _UNPLANNED
    zone = await stations_duty.zone_of(conn, actor.station)
    planned = duty.end_of_shift(calendars[actor.station], zone, actor.staff, now, early=EARLY)
    return planned or now + _UNPLANNED


async def _pass_on(conn: AsyncConnection, staff: str, now: datetime, policy: Policy) -> int:
    held = await stations_incident.lock_held(conn, staff)
    turn = Turn(conn, now, policy)
    for row in held:
        event = Event(
            at=now, kind="passed_on", incident=row.id, station=row.holder_station,
            detail={"from": staff},
        )  # fmt: skip
        row.holder = row.holder_station = row.acknowledged_at = None
        await incident.arm(turn, row, events=[event])
    await turn.write()
    return len(held)


async def _record(conn: AsyncConnection, kind: str, actor: Actor, now: datetime) -> None:
    event = Event(at=now, kind=kind, staff=actor.staff, station=actor.station)
    await stations_events.record(conn, event)


def _rings(policy: Policy, station: str) -> bool:
    """Whether some channel calls this station's workers by phone."""
    return any(
        isinstance(o, AppriseOutlet)
        and "{phone}" in o.url.get_secret_value()
        and (not o.stations or station in o.stations)
        for o in policy.outlets
    )
