"""Whatever people and alerts do, in any order: each open red is in hand or paging (hypothesis)."""

import asyncio
from contextlib import suppress
from datetime import timedelta
from uuid import UUID

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from schemas.alerts import Category, Change, ChangeKind, Severity
from stations.policy import Policy
from stations.work import Action, Actor, Refused
from store.stations_incident import Incident
from tests.support.night import EAST, START, STREET, Night, later, night, raised

ACTORS = (EAST, Actor("east-2", "east"), STREET)
LONGEST = timedelta(seconds=900)  # a red's longest limit: on site within 15 min

act = st.tuples(st.just("act"), st.sampled_from(Action), st.sampled_from(ACTORS))
passes = st.tuples(st.just("passes"), st.sampled_from([1, 29, 31, 200, 1000]), st.none())
comes = st.tuples(
    st.just("comes"), st.sampled_from(["sos", "fall", "heart-rate"]), st.sampled_from(Severity)
)
becomes = st.tuples(
    st.just("becomes"),
    st.sampled_from([ChangeKind.CLEARED, ChangeKind.REOPENED, ChangeKind.SEVERITY]),
    st.none(),
)


@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(steps=st.lists(act | passes | comes | becomes, min_size=3, max_size=14))
def test_each_open_red_is_in_hand_or_paging(town_dsn: str, steps: list[tuple[str, ...]]) -> None:
    asyncio.run(_play(town_dsn, steps))


async def _play(dsn: str, steps: list[tuple[str, ...]]) -> None:
    async with night(dsn, Policy()) as on:
        await on.conn.execute(
            "TRUNCATE incident, alert, alert_change, alert_event, task, delivery CASCADE"
        )
        await on.conn.execute(
            "INSERT INTO staff (id, name, station, role) VALUES ('east-2', '乙', 'east', 'duty') "
            "ON CONFLICT DO NOTHING"
        )
        said: list[Change] = []
        for step in steps:
            await _step(on, step, said)  # type: ignore[arg-type]
            for incident in await on.incidents():
                _check(on, incident)
        await _closes(on)


async def _step(on: Night, step: tuple[str, object, object], said: list[Change]) -> None:
    match step:
        case ("passes", int(seconds), _):
            await on.to((on.now - START).total_seconds() + seconds)
        case ("comes", str(rule), Severity() as severity):
            at = (on.now - START).total_seconds()
            care = rule == "heart-rate"
            category = Category.CARE if care else Category.EMERGENCY
            said.append(raised(rule, at=at, severity=severity, category=category))
            await on.comes(said[-1])
        case ("becomes", ChangeKind() as kind, _) if said:
            at = (on.now - START).total_seconds()
            await on.comes(later(said[-1], kind, at, severity=Severity.RED))
        case ("act", Action() as action, Actor() as actor):
            for incident in await on.incidents():
                await _try(on, incident.id, action, actor)


async def _try(on: Night, incident: UUID, action: Action, actor: Actor) -> None:
    with suppress(Refused):
        await on.act(incident, action, actor, outcome="genuine", reached="seen")


def _check(on: Night, incident: Incident) -> None:
    if incident.state == "closed":
        assert incident.due_at is None
        return
    assert (incident.holder is None) == (incident.state == "open")
    assert incident.joined
    if incident.severity != Severity.RED:
        return
    if incident.state == "on_site" and incident.ladder_from is None:
        assert incident.holder is not None
        return
    assert incident.due_at is not None
    assert on.now < incident.due_at <= on.now + LONGEST


async def _closes(on: Night) -> None:
    """Nothing gets stuck: once it pages, whoever answers can end it."""
    await on.to((on.now - START).total_seconds() + 5)
    for incident in await on.incidents():
        if incident.state != "closed":
            holder = next((a for a in ACTORS if a.staff == incident.holder), EAST)
            await on.act(incident.id, Action.CLOSE, holder, outcome="genuine", reached="seen")
