"""An incident's life that needs no person: it climbs, pages, rests, and tells every desk.

The row is locked by the caller, in the turn's transaction. Every path ends in `publish`, which
has the turn save the row and queue the updated cards.
"""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

from schemas.alerts import Severity
from stations import cards, ladder, outlets
from stations.ladder import LEVELS, Ladder, Steps
from stations.route import Page, Route, Why
from stations.turn import Turn
from store import stations_route
from store.stations_events import Event
from store.stations_incident import Incident, Joined


async def arm(turn: Turn, row: Incident, *, events: Sequence[Event] = ()) -> None:
    """Climb from the lowest level, from now on; every station it has reached is paged as well."""
    row.ladder_from, row.climb = turn.now, 0
    await climb(turn, row, also=reached(row), events=events)


async def climb(
    turn: Turn, row: Incident, *, also: Collection[str] = (), events: Sequence[Event] = ()
) -> None:
    """Page the rung that is due (past the last: the top again), and set when the next one is."""
    if row.ladder_from is None:
        raise ValueError(f"incident {row.id} is not climbing")
    now, force = turn.now, await turn.ladder()
    steps = force.ladder.steps(row.severity)
    turns_red = await _turns_red(turn, row, steps)
    if turns_red is not None and turns_red <= now:
        rose = {"severity": Severity.RED, "why": "alone and unanswered"}
        events = [*events, Event(at=now, kind="rose", incident=row.id, detail=rose)]
        row.severity, row.ladder_from, row.climb = Severity.RED, now, 0
        also, steps, turns_red = reached(row), force.ladder.red, None
    where = await find_route(turn, row)
    pages = where.at(_rung_level(steps, row.climb))
    row.climb, row.ladder = min(row.climb + 1, len(steps.rungs)), force.version
    _set_climb(row, steps, where, now)
    row.due_at = _sooner(row.due_at, turns_red)
    await page(turn, row, pages, also=also, events=events)


async def _turns_red(turn: Turn, row: Incident, steps: Steps) -> datetime | None:
    """When an orange that waits at the city turns red: a lone elder's, while nobody has it."""
    at_top = [s.joined_at for s in row.joined if s.level == LEVELS[-1]]
    if row.severity != Severity.ORANGE or row.holder is not None or row.home is None:
        return None
    if not at_top or steps.alone_red_s is None:
        return None
    if not await stations_route.anybody_alone(turn.conn, row.home):
        return None
    return min(at_top) + timedelta(seconds=steps.alone_red_s)


async def overdue(turn: Turn, row: Incident) -> None:
    """The holder took no step in time: page them and the next level, and climb on from there."""
    now, force = turn.now, await turn.ladder()
    steps = force.ladder.steps(row.severity)
    where = await find_route(turn, row)
    pages = _next_up(where, steps, reached(row))
    detail = {"state": row.state, "holder": row.holder}
    missed = Event(at=now, kind="deadline", incident=row.id, detail=detail)
    taken = [n for n, r in enumerate(steps.rungs) if any(p.level == r.level for p in pages)]
    last = max(taken, default=len(steps.rungs) - 1)
    row.climb, row.ladder_from = last + 1, now - timedelta(seconds=steps.rungs[last].after_s)
    row.ladder = force.version
    _set_climb(row, steps, where, now)
    await page(turn, row, pages, events=[missed])


async def page(
    turn: Turn,
    row: Incident,
    pages: Sequence[Page],
    *,
    also: Collection[str] = (),
    events: Sequence[Event] = (),
) -> None:
    """Page stations, those in `also`, and the holder's; who is new joins for good.

    With nobody to page (no station in the whole directory) that is recorded as `unrouted`.
    """
    before, now = reached(row), turn.now
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
    turn.writes.joined += [(row.id, station) for station in new]
    await publish(
        turn,
        row,
        paged={*first, *again},
        to=None if new or also else {*first, *again},
        events=[*events, paged],
    )


