"""What waits too long: tasks for two working days, a lone elder's orange at the city."""

from datetime import UTC, date, datetime, timedelta
from functools import partial
from zoneinfo import ZoneInfo

import pytest

from schemas.alerts import Category, Severity
from stations.deed import Action, Actor
from stations.policy import Policy
from stations.refused import Refused
from stations.task_work import finish
from stations.waiting import raise_waiting
from stations.working_days import before
from tests.support.night import START, Night, raised

pytestmark = pytest.mark.anyio

SHANGHAI = ZoneInfo("Asia/Shanghai")
CITY = Actor("city-1", "city")


@pytest.mark.parametrize(
    ("now", "since"),
    [
        ("2026-03-04T10:00", "2026-03-02T10:00"),  # Wednesday → Monday
        ("2026-03-03T10:00", "2026-02-27T10:00"),  # Tuesday → Friday
        ("2026-03-09T10:00", "2026-03-05T10:00"),  # Monday → Thursday
        ("2026-03-07T10:00", "2026-03-05T00:00"),  # Saturday: as at its first moment
        ("2026-03-08T23:00", "2026-03-05T00:00"),
    ],
)
def test_two_working_days_are_counted_without_days_off(now: str, since: str) -> None:
    at = datetime.fromisoformat(now).replace(tzinfo=SHANGHAI).astimezone(UTC)
    expected = datetime.fromisoformat(since).replace(tzinfo=SHANGHAI).astimezone(UTC)
    assert before(at, 2, SHANGHAI) == expected


def test_holidays_count_as_days_off() -> None:
    at = datetime(2026, 10, 9, 10, tzinfo=SHANGHAI).astimezone(UTC)  # Friday after the holiday
    golden_week = [date(2026, 10, d) for d in range(1, 9)]
    expected = datetime(2026, 9, 29, 10, tzinfo=SHANGHAI).astimezone(UTC)
    assert before(at, 2, SHANGHAI, golden_week) == expected


async def test_a_task_nobody_touched_for_two_working_days_is_the_streets_as_well(
    night_shift: Night,
) -> None:
    on = night_shift  # Monday, 20:00 in Shanghai
    await on.comes(
        raised("battery-low", severity=Severity.BLUE, category=Category.DEVICE),
        raised("tamper", home="h2", gateway="g2", severity=Severity.BLUE, category=Category.DEVICE),
    )
    ((task,),) = await on.rows("SELECT id FROM task WHERE kind = 'battery-low'")
    street = Actor("street-1", "street")
    with pytest.raises(Refused):
        await finish(on.conn, task, street, on.now)
    assert await raise_waiting(on.conn, START + timedelta(hours=47, minutes=59), Policy()) == 0
    assert await raise_waiting(on.conn, START + timedelta(hours=48), Policy()) == 2
    assert await raise_waiting(on.conn, START + timedelta(hours=72), Policy()) == 0
    assert await on.rows("SELECT DISTINCT raised_to FROM task") == [("street",)]
    await finish(on.conn, task, street, on.now)


async def test_a_doctor_on_the_staff_gets_the_trends_of_their_patients(night_shift: Night) -> None:
    on = night_shift
    await on.conn.execute(
        "INSERT INTO staff (id, name, station, role) VALUES ('dr', '林医生', 'west', 'duty')"
    )
    await on.conn.execute("UPDATE elder SET doctor = 'dr' WHERE id = 'e1'")
    await on.conn.execute("UPDATE elder SET doctor = '外院医生' WHERE id = 'e3'")
    trend = partial(raised, severity=Severity.BLUE, category=Category.CARE)
    await on.comes(
        trend("vital-trend"),
        trend("vital-trend", home="h3", gateway="g3"),
        trend("restless-night", at=1),
    )
    assert await on.rows("SELECT home, kind, station, assignee FROM task ORDER BY 1, 2") == [
        ("h1", "restless-night", "east", None),
        ("h1", "vital-trend", "west", "dr"),
        ("h3", "vital-trend", "east", None),
    ]


orange = partial(raised, "heart-rate", severity=Severity.ORANGE, category=Category.CARE)


async def test_a_lone_elders_orange_turns_red_after_half_an_hour_at_the_city(
    night_shift: Night,
) -> None:
    on = night_shift
    await on.conn.execute("DELETE FROM duty WHERE station <> 'city'")
    await on.comes(orange())
    await on.to(1799)
    assert (await on.incident()).severity == "orange"
    await on.to(1800)
    row = await on.incident()
    assert row.severity == "red"
    assert row.ladder_from == on.now
    at, stations = (await on.pages())[-1]
    assert (at, set(stations)) == (1800, {"east", "street", "district", "city"})
    assert row.due_at is not None
    assert (row.due_at - on.now).total_seconds() == 30


async def test_it_stays_orange_with_family_in_hand_or_with_somebody_below(
    night_shift: Night,
) -> None:
    on = night_shift
    await on.comes(orange())  # covered below: the city is never asked
    await on.conn.execute("DELETE FROM duty WHERE station <> 'city'")
    await on.conn.execute("UPDATE elder SET living = 'with_family' WHERE id = 'e2'")
    await on.comes(orange(home="h2", gateway="g2"))
    await on.comes(orange(home="h3", gateway="g3"))
    held = (await on.incidents())[-1]
    taken = next(i for i in await on.incidents() if i.home == "h3")
    await on.act(taken.id, Action.ACKNOWLEDGE, CITY)
    await on.act(taken.id, Action.CALLED, CITY)
    await on.to(3 * 3600)
    assert {i.home: i.severity for i in await on.incidents() if i.home != "h1"} == {
        "h2": "orange", "h3": "orange",
    }  # fmt: skip
    assert held.severity == "orange"


async def test_family_contacts_are_offered_from_three_minutes_while_nobody_has_a_red(
    night_shift: Night,
) -> None:
    await night_shift.comes(raised())
    card = (await night_shift.cards("east"))[-1]
    assert datetime.fromisoformat(card["family_from"]) == START + timedelta(seconds=180)
    await night_shift.act((await night_shift.incident()).id, Action.ACKNOWLEDGE, CITY._replace(
        staff="east-1", station="east"))  # fmt: skip
    assert (await night_shift.cards("east"))[-1]["family_from"] is None
