"""Climbing over the real store: who is paged when, to the second."""

from datetime import timedelta

import pytest
from pydantic import ValidationError

from schemas.alerts import Category, Change, ChangeKind, Severity
from schemas.directory import Level
from stations.climb import climb_due
from stations.deed import Action
from stations.ladder import Ladder, Rung, Steps
from stations.policy import Policy
from store import stations_incident
from tests.support.night import EAST, START, STREET, Night, later, night, raised

pytestmark = pytest.mark.anyio


async def test_red_climbs_at_0_30_60_90_and_the_top_is_paged_again_every_60_s(
    night_shift: Night,
) -> None:
    await night_shift.comes(raised())
    await night_shift.to(215)
    assert await night_shift.pages() == [
        (0, ["east"]),
        (30, ["street"]),
        (60, ["district"]),
        (90, ["city"]),
        (150, ["city"]),
        (210, ["city"]),
    ]


async def test_rungs_do_not_drift_when_each_is_taken_late(night_shift: Night) -> None:
    await night_shift.comes(raised())
    for second in (30.9, 60.9):
        night_shift.now = START + timedelta(seconds=second)
        await climb_due(night_shift.conn, night_shift.now, night_shift.policy)
    assert (await night_shift.incident()).due_at == START + timedelta(seconds=90)


async def test_orange_climbs_to_the_district_and_never_calls_the_city(night_shift: Night) -> None:
    await night_shift.comes(_orange())
    await night_shift.to(6300)
    assert await night_shift.pages() == [
        (0, ["east"]),
        (300, ["street"]),
        (900, ["district"]),
        (2700, ["district"]),
        (4500, ["district"]),
        (6300, ["district"]),
    ]


async def test_each_level_that_joins_stays(night_shift: Night) -> None:
    await night_shift.comes(raised())
    await night_shift.to(60)
    incident = await night_shift.incident()
    joined = await night_shift.rows(
        "SELECT station, level, why FROM incident_station WHERE incident = %s ORDER BY joined_at",
        incident.id,
    )
    assert joined == [
        ("east", "community", "ladder"),
        ("street", "street", "ladder"),
        ("district", "district", "ladder"),
    ]
    assert (await night_shift.cards("east"))[-1]["revision"] == incident.revision


async def test_the_next_level_and_its_time_stand_in_the_row(night_shift: Night) -> None:
    await night_shift.comes(raised())
    incident = await night_shift.incident()
    assert (incident.next_level, incident.due_at) == ("street", START + timedelta(seconds=30))


async def test_acknowledging_stops_it(night_shift: Night) -> None:
    await night_shift.comes(raised())
    await night_shift.to(20)
    await night_shift.act((await night_shift.incident()).id, Action.ACKNOWLEDGE, EAST)
    await night_shift.to(199)
    assert await night_shift.pages() == [(0, ["east"])]


async def test_a_second_emergency_pages_the_holder_again_and_climbs(night_shift: Night) -> None:
    await night_shift.comes(raised())
    incident = await night_shift.incident()
    await night_shift.act(incident.id, Action.ACKNOWLEDGE, EAST)
    await night_shift.to(100)
    await night_shift.comes(raised("fall", at=100))
    await night_shift.to(135)
    assert await night_shift.pages() == [(0, ["east"]), (100, ["east"]), (130, ["street", "east"])]
    assert (await night_shift.cards("east"))[-1]["paged"]


async def test_an_emergency_while_it_climbs_does_not_start_the_ladder_over(
    night_shift: Night,
) -> None:
    await night_shift.comes(raised())
    await night_shift.to(25)
    await night_shift.comes(raised("fall", at=25))
    await night_shift.to(60)
    assert await night_shift.pages() == [(0, ["east"]), (30, ["street"]), (60, ["district"])]
    assert len(await night_shift.incidents()) == 1


