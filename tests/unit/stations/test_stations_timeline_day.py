"""A day and a handover at a community station, hour by hour, on the store and a movable clock.

It is 20:00 on a Monday in Shanghai when the clock starts. Shifts count once confirmed; phones
reach everybody.
"""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from schemas.alerts import Category, ChangeKind, Severity
from stations import shifts, task_work
from stations.channels.settings import AppriseOutlet
from stations.deed import Action, Actor
from stations.policy import Coverage, Policy
from store import stations_board
from tests.support.night import EAST, STREET, Night, later, night, raised

pytestmark = pytest.mark.anyio

NIGHT = Actor("east-2", "east")
PHONE = AppriseOutlet.model_validate(
    {"kind": "apprise", "name": "sms", "url": "json://127.0.0.1/{phone}"}
)
HOUR, MINUTE = 3600, 60
EIGHT = 12 * HOUR  # Tuesday 08:00


@pytest.fixture
async def on(town_dsn: str) -> AsyncIterator[Night]:
    """The east has a day and a night worker; the street works by day; above nobody does."""
    policy = Policy(coverage=Coverage.CONFIRMED, outlets=(PHONE,))
    async with night(town_dsn, policy) as made:
        for statement in (
            "INSERT INTO staff (id, name, station, role) VALUES ('east-2', '小周', 'east', 'duty')",
            "UPDATE staff SET phone = '1390000' || id",
            "DELETE FROM duty",
            "INSERT INTO duty VALUES ('east', 'east-1', '{Tue}', '08:00', '20:00')",
            "INSERT INTO duty VALUES ('street', 'street-1', '{Tue}', '08:00', '20:00')",
            "INSERT INTO duty VALUES ('east', 'east-2', '{Tue}', '20:00', '08:00')",
        ):
            await made.conn.execute(statement)
        yield made


async def test_a_day(on: Night) -> None:
    await on.to(EIGHT - 10 * MINUTE)
    for worker in (EAST, STREET):
        await shifts.confirm(on.conn, worker, on.now, on.policy)

    pressed = EIGHT + HOUR + 10 * MINUTE  # 09:10, by mistake
    await on.to(pressed)
    await on.comes(raised(at=pressed))
    await on.to(pressed + 20)
    incident = (await on.incident()).id
    await on.act(incident, Action.CALLED, EAST, result="spoken")
    await on.to(pressed + 60)
    await on.act(incident, Action.CLOSE, EAST, outcome="false_alarm", reached="spoken")

    fast = EIGHT + 3 * HOUR  # 11:00, and slow again before the street is asked
    await on.to(fast)
    heart = raised("heart-rate", severity=Severity.ORANGE, category=Category.CARE, at=fast)
    await on.comes(heart)
    await on.to(fast + 240)
    await on.comes(later(heart, ChangeKind.CLEARED, fast + 240))

    low = EIGHT + 6 * HOUR  # 14:00
    await on.to(low)
    await on.comes(raised("battery-low", severity=Severity.BLUE, category=Category.DEVICE, at=low))
    (task,) = await stations_board.open_tasks(on.conn, "east")
    await task_work.finish(on.conn, task.id, EAST, on.now, note="new battery")

    fell = EIGHT + 7 * HOUR  # 15:00: the calm one's board card becomes the emergency's
    await on.to(fell)
    await on.comes(raised("fall", at=fell))
    incident = (await on.incidents())[-1].id
    for second, action in ((10, Action.ACKNOWLEDGE), (60, Action.ON_THE_WAY)):
        await on.to(fell + second)
        await on.act(incident, action, EAST)
    await on.to(fell + 11 * MINUTE)
    await on.act(incident, Action.ON_SITE, EAST)
    await on.to(fell + 40 * MINUTE)
    await on.act(incident, Action.CLOSE, EAST, outcome="to_hospital", reached="seen")

    dark = EIGHT + 12 * HOUR + MINUTE  # 20:01: both shifts are over, the night's is not confirmed
    await on.to(dark)
    await on.comes(raised("heart-rate", severity=Severity.ORANGE, category=Category.CARE, at=dark))

    assert await on.pages() == [
        (pressed, ["east"]),
        (fast, ["east"]),
        (fell, ["east"]),
        (dark, ["east", "street", "district", "city"]),
    ]
    assert await on.rows("SELECT staff, why FROM shift ORDER BY staff") == [
        ("east-1", "over"), ("street-1", "over"),
    ]  # fmt: skip
    assert await on.rows("SELECT elder, staff FROM visit") == [("e1", "east-1")]
    outcomes = [(i.state, i.outcome) for i in await on.incidents()]
    assert outcomes == [("closed", "false_alarm"), ("closed", "to_hospital"), ("open", None)]


async def test_a_handover(on: Night) -> None:
    """The day's worker holds two when the shift ends: one was asked to be taken, one passes on."""
    await on.to(EIGHT)
    for worker in (EAST, STREET):
        await shifts.confirm(on.conn, worker, on.now, on.policy)
    ends = EIGHT + 12 * HOUR
    await on.to(ends - 10 * MINUTE)
    await on.comes(raised(at=on.second))
    await on.to(on.second + 1)
    await on.comes(
        raised(
            "heart-rate", home="h3", gateway="g3",
            severity=Severity.ORANGE, category=Category.CARE, at=on.second,
        )
    )  # fmt: skip
    red, orange = [i.id for i in await on.incidents()]
    await on.act(red, Action.ON_SITE, EAST)
    await on.act(orange, Action.CALLED, EAST)
    await on.to(ends - 5 * MINUTE)
    await shifts.confirm(on.conn, NIGHT, on.now, on.policy)
    await on.act(orange, Action.HAND_OVER, EAST, to="east-2")
    assert (await on.incidents())[1].holder == "east-1"  # until it is taken
    await on.act(orange, Action.ACKNOWLEDGE, NIGHT)

    await on.to(ends)
    here, there = await on.incidents()
    assert (here.holder, here.ladder_from) == (None, on.now)
    assert there.holder == "east-2"
    await on.to(ends + 45)
    await on.act(red, Action.ACKNOWLEDGE, NIGHT)

    await on.to(ends + 45 + 179)
    assert await on.pages() == [
        (ends - 600, ["east"]), (ends - 599, ["east"]),
        (ends - 300, ["east"]),                          # the orange, handed over
        (ends, ["east"]),                                # the red: nobody's now
        (ends + 30, ["street", "district", "city"]),     # the street has gone home too
    ]  # fmt: skip
    assert (await on.incidents())[0].due_at == on.now + timedelta(seconds=1)
    taken = "SELECT staff FROM alert_event WHERE kind = 'acknowledge' ORDER BY id"
    assert await on.rows(taken) == [("east-2",), ("east-2",)]
