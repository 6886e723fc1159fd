"""Alert changes become incidents and tasks, in order per lane, each in the commit that drops it.

Emergency and orange or red care alerts share the home's one open incident; blue and device alerts
are tasks. A change that cannot be handled holds up its own lane only, and is tried again.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import psycopg
import structlog
from psycopg import AsyncConnection

from schemas.alerts import Category, ChangeKind, Severity
from stations import incident, quiet, route, storm
from stations.policy import Policy
from store import (
    errors,
    stations_events,
    stations_incident,
    stations_intake,
    stations_quiet,
    stations_route,
    stations_task,
)
from store.stations_events import Event
from store.stations_incident import Incident, Joined
from store.stations_intake import Arrived

log = structlog.get_logger(__name__)

_LANES = 16  # a transaction: enough to share a commit's cost, few enough to be on time
_PER_LANE = 64
_RETRY = timedelta(seconds=5)
_TO_DOCTOR = "vital-trend"
"""The rule whose alerts are for the contracted family doctor (家庭医生签约)."""
_AWAY_ENDED = "away-ended"
_OPENING = frozenset({ChangeKind.RAISED, ChangeKind.SEVERITY, ChangeKind.REOPENED})
"""What may open or arm an incident; any other change only alters what its cards say."""


async def take(conn: AsyncConnection, now: datetime, policy: Policy) -> int:
    """Handle one claim of waiting changes in one transaction; how many were handled.

    0: nothing waits that this copy could take. A lane whose change the store refuses is left,
    logged and retried after 5 s; errors that pass by themselves are the caller's to retry.
    """
    done = 0
    async with conn.transaction():
        lanes = await stations_intake.claim(conn, now=now, lanes=_LANES, per_lane=_PER_LANE)
        for changes in lanes.values():
            done += await _lane(conn, changes, now, policy)
    return done


async def _lane(
    conn: AsyncConnection, changes: Sequence[Arrived], now: datetime, policy: Policy
) -> int:
    try:
        async with conn.transaction():
            for change in changes:
                await _handle(conn, change, now, policy)
            await stations_intake.handled(conn, [c.id for c in changes])
    except psycopg.Error as error:
        if errors.kind(error) is errors.Kind.TRANSIENT:
            raise
        attempts = await stations_intake.failed(conn, changes[0].id, now + _RETRY)
        log.exception("change_failed", lane=changes[0].lane, attempts=attempts)
        return 0
    return len(changes)


async def _handle(conn: AsyncConnection, change: Arrived, now: datetime, policy: Policy) -> None:
    if change.rule == _AWAY_ENDED and change.kind == ChangeKind.RAISED:
        await quiet.back(conn, change, now)
    if change.kind in _OPENING and await quiet.keeps_quiet(conn, change, now):
        return
    if change.category == Category.EMERGENCY and not change.test:
        change = replace(change, test=await stations_quiet.tested(conn, change.alert, now))
    if change.kind == ChangeKind.CLEARED:
        await _cleared(conn, change, now, policy)
    elif change.kind not in _OPENING:
        await _told(conn, change, now, policy)
    elif change.category == Category.DEVICE or change.severity == Severity.BLUE:
        await _task(conn, change, now, policy)
    else:
        await _incident(conn, change, now, policy)


async def _task(conn: AsyncConnection, change: Arrived, now: datetime, policy: Policy) -> None:
    where = await route.find(
        conn, home=change.home, lane=change.lane, now=now, coverage=policy.coverage
    )
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
        event = Event(at=now, kind="task_opened", task=task, alert=change.alert, station=station)
        await stations_events.record(conn, event)
        if change.rule in storm.SILENCES:
            await storm.gather(conn, task, where, now, policy)
        await stations_task.notify(conn, task)


async def _incident(conn: AsyncConnection, change: Arrived, now: datetime, policy: Policy) -> None:
    if change.kind != ChangeKind.RAISED:  # it may have been a task so far
        await stations_task.finish_for_alert(conn, change.alert, now=now, note="incident")
    row = await stations_incident.lock_open(conn, change.lane)
    if row is None:
        await _open(conn, change, now, policy)
    else:
        await _grow(conn, row, change, now, policy)


async def _open(conn: AsyncConnection, change: Arrived, now: datetime, policy: Policy) -> None:
    row = await stations_incident.create(
        conn,
        home=change.home,
        lane=change.lane,
        severity=change.severity,
        test=change.test,
        now=now,
    )
    await stations_incident.add_alert(conn, row.id, change.alert, now)
    await _join_opener(conn, row, change, now)
    await incident.arm(conn, row, now, policy, events=[_event(row, change, "opened", now)])


async def _join_opener(
    conn: AsyncConnection, row: Incident, change: Arrived, now: datetime
) -> None:
    """Who opened it by hand has it on the board, wherever the home lies."""
    if change.opener is None or change.opener in incident.reached(row):
        return
    levels = {s: level for level, s in await stations_route.stations_by_level(conn)}
    if (level := levels.get(change.opener)) is not None:
        joined = Joined(change.opener, level, now, route.Why.BY_HAND)
        await stations_incident.join(conn, row.id, [joined])
        row.joined.append(joined)


async def _grow(
    conn: AsyncConnection, row: Incident, change: Arrived, now: datetime, policy: Policy
) -> None:
    """What was acknowledged covers what was open then: anything worse pages from the start."""
    new = await stations_incident.add_alert(conn, row.id, change.alert, now)
    await _join_opener(conn, row, change, now)
    rises = Severity(change.severity).rank > Severity(row.severity).rank
    turns_real = row.test and not change.test
    if rises:
        row.severity = change.severity
    row.test = row.test and change.test
    kind = "rose" if rises else "joined" if new else change.kind
    event = _event(row, change, kind, now)
    emergency = new and change.category == Category.EMERGENCY
    resting = row.due_at is None and row.holder is None
    if rises or turns_real or resting or (emergency and row.ladder_from is None):
        await incident.arm(conn, row, now, policy, events=[event])
    else:
        paged = incident.reached(row) if emergency else set()
        await incident.publish(conn, row, now, policy, paged=paged, events=[event])


async def _told(conn: AsyncConnection, change: Arrived, now: datetime, policy: Policy) -> None:
    """Its sentence has changed: whoever has the card sees it. Nobody is paged for it."""
    row = await stations_incident.lock_of_alert(conn, change.alert)
    if row is not None:
        event = _event(row, change, change.kind, now)
        await incident.publish(conn, row, now, policy, events=[event])


async def _cleared(conn: AsyncConnection, change: Arrived, now: datetime, policy: Policy) -> None:
    """A cleared orange stops climbing once nothing of it is left; a cleared red does not."""
    if change.category == Category.DEVICE:
        task = await stations_task.finish_for_alert(conn, change.alert, now=now, note="cleared")
        if task is not None:
            event = Event(at=now, kind="task_done", task=task, alert=change.alert)
            await stations_events.record(conn, event)
            await storm.settle(conn, task, now)
        return
    row = await stations_incident.lock_of_alert(conn, change.alert)
    if row is None:
        return
    alerts = await stations_incident.alerts(conn, row.id)
    if row.severity != Severity.RED and all(a.cleared is not None for a in alerts):
        incident.rest(row)
    event = _event(row, change, "cleared", now)
    await incident.publish(conn, row, now, policy, events=[event])


def _event(row: Incident, change: Arrived, kind: str, now: datetime) -> Event:
    detail = {"rule": change.rule, "severity": change.severity}
    return Event(at=now, kind=kind, incident=row.id, alert=change.alert, detail=detail)
