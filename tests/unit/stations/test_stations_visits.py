"""The visit register, and visits that fall due."""

from datetime import datetime, timedelta

import pytest

from stations.deed import Action
from stations.policy import Policy
from stations.report.build import build
from stations.visits import open_due, visited
from tests.support.night import EAST, Night, raised
from tests.support.registry import EAST as EAST_AREA

pytestmark = pytest.mark.anyio

POLICY = Policy()


def on_day(night_shift: Night, day: int, hour: int = 12) -> datetime:
    return night_shift.now.replace(day=day, hour=hour, minute=0)


async def tasks(on: Night) -> list[tuple[object, ...]]:
    return await on.rows(
        "SELECT subject, station, done_at IS NOT NULL, note FROM task"
        " WHERE kind = 'visit_due' ORDER BY subject, opened_at"
    )


async def test_from_the_day_on_who_was_not_seen_is_one_task_of_the_nearest_station(
    night_shift: Night,
) -> None:
    on = night_shift
    await visited(on.conn, ["e2"], at=on.now, staff="west-1", now=on.now)
    # 15:59 UTC on the 19th is still the 19th in Shanghai; a minute later it is the 20th.
    assert await open_due(on.conn, on_day(on, 19, 15) + timedelta(minutes=59), POLICY) == 0
    assert await open_due(on.conn, on_day(on, 19, 16), POLICY) == 3
    assert await open_due(on.conn, on_day(on, 21), POLICY) == 0
    assert await tasks(on) == [
        ("e1", "east", False, None), ("e3", "east", False, None), ("e4", "west", False, None),
    ]  # fmt: skip


async def test_a_task_stays_until_the_visit_and_comes_back_next_month(night_shift: Night) -> None:
    on = night_shift
    await on.conn.execute("UPDATE elder SET retired_at = now() WHERE id <> 'e1'")
    assert await open_due(on.conn, on_day(on, 25), POLICY) == 1
    april = on_day(on, 25) + timedelta(days=30)
    assert await open_due(on.conn, april, POLICY) == 0  # still the old one
    await visited(on.conn, ["e1"], at=april, staff="east-1", now=april, note="一切都好")
    assert await tasks(on) == [("e1", "east", True, "visited")]
    assert await open_due(on.conn, april, POLICY) == 0
    assert await open_due(on.conn, april + timedelta(days=30), POLICY) == 1


async def test_closing_an_incident_after_seeing_the_elder_is_a_visit(night_shift: Night) -> None:
    on = night_shift
    await open_due(on.conn, on_day(on, 25), POLICY)
    for n, (home, reached) in enumerate((("h1", "seen"), ("h2", "spoken"))):
        on.now += timedelta(seconds=1)
        await on.comes(raised(home=home, gateway=f"g{n + 1}", at=n))
        incident = (await on.incidents())[-1]
        actor = EAST if n == 0 else EAST._replace(staff="west-1", station="west")
        await on.act(incident.id, Action.CLOSE, actor, outcome="false_alarm", reached=reached)
    assert await on.rows("SELECT elder, staff FROM visit") == [("e1", "east-1")]
    assert [done for _, _, done, _ in await tasks(on)] == [True, False, False, False]
    report = await build(on.conn, area=EAST_AREA, month="2026-03")
    (rate,) = [f for f in report.sections[0].figures if f.measure == "visit_rate"]
    assert (rate.part, rate.whole) == (1, 2)


async def test_who_lives_with_family_and_is_able_needs_no_visit(night_shift: Night) -> None:
    on = night_shift
    await on.conn.execute("UPDATE elder SET living = 'with_family', care_level = 0")
    await on.conn.execute("UPDATE elder SET tags = '{one_child_policy_special}' WHERE id = 'e3'")
    assert await open_due(on.conn, on_day(on, 25), POLICY) == 1
    assert [subject for subject, *_ in await tasks(on)] == ["e3"]
