"""An incident from hand to hand: taken over, handed over, opened by a person, 120 called."""

from uuid import UUID

import pytest

from schemas.alerts import Category, ChangeKind, Severity
from schemas.wire import Card
from stations.by_hand import open_by_hand
from stations.deed import Action, Actor
from stations.refused import Refused
from tests.support.night import EAST, STREET, Night, later, raised

pytestmark = pytest.mark.anyio

EAST_TWO = Actor("east-2", "east")


@pytest.fixture
async def incident(night_shift: Night) -> UUID:
    """One SOS at h1, held by east-1; east-2 works beside them."""
    await night_shift.conn.execute(
        "INSERT INTO staff (id, name, station, role) VALUES ('east-2', '小周', 'east', 'duty')"
    )
    await night_shift.comes(raised())
    made = (await night_shift.incident()).id
    await night_shift.act(made, Action.ACKNOWLEDGE, EAST)
    return made


async def refusal(on: Night, incident: UUID, action: Action, actor: Actor, **more: str) -> str:
    with pytest.raises(Refused) as refused:
        await on.act(incident, action, actor, **more)
    return refused.value.code


async def test_taking_over_moves_it_and_gives_the_new_holder_their_own_time(
    night_shift: Night, incident: UUID
) -> None:
    await night_shift.to(170)
    await night_shift.act(incident, Action.TAKE_OVER, EAST_TWO)
    row = await night_shift.incident()
    assert (row.holder, row.state) == ("east-2", "acknowledged")
    assert row.due_at is not None
    assert (row.due_at - night_shift.now).total_seconds() == 180
    ((detail,),) = await night_shift.rows("SELECT detail FROM alert_event WHERE kind = 'take_over'")
    assert detail == {"from": "east-1"}
    assert await refusal(night_shift, incident, Action.TAKE_OVER, EAST_TWO) == "to_self"
    assert await refusal(night_shift, incident, Action.TAKE_OVER, STREET) == "not_reached"


async def test_what_is_handed_over_pages_until_taken_and_is_nobodys_at_no_moment(
    night_shift: Night, incident: UUID
) -> None:
    await night_shift.act(incident, Action.HAND_OVER, EAST, to="east-2")
    row = await night_shift.incident()
    assert row.holder == "east-1"
    assert row.ladder_from is not None
    assert (await night_shift.cards("east"))[-1]["paged"]
    await night_shift.to(30)
    assert [s for _, s in (await night_shift.pages())[-1:]] == [["street"]] or (
        "street" in (await night_shift.pages())[-1][1]
    )
    await night_shift.act(incident, Action.ACKNOWLEDGE, EAST_TWO)
    row = await night_shift.incident()
    assert (row.holder, row.ladder_from) == ("east-2", None)


@pytest.mark.parametrize("to", [None, "nobody", "west-1", "street-1"])
async def test_it_is_handed_only_to_who_can_see_it(
    night_shift: Night, incident: UUID, to: str | None
) -> None:
    more = {} if to is None else {"to": to}
    assert await refusal(night_shift, incident, Action.HAND_OVER, EAST, **more) == "to_missing"
    assert await refusal(night_shift, incident, Action.HAND_OVER, EAST, to="east-1") == "to_self"
    assert await refusal(night_shift, incident, Action.HAND_OVER, EAST_TWO, to="east-1") == (
        "not_holder"
    )


async def test_120_is_a_step_and_a_call_says_what_came_of_it(
    night_shift: Night, incident: UUID
) -> None:
    await night_shift.act(incident, Action.CALLED, EAST, result="no_answer")
    await night_shift.act(incident, Action.EMERGENCY_CALLED, EAST)
    assert (await night_shift.incident()).state == "called"
    assert await night_shift.rows(
        "SELECT kind, detail ->> 'result' FROM alert_event WHERE staff = 'east-1' ORDER BY id"
    ) == [("acknowledge", None), ("called", "no_answer"), ("emergency_called", None)]
    assert await refusal(night_shift, incident, Action.CALLED, EAST, result="maybe") == (
        "result_wrong"
    )


async def test_a_call_to_the_city_opens_an_incident_that_climbs_like_any_other(
    night_shift: Night,
) -> None:
    on = night_shift
    await open_by_hand(on.conn, "h1", Actor("city-1", "city"), on.now, note="邻居王阿姨来电")
    await on.intake()
    row = await on.incident()
    assert (row.home, row.severity, row.state) == ("h1", "red", "open")
    assert {j.station: j.why for j in row.joined} == {"city": "by_hand", "east": "ladder"}
    for station in ("east", "city"):
        card = Card.model_validate((await on.cards(station))[-1])
        assert (card.rule, card.paged) == ("manual", True)
        assert "王" not in card.model_dump_json()
    await on.to(30)
    assert {j.station for j in (await on.incident()).joined} == {"city", "east", "street"}
    assert await on.rows(
        "SELECT staff, detail ->> 'note' FROM alert_event WHERE kind = 'opened_by_hand'"
    ) == [("city-1", "邻居王阿姨来电")]


async def test_opened_by_hand_at_a_home_with_an_incident_it_joins_and_pages_again(
    night_shift: Night, incident: UUID
) -> None:
    await open_by_hand(night_shift.conn, "h1", Actor("city-1", "city"), night_shift.now)
    await night_shift.intake()
    row = await night_shift.incident()
    assert (row.id, row.holder) == (incident, "east-1")
    assert row.ladder_from is not None
    assert "city" in {j.station for j in row.joined}


async def test_by_hand_is_refused_for_homes_nobody_registered_for_blue_and_for_strangers(
    night_shift: Night,
) -> None:
    conn, now = night_shift.conn, night_shift.now
    cases = (
        ("no_home", "h99", EAST, Severity.RED),
        ("severity_wrong", "h1", EAST, Severity.BLUE),
        ("wrong_station", "h1", Actor("east-1", "west"), Severity.RED),
    )
    for code, home, actor, severity in cases:
        with pytest.raises(Refused) as refused:
            await open_by_hand(conn, home, actor, now, severity=severity)
        assert refused.value.code == code
    assert await night_shift.rows("SELECT count(*) FROM alert") == [(0,)]


@pytest.mark.parametrize("kind", [ChangeKind.STALE, ChangeKind.FRESH])
async def test_news_about_the_data_changes_cards_and_pages_nobody(
    night_shift: Night, kind: ChangeKind
) -> None:
    change = raised("night-absence", severity=Severity.ORANGE, category=Category.CARE)
    await night_shift.comes(change)
    incident = await night_shift.incident()
    await night_shift.act(incident.id, Action.ACKNOWLEDGE, EAST)
    before = await night_shift.pages()
    more = {"no_data_since": "2026-03-02T12:00:00Z"} if kind is ChangeKind.STALE else {}
    assert await night_shift.comes(later(change, kind, 600, evidence=more)) == bool(more)
    row = await night_shift.incident()
    assert row.ladder_from is None
    assert await night_shift.pages() == before
    assert not (await night_shift.cards("east"))[-1]["paged"]
