"""An incident's life that needs no person: it climbs, pages, rests, and tells every desk.

The row is locked by the caller, in the caller's transaction. Every path ends in `publish`, which
saves the row and queues the updated cards in that same transaction.
"""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

from psycopg import AsyncConnection

from schemas.alerts import Severity
from stations import cards, ladder, outlets, route
from stations.ladder import LEVELS, Steps
from stations.policy import Policy
from stations.route import Page, Route, Why
from store import stations_events, stations_incident, stations_outbox, stations_route
from store.stations_events import Event
from store.stations_incident import Incident, Joined


async def arm(
    conn: AsyncConnection,
    row: Incident,
    now: datetime,
    policy: Policy,
    *,
    events: Sequence[Event] = (),
) -> None:
    """Climb from the lowest level, from now on; every station it has reached is paged as well."""
    row.ladder_from, row.climb = now, 0
    await climb(conn, row, now, policy, also=reached(row), events=events)


async def climb(
    conn: AsyncConnection,
    row: Incident,
    now: datetime,
    policy: Policy,
    *,
    also: Collection[str] = (),
    events: Sequence[Event] = (),
) -> None:
    """Page the rung that is due (past the last: the top again), and set when the next one is."""
    if row.ladder_from is None:
        raise ValueError(f"incident {row.id} is not climbing")
    steps = policy.ladder.steps(row.severity)
    turns_red = await _turns_red(conn, row, steps)
    if turns_red is not None and turns_red <= now:
        rose = {"severity": Severity.RED, "why": "alone and unanswered"}
        events = [*events, Event(at=now, kind="rose", incident=row.id, detail=rose)]
        row.severity, row.ladder_from, row.climb = Severity.RED, now, 0
        also, steps, turns_red = reached(row), policy.ladder.red, None
    where = await find_route(conn, row, now, policy)
    pages = where.at(_rung_level(steps, row.climb))
    row.climb = min(row.climb + 1, len(steps.rungs))
    _set_climb(row, steps, where, now)
    if turns_red is not None and row.due_at is not None:
        row.due_at = min(row.due_at, turns_red)
    await page(conn, row, pages, now, policy, also=also, events=events)


async def _turns_red(conn: AsyncConnection, row: Incident, steps: Steps) -> datetime | None:
    """When an orange that waits at the city turns red: a lone elder's, while nobody has it."""
    at_top = [s.joined_at for s in row.joined if s.level == LEVELS[-1]]
    if row.severity != Severity.ORANGE or row.holder is not None or row.home is None:
        return None
    if not at_top or steps.alone_red_s is None:
        return None
    if not await stations_route.anybody_alone(conn, row.home):
        return None
    return min(at_top) + timedelta(seconds=steps.alone_red_s)


async def overdue(conn: AsyncConnection, row: Incident, now: datetime, policy: Policy) -> None:
    """The holder took no step in time: page them and the next level, and climb on from there."""
    steps = policy.ladder.steps(row.severity)
    where = await find_route(conn, row, now, policy)
    pages = _next_up(where, steps, reached(row))
    detail = {"state": row.state, "holder": row.holder}
    missed = Event(at=now, kind="deadline", incident=row.id, detail=detail)
    taken = [n for n, r in enumerate(steps.rungs) if any(p.level == r.level for p in pages)]
    last = max(taken, default=len(steps.rungs) - 1)
    row.climb, row.ladder_from = last + 1, now - timedelta(seconds=steps.rungs[last].after_s)
    _set_climb(row, steps, where, now)
    await page(conn, row, pages, now, policy, events=[missed])


