"""What people do with incidents: each action is one transaction, and on record.

Two people at once: the row's lock lets one of them win, and `Refused` tells the other who it was.
An action by somebody else than the holder is refused while the holder has it in hand; once it is
being paged again, whoever answers first takes it over.
"""

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg import AsyncConnection

from schemas.alerts import Severity
from schemas.directory import Role
from stations import incident, policy, visits
from stations.cards import concerned
from stations.deed import (
    PROGRESS,
    STATE,
    Action,
    Actor,
    CallResult,
    Deed,
    Outcome,
    Reached,
)
from stations.policy import Policy
from stations.refused import Refused
from stations.route import Why
from stations.turn import Turn
from store import stations_incident, stations_route
from store.stations_events import Event
from store.stations_incident import Incident


async def act(
    conn: AsyncConnection,
    incident_id: UUID,
    action: Action,
    actor: Actor,
    now: datetime,
    *,
    outcome: str | None = None,
    reached: str | None = None,
    note: str | None = None,
    to: str | None = None,
    result: str | None = None,
    contact: str | None = None,
    policy: Policy = policy.DEFAULT,
) -> None:
    """Do it, or raise Refused and change nothing.

    `outcome` and `reached` belong to closing: an outcome always, how the person was reached for a
    red. `to`: the worker who is to take what is handed over. `result`: what came of a call,
    and `contact` whom it went to: an elder's id, or with `:priority` behind it one of their
    contacts. Repeating what already stands (a second tap) changes nothing and is not refused.
    """
    if result is not None and result not in set(CallResult):
        raise Refused("result_wrong")
    deed = Deed(action, actor, now, outcome, reached, note, to, result, contact)
    async with conn.transaction():
        await check_actor(conn, actor)
        row = await stations_incident.lock(conn, incident_id)
        if row is None or actor.station not in incident.reached(row):
            raise Refused("not_reached")
        if row.state == "closed":
            raise Refused("closed", holder=row.holder)
        turn = Turn(conn, now, policy)
        await _DO[action](turn, row, deed)
        await turn.write()


async def check_actor(conn: AsyncConnection, actor: Actor) -> None:
    """Refused unless the worker is of that station and may act."""
    found = await stations_route.staff_station(conn, actor.staff)
    if found is None or found[0] != actor.station:
        raise Refused("wrong_station")
    if found[1] == Role.SUPERVISOR:
        raise Refused("read_only")


async def _progress(turn: Turn, row: Incident, deed: Deed) -> None:
    """Acknowledge, or log a step; either puts the incident into the actor's hands."""
    already = row.holder == deed.actor.staff and row.ladder_from is None
    if already and deed.action is Action.ACKNOWLEDGE:
        return
    detail = deed.detail | _take(row, deed)
    state = STATE[deed.action]
    if PROGRESS.index(state) > PROGRESS.index(row.state):
        row.state = state
    await incident.answered(turn, row)
    await incident.publish(turn, row, events=[_event(row, deed, detail)])


async def _take_over(turn: Turn, row: Incident, deed: Deed) -> None:
    """Out of another's hands into the actor's, who says so in so many words."""
    staff, station = deed.actor
    if row.holder == staff and row.ladder_from is None:
        raise Refused("to_self")
    detail = deed.detail | ({} if row.holder in (None, staff) else {"from": row.holder})
    if row.holder != staff:
        row.state = "acknowledged"
    row.holder, row.holder_station, row.acknowledged_at = staff, station, deed.now
    await incident.answered(turn, row)
    await incident.publish(turn, row, events=[_event(row, deed, detail)])


async def _hand_over(turn: Turn, row: Incident, deed: Deed) -> None:
    """Ask another worker to take it. It pages until somebody does; until then it stays with the
    holder, so that at no moment it is nobody's."""
    if row.holder != deed.actor.staff:
        raise Refused("not_holder", holder=row.holder)
    if deed.to == deed.actor.staff:
        raise Refused("to_self")
    found = await stations_route.staff_station(turn.conn, deed.to) if deed.to else None
    if found is None or found[1] == Role.SUPERVISOR or found[0] not in incident.reached(row):
        raise Refused("to_missing")
    event = _event(row, deed, deed.detail | {"to_station": found[0]})
    await incident.arm(turn, row, events=[event])


async def _release(turn: Turn, row: Incident, deed: Deed) -> None:
    """Give it back: it is nobody's, and pages from the lowest level again."""
    if row.holder != deed.actor.staff:
        raise Refused("not_holder", holder=row.holder)
    row.holder = row.holder_station = row.acknowledged_at = None
    row.state = "open"
    event = _event(row, deed, deed.detail)
    await incident.arm(turn, row, events=[event])


async def _escalate(turn: Turn, row: Incident, deed: Deed) -> None:
    """The next level joins now. Whoever holds it keeps it, and timers run on."""
    where = await incident.find_route(turn, row)
    pages = where.beyond(incident.reached(row), why=Why.ESCALATED)
    if not pages:
        raise Refused("at_top")
    event = _event(row, deed, deed.detail)
    await incident.page(turn, row, pages, events=[event])


async def _close(turn: Turn, row: Incident, deed: Deed) -> None:
    if deed.outcome is None or deed.outcome not in set(Outcome):
        raise Refused("outcome_missing")
    if deed.reached is not None and deed.reached not in set(Reached):
        raise Refused("reached_missing")
    if row.severity == Severity.RED and deed.reached is None:
        raise Refused("reached_missing")
    detail = deed.detail | _take(row, deed)
    row.state, row.closed_at = "closed", deed.now
    row.outcome, row.reached, row.note = deed.outcome, deed.reached, deed.note
    incident.rest(row)
    if deed.reached == Reached.SEEN:
        named = concerned(await turn.alerts(row))
        await visits.seen_at_closing(turn.conn, row, named, staff=deed.actor.staff, now=deed.now)
    await incident.publish(turn, row, events=[_event(row, deed, detail)])


def _take(row: Incident, deed: Deed) -> dict[str, Any]:
    """Put it into the actor's hands, or refuse; what to record beside the action.

    `acknowledged_at` is when the present holder took it: the next step's limits count from it.
    """
    staff, station = deed.actor
    before = row.holder
    if before == staff and row.ladder_from is None:
        return {}
    if before not in (None, staff) and row.ladder_from is None:
        raise Refused("held", holder=before)
    if before != staff:
        row.state = "acknowledged"
    row.holder, row.holder_station, row.acknowledged_at = staff, station, deed.now
    return {} if before in (None, staff) else {"from": before}


def _event(row: Incident, deed: Deed, detail: dict[str, Any]) -> Event:
    staff, station = deed.actor
    return Event(
        at=deed.now,
        kind=deed.action.value,
        incident=row.id,
        staff=staff,
        station=station,
        detail=detail,
    )


_DO: dict[Action, Callable[[Turn, Incident, Deed], Awaitable[None]]] = {
    Action.ACKNOWLEDGE: _progress,
    Action.CALLED: _progress,
    Action.EMERGENCY_CALLED: _progress,
    Action.ON_THE_WAY: _progress,
    Action.ON_SITE: _progress,
    Action.TAKE_OVER: _take_over,
    Action.HAND_OVER: _hand_over,
    Action.RELEASE: _release,
    Action.ESCALATE: _escalate,
    Action.CLOSE: _close,
}