async def publish(
    turn: Turn,
    row: Incident,
    *,
    events: Sequence[Event],
    paged: Collection[str | None] = (),
    to: Collection[str | None] | None = None,
) -> None:
    """Have the row saved, what happened recorded, cards queued, and their senders woken.

    `paged`: the stations whose card asks for an answer now. `to`: whom to send a card (None:
    every station it has reached).
    """
    policy, alerts = turn.policy, await turn.alerts(row)
    ladders = (await turn.ladder()).ladder
    row.revision += 1
    shown = [
        cards.card(
            row,
            alerts,
            station,
            paged=station.station in paged,
            link=policy.link,
            family_from=_family_from(row, ladders),
        )
        for station in row.joined
        if to is None or station.station in to
    ]
    letters = [
        *cards.letters(shown),
        *outlets.pages(policy.outlets, shown),
        *outlets.events(policy.outlets, row, alerts, events),
    ]
    turn.writes.rows[row.id] = row
    turn.writes.events += events
    turn.writes.letters += [(row.id, letter) for letter in letters]


async def answered(turn: Turn, row: Incident) -> None:
    """Somebody has it in hand: climbing ends, and the timer is the next step's limit."""
    force = await turn.ladder()
    row.ladder_from, row.ladder = None, force.version
    await _set_answer(turn, row, force.ladder.steps(row.severity))


async def retime(turn: Turn, row: Incident) -> None:
    """The ladder has changed since its timer was set: it is set anew, but never later than it
    stood, so that nobody waits longer than was promised. Pages nobody; what is due now is due."""
    force, stood, towards = await turn.ladder(), row.due_at, row.next_level
    steps = force.ladder.steps(row.severity)
    if row.ladder_from is not None:
        row.climb = ladder.taken(steps, {s.level for s in row.joined})
        _set_climb(row, steps, await find_route(turn, row), turn.now)
        row.due_at = _sooner(row.due_at, await _turns_red(turn, row, steps))
    elif row.holder is not None:
        await _set_answer(turn, row, steps)
    row.due_at, row.ladder = _sooner(row.due_at, stood), force.version
    row.next_level = row.next_level or towards
    changed = Event(at=turn.now, kind="retimed", incident=row.id, detail={"ladder": force.version})
    await publish(turn, row, events=[changed])


def rest(row: Incident) -> None:
    """Stop every timer: nobody is paged for it any more."""
    row.ladder_from = row.due_at = row.next_level = None


def reached(row: Incident) -> set[str]:
    return {s.station for s in row.joined}


async def find_route(turn: Turn, row: Incident) -> Route:
    return await turn.route(row.home, row.lane)


def _family_from(row: Incident, ladders: Ladder) -> datetime | None:
    """From when the family contacts are offered, while it climbs."""
    after = ladders.steps(row.severity).family_s
    if row.ladder_from is None or after is None:
        return None
    return row.ladder_from + timedelta(seconds=after)


def _rung_level(steps: Steps, climb: int) -> str:
    return steps.rungs[min(climb, len(steps.rungs) - 1)].level


def _set_climb(row: Incident, steps: Steps, where: Route, now: datetime) -> None:
    start = row.ladder_from or now
    row.due_at = ladder.climb_due(steps, climb=row.climb, start=start, now=now)
    row.next_level = _level(where.at(_rung_level(steps, row.climb)))


async def _set_answer(turn: Turn, row: Incident, steps: Steps) -> None:
    now, since = turn.now, row.acknowledged_at or turn.now
    row.next_level = None
    row.due_at = ladder.answer_due(steps, state=row.state, acknowledged=since, now=now)
    if row.due_at is not None:
        where = await find_route(turn, row)
        row.next_level = _level(_next_up(where, steps, reached(row)))


def _sooner(*due: datetime | None) -> datetime | None:
    return min((moment for moment in due if moment is not None), default=None)


def _next_up(where: Route, steps: Steps, reached: Collection[str]) -> list[Page]:
    """The next level not reached yet, as far up as this severity goes; there, the top again."""
    allowed = LEVELS[: LEVELS.index(steps.rungs[-1].level) + 1]
    pages = [p for p in where.beyond(reached, why=Why.DEADLINE) if p.level in allowed]
    return pages or where.at(steps.rungs[-1].level)


def _level(pages: list[Page]) -> str | None:
    return pages[-1].level if pages else None