async def page(
    conn: AsyncConnection,
    row: Incident,
    pages: Sequence[Page],
    now: datetime,
    policy: Policy,
    *,
    also: Collection[str] = (),
    events: Sequence[Event] = (),
) -> None:
    """Page stations, those in `also`, and the holder's; who is new joins for good.

    With nobody to page (no station in the whole directory) that is recorded as `unrouted`.
    """
    before = reached(row)
    new = [Joined(p.station, p.level, now, p.why) for p in pages if p.station not in before]
    row.joined += new
    first = [p.station for p in pages]
    again = {*also, row.holder_station} - {None, *first}
    paged = Event(
        at=now,
        kind="paged" if first or again else "unrouted",
        incident=row.id,
        detail={"pages": [p._asdict() for p in pages], "again": sorted(s for s in again if s)},
    )
    await publish(
        conn,
        row,
        now,
        policy,
        paged={*first, *again},
        to=None if new or also else {*first, *again},
        events=[*events, paged],
        new=new,
    )


async def publish(
    conn: AsyncConnection,
    row: Incident,
    now: datetime,
    policy: Policy,
    *,
    events: Sequence[Event],
    paged: Collection[str | None] = (),
    to: Collection[str | None] | None = None,
    new: Sequence[Joined] = (),
) -> None:
    """Save the row, record what happened, queue cards, and wake who shows or sends them.

    `paged`: the stations whose card asks for an answer now. `to`: whom to send a card (None:
    every station it has reached). `new`: stations that join by this.
    """
    alerts = await stations_incident.alerts(conn, row.id)
    row.revision += 1
    shown = [
        cards.card(
            row,
            alerts,
            station,
            paged=station.station in paged,
            link=policy.link,
            family_from=_family_from(row, policy),
        )
        for station in row.joined
        if to is None or station.station in to
    ]
    letters = [
        *cards.letters(shown),
        *outlets.pages(policy.outlets, shown),
        *outlets.events(policy.outlets, row, alerts, events),
    ]
    async with conn.pipeline():
        await stations_incident.join(conn, row.id, new)
        for event in events:
            await stations_events.record(conn, event)
        await stations_incident.save(conn, row)
        await stations_outbox.enqueue(conn, letters, incident=row.id, now=now)
        await stations_incident.notify(conn, row.id)


async def answered(conn: AsyncConnection, row: Incident, now: datetime, policy: Policy) -> None:
    """Somebody has it in hand: climbing ends, and the timer is the next step's limit."""
    steps = policy.ladder.steps(row.severity)
    since = row.acknowledged_at or now
    row.ladder_from = row.next_level = None
    row.due_at = ladder.answer_due(steps, state=row.state, acknowledged=since, now=now)
    if row.due_at is not None:
        where = await find_route(conn, row, now, policy)
        row.next_level = _level(_next_up(where, steps, reached(row)))


def rest(row: Incident) -> None:
    """Stop every timer: nobody is paged for it any more."""
    row.ladder_from = row.due_at = row.next_level = None


def reached(row: Incident) -> set[str]:
    return {s.station for s in row.joined}


async def find_route(conn: AsyncConnection, row: Incident, now: datetime, policy: Policy) -> Route:
    coverage = policy.coverage
    return await route.find(conn, home=row.home, lane=row.lane, now=now, coverage=coverage)


def _family_from(row: Incident, policy: Policy) -> datetime | None:
    """From when the family contacts are offered, while it climbs."""
    after = policy.ladder.steps(row.severity).family_s
    if row.ladder_from is None or after is None:
        return None
    return row.ladder_from + timedelta(seconds=after)


def _rung_level(steps: Steps, climb: int) -> str:
    return steps.rungs[min(climb, len(steps.rungs) - 1)].level


def _set_climb(row: Incident, steps: Steps, where: Route, now: datetime) -> None:
    start = row.ladder_from or now
    row.due_at = ladder.climb_due(steps, climb=row.climb, start=start, now=now)
    row.next_level = _level(where.at(_rung_level(steps, row.climb)))


def _next_up(where: Route, steps: Steps, reached: Collection[str]) -> list[Page]:
    """The next level not reached yet, as far up as this severity goes; there, the top again."""
    allowed = LEVELS[: LEVELS.index(steps.rungs[-1].level) + 1]
    pages = [p for p in where.beyond(reached, why=Why.DEADLINE) if p.level in allowed]
    return pages or where.at(steps.rungs[-1].level)


def _level(pages: list[Page]) -> str | None:
    return pages[-1].level if pages else None