async def test_an_acknowledged_orange_that_turns_red_climbs_as_a_red(night_shift: Night) -> None:
    orange = _orange()
    await night_shift.comes(orange)
    await night_shift.act((await night_shift.incident()).id, Action.ACKNOWLEDGE, EAST)
    await night_shift.to(480)
    await night_shift.comes(later(orange, ChangeKind.SEVERITY, 480, severity=Severity.RED))
    await night_shift.to(510)
    assert (await night_shift.incident()).severity == "red"
    assert await night_shift.pages() == [(0, ["east"]), (480, ["east"]), (510, ["street", "east"])]


async def test_another_care_alert_does_not_page_who_has_it_in_hand(night_shift: Night) -> None:
    await night_shift.comes(_orange())
    await night_shift.act((await night_shift.incident()).id, Action.ACKNOWLEDGE, EAST)
    await night_shift.comes(_orange("night-absence"))
    assert await night_shift.pages() == [(0, ["east"])]
    assert len((await night_shift.cards("east"))[-1]["alerts"]) == 2


async def test_a_cleared_orange_stops_and_stays_on_the_board(night_shift: Night) -> None:
    orange = _orange()
    await night_shift.comes(orange)
    await night_shift.to(100)
    await night_shift.comes(later(orange, ChangeKind.CLEARED, 100))
    await night_shift.to(5000)
    incident = await night_shift.incident()
    assert (incident.state, incident.due_at) == ("open", None)
    assert await night_shift.pages() == [(0, ["east"])]


async def test_one_of_two_cleared_goes_on_climbing(night_shift: Night) -> None:
    orange = _orange()
    await night_shift.comes(orange, _orange("night-absence"))
    await night_shift.comes(later(orange, ChangeKind.CLEARED, 10))
    await night_shift.to(300)
    assert (await night_shift.pages())[-1] == (300, ["street"])


async def test_a_cleared_red_goes_on_climbing(night_shift: Night) -> None:
    red = _orange(severity=Severity.RED)
    await night_shift.comes(red)
    await night_shift.comes(later(red, ChangeKind.CLEARED, 10))
    await night_shift.to(60)
    assert [at for at, _ in await night_shift.pages()] == [0, 30, 60]


async def test_a_cleared_orange_that_comes_back_climbs_again(night_shift: Night) -> None:
    orange = _orange()
    await night_shift.comes(orange)
    await night_shift.comes(later(orange, ChangeKind.CLEARED, 10))
    await night_shift.to(600)
    await night_shift.comes(later(orange, ChangeKind.REOPENED, 600))
    await night_shift.to(900)
    assert await night_shift.pages() == [(0, ["east"]), (600, ["east"]), (900, ["street"])]


async def test_an_acknowledged_red_without_a_step_in_3_min_pages_holder_and_next_level(
    night_shift: Night,
) -> None:
    await night_shift.comes(raised())
    await night_shift.to(10)
    await night_shift.act((await night_shift.incident()).id, Action.ACKNOWLEDGE, EAST)
    await night_shift.to(220)
    assert await night_shift.pages() == [
        (0, ["east"]),
        (190, ["street", "east"]),
        (220, ["district", "east"]),
    ]
    assert "deadline" in await night_shift.kinds()


async def test_a_red_on_the_way_must_be_on_site_in_15_min(night_shift: Night) -> None:
    await night_shift.comes(raised())
    incident = (await night_shift.incident()).id
    await night_shift.act(incident, Action.ON_THE_WAY, EAST)
    await night_shift.to(899)
    assert await night_shift.pages() == [(0, ["east"])]
    await night_shift.to(900)
    assert (await night_shift.pages())[-1] == (900, ["street", "east"])
    await night_shift.act(incident, Action.ON_SITE, EAST)
    await night_shift.to(9000)
    assert (await night_shift.pages())[-1] == (900, ["street", "east"])


async def test_an_acknowledged_orange_needs_a_step_in_30_min(night_shift: Night) -> None:
    await night_shift.comes(_orange())
    await night_shift.act((await night_shift.incident()).id, Action.ACKNOWLEDGE, EAST)
    await night_shift.to(1800)
    assert await night_shift.pages() == [(0, ["east"]), (1800, ["street", "east"])]


