"""A ladder that changes while incidents climb: who is paged when, to the second."""

from datetime import timedelta

import pytest

from schemas.alerts import Category, Severity
from stations import ladder_in_force
from stations.climb import climb_due
from stations.deed import Action
from stations.ladder import LEVELS, Ladder, taken
from store import stations_ladder
from tests.support.night import EAST, START, WEST, Night, raised

pytestmark = pytest.mark.anyio

COMMUNITY, STREET, DISTRICT, CITY = LEVELS


def red(*rungs: tuple[str, int], repeat_s: int = 60, **more: int | None) -> Ladder:
    """A ladder with these rungs for red."""
    said = [{"level": level, "after_s": after} for level, after in rungs]
    steps = {"rungs": said, "repeat_s": repeat_s, "step_s": 180, "on_site_s": 900} | more
    return Ladder.model_validate({"red": steps})


async def test_a_shorter_ladder_counts_at_once(night_shift: Night) -> None:
    await night_shift.comes(raised())
    await night_shift.to(20)
    await night_shift.changes_ladder(red((COMMUNITY, 0), (DISTRICT, 25), repeat_s=30))
    incident = await night_shift.incident()
    assert (incident.next_level, incident.due_at) == ("district", START + timedelta(seconds=25))
    await night_shift.to(90)
    assert await night_shift.pages() == [
        (0, ["east"]),
        (25, ["district"]),
        (55, ["district"]),
        (85, ["district"]),
    ]
    assert "retimed" in await night_shift.kinds()


async def test_what_the_new_ladder_has_behind_it_is_paged_at_once(night_shift: Night) -> None:
    await night_shift.comes(raised())
    await night_shift.to(20)
    await night_shift.changes_ladder(red((COMMUNITY, 0), (STREET, 5), (CITY, 15)))
    await night_shift.to(80)
    assert await night_shift.pages() == [
        (0, ["east"]),
        (20, ["street"]),
        (20, ["city"]),
        (80, ["city"]),
    ]


async def test_a_timer_that_stands_is_kept_and_then_the_longer_ladder_holds(
    night_shift: Night,
) -> None:
    await night_shift.comes(raised())
    await night_shift.to(20)
    await night_shift.changes_ladder(red((COMMUNITY, 0), (STREET, 600), (DISTRICT, 900)))
    assert (await night_shift.incident()).due_at == START + timedelta(seconds=30)
    await night_shift.to(960)
    assert await night_shift.pages() == [
        (0, ["east"]),
        (30, ["street"]),
        (900, ["district"]),
        (960, ["district"]),
    ]


async def test_levels_that_an_older_ladder_left_out_are_not_forgotten(night_shift: Night) -> None:
    await night_shift.changes_ladder(red((CITY, 0)))
    await night_shift.comes(raised())
    await night_shift.to(40)
    await night_shift.changes_ladder(None)
    await night_shift.to(90)
    assert await night_shift.pages() == [
        (0, ["city"]),
        (40, ["east"]),
        (40, ["street"]),
        (60, ["district"]),
        (90, ["city"]),
    ]


async def test_a_repetition_comes_sooner_but_never_later(night_shift: Night) -> None:
    await night_shift.comes(raised())
    await night_shift.to(100)
    levels = [(level, n * 30) for n, level in enumerate(LEVELS)]
    await night_shift.changes_ladder(red(*levels, repeat_s=20))
    await night_shift.to(125)
    await night_shift.changes_ladder(red(*levels, repeat_s=600))
    await night_shift.to(800)
    assert [at for at, _ in await night_shift.pages()][4:] == [120, 140, 740]


async def test_whoever_has_it_in_hand_gets_the_new_limit_unless_the_old_one_is_sooner(
    night_shift: Night,
) -> None:
    await night_shift.comes(raised())
    await night_shift.act((await night_shift.incident()).id, Action.ON_THE_WAY, EAST)
    rungs = ((COMMUNITY, 0), (STREET, 30))
    await night_shift.to(60)
    for on_site_s, due in ((300, 300), (600, 300), (None, 300)):
        await night_shift.changes_ladder(red(*rungs, on_site_s=on_site_s))
        assert (await night_shift.incident()).due_at == START + timedelta(seconds=due)
    await night_shift.to(300)
    assert await night_shift.pages() == [(0, ["east"]), (300, ["street", "east"])]


