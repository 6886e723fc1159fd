"""What people do with incidents and tasks: who may, who wins, and what is put on record."""

import asyncio
from uuid import UUID, uuid4

import pytest

from schemas.alerts import Category, Severity
from schemas.wire import Ack
from stations import task_work
from stations.deed import Action, Actor, Outcome, Reached
from stations.policy import Policy
from stations.refused import SENTENCES, Refused
from tests.support.night import EAST, STREET, WEST, Night, night, raised

pytestmark = pytest.mark.anyio

EAST_TWO = Actor("east-2", "east")


@pytest.fixture
async def incident(night_shift: Night) -> UUID:
    """A red in the east, and a second worker at the east's station."""
    await night_shift.rows(
        "INSERT INTO staff (id, name, station, role) VALUES "
        "('east-2', '乙', 'east', 'duty'), ('east-s', '丙', 'east', 'supervisor') RETURNING id"
    )
    await night_shift.comes(raised())
    return (await night_shift.incident()).id


async def refusal(night_shift: Night, *arguments: object, **more: object) -> Refused:
    with pytest.raises(Refused) as refused:
        await night_shift.act(*arguments, **more)  # type: ignore[arg-type]
    return refused.value


async def test_each_step_is_recorded_with_who_and_when(night_shift: Night, incident: UUID) -> None:
    for action in (Action.ACKNOWLEDGE, Action.CALLED, Action.ON_THE_WAY, Action.ON_SITE):
        await night_shift.act(incident, action, EAST)
        assert (await night_shift.incident()).state == {"acknowledge": "acknowledged"}.get(
            action, action.value
        )
    await night_shift.act(
        incident, Action.CLOSE, EAST, outcome="genuine", reached="seen", note="坐在地上"
    )
    closed = await night_shift.incident()
    assert (closed.state, closed.outcome, closed.reached) == ("closed", "genuine", "seen")
    assert (closed.due_at, closed.ladder_from, closed.closed_at) == (None, None, night_shift.now)
    steps = await night_shift.rows(
        "SELECT kind, staff, station, detail FROM alert_event WHERE staff IS NOT NULL ORDER BY id"
    )
    assert [kind for kind, *_ in steps] == [
        "acknowledge",
        "called",
        "on_the_way",
        "on_site",
        "close",
    ]
    assert {(staff, station) for _, staff, station, _ in steps} == {("east-1", "east")}
    assert steps[-1][3] == {"outcome": "genuine", "reached": "seen", "note": "坐在地上"}


async def test_a_call_answers_without_a_tap_on_acknowledge(
    night_shift: Night, incident: UUID
) -> None:
    await night_shift.act(incident, Action.CALLED, EAST, note="无人接听")
    found = await night_shift.incident()
    assert (found.state, found.holder, found.ladder_from) == ("called", "east-1", None)


async def test_an_earlier_step_afterwards_is_recorded_and_does_not_go_back(
    night_shift: Night, incident: UUID
) -> None:
    await night_shift.act(incident, Action.ON_SITE, EAST)
    await night_shift.act(incident, Action.CALLED, EAST)
    assert (await night_shift.incident()).state == "on_site"
    assert (await night_shift.kinds())[-1] == "called"


async def test_of_two_at_once_one_wins_and_the_other_is_told_who(
    night_shift: Night, incident: UUID, town_dsn: str
) -> None:
    async with night(town_dsn, Policy()) as other:
        answers = await asyncio.gather(
            night_shift.act(incident, Action.ACKNOWLEDGE, EAST),
            other.act(incident, Action.ACKNOWLEDGE, EAST_TWO),
            return_exceptions=True,
        )
    winner = (await night_shift.incident()).holder
    (refused,) = [a for a in answers if a is not None]
    assert isinstance(refused, Refused)
    assert (refused.code, refused.holder) == ("held", winner)
    assert winner is not None
    assert winner in refused.sentence.zh
    assert winner in refused.sentence.en


async def test_a_second_tap_changes_nothing(night_shift: Night, incident: UUID) -> None:
    await night_shift.act(incident, Action.ACKNOWLEDGE, EAST)
    before = await night_shift.incident()
    await night_shift.act(incident, Action.ACKNOWLEDGE, EAST)
    assert await night_shift.incident() == before


@pytest.mark.parametrize("action", [Action.CALLED, Action.ON_SITE, Action.CLOSE])
async def test_what_one_has_in_hand_another_cannot_do(
    night_shift: Night, incident: UUID, action: Action
) -> None:
    await night_shift.act(incident, Action.ACKNOWLEDGE, EAST)
    refused = await refusal(
        night_shift, incident, action, EAST_TWO, outcome="genuine", reached="seen"
    )
    assert (refused.code, refused.holder) == ("held", "east-1")


async def test_once_it_pages_again_another_takes_it_over(
    night_shift: Night, incident: UUID
) -> None:
    await night_shift.act(incident, Action.ACKNOWLEDGE, EAST)
    await night_shift.to(180)
    await night_shift.act(incident, Action.ON_THE_WAY, STREET)
    found = await night_shift.incident()
    assert (found.holder, found.holder_station, found.state) == (
        "street-1",
        "street",
        "on_the_way",
    )
    ((detail,),) = await night_shift.rows(
        "SELECT detail FROM alert_event WHERE kind = 'on_the_way'"
    )
    assert detail == {"from": "east-1"}