async def test_a_step_taken_after_its_limit_is_not_chased_at_once(night_shift: Night) -> None:
    await night_shift.comes(raised())
    incident = (await night_shift.incident()).id
    await night_shift.act(incident, Action.ACKNOWLEDGE, EAST)
    await night_shift.to(1000)
    before = len(await night_shift.pages())
    await night_shift.act(incident, Action.CALLED, EAST)
    await night_shift.to(1150)
    assert len(await night_shift.pages()) == before


async def test_what_nobody_was_there_to_climb_is_caught_up_without_a_flood(
    night_shift: Night,
) -> None:
    """A restart in the middle of a climb, ten minutes long: every level, then once a minute."""
    await night_shift.comes(raised())
    await night_shift.to(30)
    night_shift.now = START + timedelta(seconds=630)
    await night_shift.to(690)
    pages = await night_shift.pages()
    assert pages[:2] == [(0, ["east"]), (30, ["street"])]
    assert pages[2:] == [(630, ["district"]), (630, ["city"]), (690, ["city"])]


async def test_a_timer_that_another_copy_has_in_hand_is_left_to_it(
    night_shift: Night, town_dsn: str
) -> None:
    await night_shift.comes(raised(), raised(home="h2", gateway="g2"))
    now = START + timedelta(seconds=30)
    async with night(town_dsn, Policy()) as other, other.conn.transaction():
        assert len(await stations_incident.lock_due(other.conn, now, 1)) == 1
        await night_shift.conn.execute("SET lock_timeout = '1s'")
        assert await climb_due(night_shift.conn, now, night_shift.policy) == 1
    assert await climb_due(night_shift.conn, now, night_shift.policy) == 1
    assert [at for at, _ in await night_shift.pages()] == [0, 0, 30, 30]


async def test_a_climb_that_the_store_refuses_holds_up_no_other(night_shift: Night) -> None:
    await night_shift.comes(raised(), raised(home="h2", gateway="g2"))
    await night_shift.conn.execute(
        "ALTER TABLE incident ADD CONSTRAINT low CHECK (lane <> 'h1' OR climb < 2) NOT VALID"
    )
    now = START + timedelta(seconds=30)
    await climb_due(night_shift.conn, now, night_shift.policy)
    climbed = {i.lane: i.climb for i in await night_shift.incidents()}
    assert climbed == {"h1": 1, "h2": 2}
    await night_shift.conn.execute("ALTER TABLE incident DROP CONSTRAINT low")
    assert await climb_due(night_shift.conn, now, night_shift.policy) == 0
    assert await climb_due(night_shift.conn, now + timedelta(seconds=5), night_shift.policy) == 1


async def test_releasing_starts_again_at_the_lowest_level(night_shift: Night) -> None:
    await night_shift.comes(raised())
    await night_shift.to(35)
    incident = (await night_shift.incident()).id
    await night_shift.act(incident, Action.ACKNOWLEDGE, STREET)
    await night_shift.to(100)
    await night_shift.act(incident, Action.RELEASE, STREET)
    await night_shift.to(130)
    assert (await night_shift.pages())[2:] == [(100, ["east", "street"]), (130, ["street"])]


@pytest.mark.parametrize(
    "rungs",
    [
        [],
        [("community", 5)],
        [("community", 0), ("street", 0)],
        [("street", 0), ("community", 30)],
        [("community", 0), ("community", 30)],
    ],
)
def test_a_ladder_that_does_not_climb_is_refused(rungs: list[tuple[str, int]]) -> None:
    with pytest.raises(ValidationError):
        Steps.model_validate(
            {
                "rungs": [{"level": level, "after_s": after} for level, after in rungs],
                "repeat_s": 60,
                "step_s": 60,
            }
        )


def test_a_ladder_can_be_set_for_one_severity() -> None:
    steps = {"rungs": [{"level": "community", "after_s": 0}], "repeat_s": 30, "step_s": 60}
    ladder = Ladder.model_validate({"red": steps})
    assert ladder.red.rungs == (Rung(level=Level.COMMUNITY, after_s=0),)
    assert ladder.orange == Ladder().orange


def _orange(rule: str = "heart-rate", severity: Severity = Severity.ORANGE) -> Change:
    return raised(rule, severity=severity, category=Category.CARE)