async def test_a_limit_that_was_not_asked_is_asked_from_now_on(night_shift: Night) -> None:
    await night_shift.changes_ladder(red((COMMUNITY, 0), (STREET, 30), on_site_s=None))
    await night_shift.comes(raised())
    await night_shift.act((await night_shift.incident()).id, Action.ON_THE_WAY, EAST)
    assert (await night_shift.incident()).due_at is None
    await night_shift.to(60)
    await night_shift.changes_ladder(None)
    assert (await night_shift.incident()).due_at == START + timedelta(seconds=900)


async def test_a_lone_elders_orange_turns_red_by_the_new_time(night_shift: Night) -> None:
    steps = {"repeat_s": 1800, "step_s": 1800}
    at_city = {"rungs": [{"level": "city", "after_s": 0}], **steps}
    await night_shift.changes_ladder(Ladder.model_validate({"orange": at_city}))
    change = raised("no-activity", severity=Severity.ORANGE, category=Category.CARE)
    await night_shift.comes(change)
    await night_shift.to(100)
    sooner = Ladder.model_validate({"orange": {**at_city, "alone_red_s": 300}})
    await night_shift.changes_ladder(sooner)
    await night_shift.to(300)
    assert (await night_shift.incident()).severity == "red"


async def test_another_copy_follows_and_what_rests_stays_at_rest(night_shift: Night) -> None:
    await night_shift.comes(raised())
    await night_shift.changes_ladder(red((COMMUNITY, 0), (CITY, 10)))
    night_shift.swap()
    await night_shift.comes(raised(home="h2", gateway="g2"))
    await night_shift.to(10)
    assert [at for at, who in await night_shift.pages() if who == ["city"]] == [10, 10]
    for row in await night_shift.incidents():
        await night_shift.act(
            row.id, Action.CLOSE, EAST if row.home == "h1" else WEST,
            outcome="genuine", reached="seen",
        )  # fmt: skip
    await night_shift.changes_ladder(None)
    assert {row.due_at for row in await night_shift.incidents()} == {None}


async def test_a_timer_set_by_a_copy_that_had_not_heard_is_set_anew(night_shift: Night) -> None:
    """It read the ladder before the change and commits after it."""
    await night_shift.comes(raised())
    await night_shift.changes_ladder(red((COMMUNITY, 0), (CITY, 10)))
    await night_shift.rows(
        "UPDATE incident SET ladder = 0, next_level = 'street', due_at = %s RETURNING 1",
        START + timedelta(seconds=30),
    )
    assert await climb_due(night_shift.conn, night_shift.now, night_shift.policy) == 1
    assert (await night_shift.incident()).due_at == START + timedelta(seconds=10)


async def test_a_stored_ladder_that_is_none_pages_by_the_settings(night_shift: Night) -> None:
    assert await stations_ladder.add(
        night_shift.conn, after=0, at=START, staff="east-1", why="?", ladder={"red": {"rungs": []}}
    )
    await night_shift.comes(raised())
    await night_shift.to(60)
    assert [at for at, _ in await night_shift.pages()] == [0, 30, 60]


async def test_of_two_changes_at_once_one_is_refused(night_shift: Night) -> None:
    said = Ladder().model_dump(mode="json")
    for conn, added in ((night_shift.conn, True), (night_shift.other, False)):
        assert added is await stations_ladder.add(
            conn, after=0, at=START, staff="east-1", why="x", ladder=said
        )
    found = await ladder_in_force.find(night_shift.conn, red((CITY, 0)))
    assert (found.version, found.ladder) == (1, Ladder())


def test_rungs_count_as_taken_up_to_the_first_level_that_was_not_reached() -> None:
    steps = Ladder().red
    assert [taken(steps, reached) for reached in ((), ("city",), ("community", "city"))] == [
        0, 0, 1,
    ]  # fmt: skip
    assert taken(steps, [str(level) for level in LEVELS]) == 4