async def test_only_the_holder_releases(night_shift: Night, incident: UUID) -> None:
    await night_shift.act(incident, Action.ACKNOWLEDGE, EAST)
    refused = await refusal(night_shift, incident, Action.RELEASE, EAST_TWO)
    assert (refused.code, refused.holder) == ("not_holder", "east-1")


async def test_escalating_brings_the_next_level_until_the_top(
    night_shift: Night, incident: UUID
) -> None:
    await night_shift.act(incident, Action.ACKNOWLEDGE, EAST)
    for _ in range(3):
        await night_shift.act(incident, Action.ESCALATE, EAST)
    joined = [s.station for s in (await night_shift.incident()).joined]
    assert sorted(joined) == ["city", "district", "east", "street"]
    assert (await night_shift.incident()).holder == "east-1"
    assert (await refusal(night_shift, incident, Action.ESCALATE, EAST)).code == "at_top"


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({}, "outcome_missing"),
        ({"outcome": "no_answer", "reached": "seen"}, "outcome_missing"),
        ({"outcome": "false_alarm"}, "reached_missing"),
        ({"outcome": "false_alarm", "reached": "guessed"}, "reached_missing"),
    ],
)
async def test_a_red_closes_with_an_outcome_and_how_the_person_was_reached(
    night_shift: Night, incident: UUID, given: dict[str, str], code: str
) -> None:
    await night_shift.act(incident, Action.ACKNOWLEDGE, EAST)
    before = await night_shift.incident()
    assert (await refusal(night_shift, incident, Action.CLOSE, EAST, **given)).code == code
    assert await night_shift.incident() == before


async def test_an_orange_closes_without_how(night_shift: Night) -> None:
    await night_shift.comes(raised("heart-rate", severity=Severity.ORANGE, category=Category.CARE))
    incident = (await night_shift.incident()).id
    await night_shift.act(incident, Action.CLOSE, EAST, outcome="not_home")
    assert (await night_shift.incident()).holder == "east-1"


async def test_a_closed_incident_is_closed_and_the_next_alert_opens_another(
    night_shift: Night, incident: UUID
) -> None:
    await night_shift.act(incident, Action.CLOSE, EAST, outcome="genuine", reached="spoken")
    refused = await refusal(night_shift, incident, Action.ACKNOWLEDGE, EAST_TWO)
    assert (refused.code, refused.holder) == ("closed", "east-1")
    await night_shift.to(60)
    await night_shift.comes(raised(at=60))
    assert [i.state for i in await night_shift.incidents()] == ["closed", "open"]


@pytest.mark.parametrize(
    ("actor", "code"),
    [
        (WEST, "not_reached"),
        (Actor("west-1", "east"), "wrong_station"),
        (Actor("nobody", "east"), "wrong_station"),
        (Actor("east-s", "east"), "read_only"),
    ],
)
async def test_who_may_not_act(night_shift: Night, incident: UUID, actor: Actor, code: str) -> None:
    before = await night_shift.incident()
    assert (await refusal(night_shift, incident, Action.ACKNOWLEDGE, actor)).code == code
    assert await night_shift.incident() == before


async def test_staff_who_left_may_not_act(night_shift: Night, incident: UUID) -> None:
    await night_shift.rows("UPDATE staff SET retired_at = now() WHERE id = 'east-1' RETURNING id")
    assert (await refusal(night_shift, incident, Action.CALLED, EAST)).code == "wrong_station"


async def test_an_incident_that_does_not_exist_is_refused_like_one_out_of_scope(
    night_shift: Night,
) -> None:
    assert (await refusal(night_shift, uuid4(), Action.CALLED, EAST)).code == "not_reached"


async def test_a_task_is_done_by_its_own_station_once(night_shift: Night) -> None:
    await night_shift.comes(raised("battery-low", severity=Severity.BLUE, category=Category.DEVICE))
    ((task,),) = await night_shift.rows("SELECT id FROM task")
    conn, now = night_shift.conn, night_shift.now
    with pytest.raises(Refused) as refused:
        await task_work.finish(conn, task, WEST, now)
    assert refused.value.code == "not_reached"
    await task_work.finish(conn, task, EAST, now, "换了电池")
    assert await night_shift.rows("SELECT done_at, done_by, note FROM task") == [
        (now, "east-1", "换了电池")
    ]
    with pytest.raises(Refused) as refused:
        await task_work.finish(conn, task, EAST, now)
    assert (refused.value.code, refused.value.holder) == ("done", "east-1")


def test_every_refusal_has_a_sentence_in_both_languages() -> None:
    for code, sentence in SENTENCES.items():
        assert sentence.zh
        assert sentence.en
        assert Refused(code, holder="w1").code == code


def test_the_words_are_those_of_the_wire() -> None:
    said = Ack.model_json_schema()["properties"]
    assert said["action"]["enum"] == list(Action)
    assert said["outcome"]["anyOf"][0]["enum"] == list(Outcome)
    assert said["reached"]["anyOf"][0]["enum"] == list(Reached)
