"""Alert changes become incidents and tasks, in order per lane, each in the commit that drops it.

Emergency and orange or red care alerts share the home's one open incident; blue and device alerts
are tasks. A change that cannot be handled holds up its own lane only, and is tried again.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import psycopg
import structlog
from psycopg import AsyncConnection

from schemas.alerts import Category, ChangeKind, Severity
from stations import incident, quiet, route, storm
from stations.policy import Policy
from stations.turn import Turn
from store import errors, stations_incident, stations_intake, stations_route, stations_task
from store.stations_events import Event
from store.stations_incident import Incident, Joined
from store.stations_intake import Arrived

log = structlog.get_logger(__name__)

AT_ONCE = 64
"""Lanes of a claim, and changes of one of them: enough to share a slow commit, few enough to be on
time. Who handled fewer changes has left none behind."""
_RETRY = timedelta(seconds=5)
_TO_DOCTOR = "vital-trend"
"""The rule whose alerts are for the contracted family doctor (家庭医生签约)."""
_AWAY_ENDED = "away-ended"
_OPENING = frozenset({ChangeKind.RAISED, ChangeKind.SEVERITY, ChangeKind.REOPENED})
"""What may open or arm an incident; any other change only alters what its cards say."""


Lanes = Mapping[str, Sequence[Arrived]]


async def take(conn: AsyncConnection, now: datetime, policy: Policy) -> int:
    """Handle one claim of waiting changes in one transaction; how many were handled.

    0: nothing waits that this copy could take. A lane whose change the store refuses is left,
    logged and retried after 5 s; errors that pass by themselves are the caller's to retry.
    """
    try:
        async with conn.transaction():
            return await _together(conn, await _claim(conn, now), now, policy)
    except psycopg.Error as error:
        if errors.kind(error) is errors.Kind.TRANSIENT:
            raise
    async with conn.transaction():  # each lane by itself, to see which one is refused
        lanes = await _claim(conn, now)
        return sum([await _alone(conn, lane, lanes[lane], now, policy) for lane in lanes])


async def _claim(conn: AsyncConnection, now: datetime) -> Lanes:
    return await stations_intake.claim(conn, now=now, lanes=AT_ONCE, per_lane=AT_ONCE)


async def _together(conn: AsyncConnection, lanes: Lanes, now: datetime, policy: Policy) -> int:
    """All of them in one turn: what they need is read at once, and written at once."""
    changes = [change for lane in lanes.values() for change in lane]
    if not changes:
        return 0
    turn = Turn(conn, now, policy)
    desk = _Desk(turn, await stations_incident.lock_lanes(conn, list(lanes)))
    await turn.look_into([row.id for row in desk.open.values()])
    await turn.look_up([(c.home, c.lane) for c in changes if c.kind in _OPENING])
    for change in changes:
        await _handle(desk, change)
    await turn.write()
    await stations_intake.handled(conn, [c.id for c in changes])
    return len(changes)


async def _alone(
    conn: AsyncConnection, lane: str, changes: Sequence[Arrived], now: datetime, policy: Policy
) -> int:
    try:
        async with conn.transaction():
            return await _together(conn, {lane: changes}, now, policy)
    except psycopg.Error as error:
        if errors.kind(error) is errors.Kind.TRANSIENT:
            raise
        attempts = await stations_intake.failed(conn, changes[0].id, now + _RETRY)
        log.exception("change_failed", lane=lane, attempts=attempts)
        return 0


@dataclass(frozen=True, slots=True)
class _Desk:
    """What a turn works on: the open incidents of its lanes."""

    turn: Turn
    open: dict[str, Incident]

    async def holding(self, change: Arrived) -> Incident | None:
        """The lane's open incident, if it holds the change's alert."""
        row = self.open.get(change.lane)
        if row is None or all(a.id != change.alert for a in await self.turn.alerts(row)):
            return None
        return row


async def _handle(desk: _Desk, change: Arrived) -> None:
    conn, now = desk.turn.conn, desk.turn.now
    if change.rule == _AWAY_ENDED and change.kind == ChangeKind.RAISED:
        await quiet.back(conn, change, now)
    if change.kind in _OPENING and await quiet.keeps_quiet(conn, change, now):
        return
    if change.kind == ChangeKind.CLEARED:
        await _cleared(desk, change)
    elif change.kind not in _OPENING:
        await _told(desk, change)
    elif change.category == Category.DEVICE or change.severity == Severity.BLUE:
        await _task(desk.turn, change)
    else:
        await _incident(desk, change)


async def _task(turn: Turn, change: Arrived) -> None:
    conn, now = turn.conn, turn.now
    where = await turn.route(change.home, change.lane)
    doctor, station = None, where.nearest()
    if change.rule == _TO_DOCTOR and (found := await stations_route.doctor_of(conn, change.alert)):
        doctor, station = found
    task = await stations_task.open_for_alert(
        conn,
        change.alert,
        home=change.home,
        station=station,
        kind=change.rule,
        now=now,
        assignee=doctor,
    )
    if task is not None:
        turn.record(
            Event(at=now, kind="task_opened", task=task, alert=change.alert, station=station)
        )
        if change.rule in storm.SILENCES:
            await storm.gather(conn, task, where, now, turn.policy)
        await stations_task.notify(conn, task)


async def _incident(desk: _Desk, change: Arrived) -> None:
    turn = desk.turn
    if change.kind != ChangeKind.RAISED:  # it may have been a task so far
        await stations_task.finish_for_alert(turn.conn, change.alert, now=turn.now, note="incident")
    row = desk.open.get(change.lane)
    if row is None:
        desk.open[change.lane] = await _open(turn, change)
    else:
        await _grow(turn, row, change)


async def _open(turn: Turn, change: Arrived) -> Incident:
    row = stations_incident.new(
        change.fresh,
        home=change.home,
        lane=change.lane,
        severity=change.severity,
        test=_is_test(change),
        now=turn.now,
    )
    turn.opens(row)
    await turn.add(row, change.says)
    await _join_opener(turn, row, change)
    await incident.arm(turn, row, events=[_event(row, change, "opened", turn.now)])
    return row


async def _join_opener(turn: Turn, row: Incident, change: Arrived) -> None:
    """Who opened it by hand has it on the board, wherever the home lies."""
    if change.opener is None or change.opener in incident.reached(row):
        return
    levels = {s: level for level, s in await stations_route.stations_by_level(turn.conn)}
    if (level := levels.get(change.opener)) is not None:
        joined = Joined(change.opener, level, turn.now, route.Why.BY_HAND)
        turn.writes.joined.append((row.id, joined))
        row.joined.append(joined)


async def _grow(turn: Turn, row: Incident, change: Arrived) -> None:
    """What was acknowledged covers what was open then: anything worse pages from the start."""
    new = await turn.add(row, change.says)
    await _join_opener(turn, row, change)
    rises = Severity(change.severity).rank > Severity(row.severity).rank
    turns_real = row.test and not _is_test(change)
    if rises:
        row.severity = change.severity
    row.test = row.test and not turns_real
    kind = "rose" if rises else "joined" if new else change.kind
    event = _event(row, change, kind, turn.now)
    emergency = new and change.category == Category.EMERGENCY
    resting = row.due_at is None and row.holder is None
    if rises or turns_real or resting or (emergency and row.ladder_from is None):
        await incident.arm(turn, row, events=[event])
    else:
        paged = incident.reached(row) if emergency else set()
        await incident.publish(turn, row, paged=paged, events=[event])


async def _told(desk: _Desk, change: Arrived) -> None:
    """Its sentence has changed: whoever has the card sees it. Nobody is paged for it."""
    row = await desk.holding(change)
    if row is not None:
        event = _event(row, change, change.kind, desk.turn.now)
        await incident.publish(desk.turn, row, events=[event])


async def _cleared(desk: _Desk, change: Arrived) -> None:
    """A cleared orange stops climbing once nothing of it is left; a cleared red does not."""
    turn = desk.turn
    if change.category == Category.DEVICE:
        await _task_cleared(turn, change)
        return
    row = await desk.holding(change)
    if row is None:
        return
    alerts = await turn.alerts(row)
    if row.severity != Severity.RED and all(a.cleared is not None for a in alerts):
        incident.rest(row)
    await incident.publish(turn, row, events=[_event(row, change, "cleared", turn.now)])


async def _task_cleared(turn: Turn, change: Arrived) -> None:
    task = await stations_task.finish_for_alert(
        turn.conn, change.alert, now=turn.now, note="cleared"
    )
    if task is not None:
        turn.record(Event(at=turn.now, kind="task_done", task=task, alert=change.alert))
        await storm.settle(turn.conn, task, turn.now)


def _is_test(change: Arrived) -> bool:
    """Said by the device, or its device is in test mode."""
    return change.says.test or (change.category == Category.EMERGENCY and change.in_test)


def _event(row: Incident, change: Arrived, kind: str, now: datetime) -> Event:
    detail = {"rule": change.rule, "severity": change.severity}
    return Event(at=now, kind=kind, incident=row.id, alert=change.alert, detail=detail)
