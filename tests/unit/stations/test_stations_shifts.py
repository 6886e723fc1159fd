"""A shift counts while its worker has confirmed it and can be reached; what they hold passes on."""

from datetime import datetime, timedelta

import pytest

from schemas.alerts import Category, Severity
from stations.channels.settings import AppriseOutlet
from stations.deed import Action, Actor
from stations.policy import Coverage, Policy
from stations.refused import Refused
from stations.shifts import confirm, end_due, sign_out
from store import stations_duty
from tests.support.night import EAST, STREET, Night, raised

pytestmark = pytest.mark.anyio

EAST_TWO = Actor("east-2", "east")
CONFIRMED = Policy(coverage=Coverage.CONFIRMED)
PHONE = AppriseOutlet.model_validate(
    {"kind": "apprise", "name": "sms", "url": "json://127.0.0.1/{phone}"}
)


@pytest.fixture
async def shift(night_shift: Night) -> Night:
    """A site on which confirmed shifts count. It is 20:00 in Shanghai."""
    night_shift.policy = CONFIRMED
    await night_shift.conn.execute(
        "INSERT INTO staff (id, name, station, role) VALUES ('east-2', '小周', 'east', 'duty')"
    )
    return night_shift


async def joined(on: Night) -> dict[str, str]:
    return {s.station: s.why for s in (await on.incidents())[-1].joined}


async def confirmed(on: Night, *actors: Actor) -> datetime:
    return [await confirm(on.conn, actor, on.now, on.policy) for actor in actors][-1]


async def test_without_a_confirmed_shift_the_calendar_alone_covers_nothing(shift: Night) -> None:
    await shift.comes(raised())
    assert await joined(shift) == {
        "east": "ladder", "street": "off_duty", "district": "off_duty", "city": "off_duty",
    }  # fmt: skip


async def test_a_confirmed_shift_covers_while_its_console_is_seen(shift: Night) -> None:
    await confirmed(shift, EAST)
    await shift.comes(raised())
    assert await joined(shift) == {"east": "ladder"}
    shift.now += timedelta(seconds=61)
    await shift.comes(raised(home="h3", gateway="g3", at=61))
    assert "street" in await joined(shift)
    await stations_duty.seen(shift.conn, ["east-1"], shift.now)
    await shift.comes(raised(home="h5", gateway="g5", at=62))


async def test_a_phone_reaches_a_worker_without_a_console(shift: Night) -> None:
    shift.policy = Policy(coverage=Coverage.CONFIRMED, outlets=(PHONE,))
    await shift.conn.execute("UPDATE staff SET phone = '13900000001' WHERE id = 'east-1'")
    await confirmed(shift, EAST)
    shift.now += timedelta(hours=2)
    await shift.comes(raised(at=7200))
    assert await joined(shift) == {"east": "ladder"}


async def test_it_runs_as_long_as_the_calendar_says_or_half_a_day(shift: Night) -> None:
    await shift.conn.execute("DELETE FROM duty WHERE station = 'east'")
    await shift.conn.execute(
        "INSERT INTO duty VALUES ('east', 'east-1', '{Mon}', '20:30', '06:00'),"
        " ('east', 'east-1', '{Tue}', '06:00', '09:00')"
    )
    until = await confirmed(shift, EAST)  # half an hour early
    assert until - shift.now == timedelta(hours=13)
    assert await confirmed(shift, EAST_TWO) - shift.now == timedelta(hours=12)
    with pytest.raises(Refused):
        await confirmed(shift, Actor("east-1", "west"))


async def test_what_a_worker_holds_passes_on_when_they_sign_out(shift: Night) -> None:
    await confirmed(shift, EAST, EAST_TWO, STREET)
    await shift.comes(raised())
    incident = (await shift.incident()).id
    await shift.act(incident, Action.ON_SITE, EAST)
    assert await sign_out(shift.conn, EAST, shift.now, shift.policy) == 1
    row = await shift.incident()
    assert (row.holder, row.state) == (None, "on_site")
    assert row.ladder_from == shift.now
    assert (await shift.cards("east"))[-1]["paged"]
    assert await shift.rows("SELECT detail FROM alert_event WHERE kind = 'passed_on'") == [
        ({"from": "east-1"},)
    ]
    await shift.act(incident, Action.ACKNOWLEDGE, EAST_TWO)
    assert (await shift.incident()).holder == "east-2"


async def test_a_shift_that_is_over_ends_by_itself_in_one_copy_once(shift: Night) -> None:
    await shift.conn.execute("UPDATE duty SET starts = '08:00', ends = '21:00'")
    await confirmed(shift, EAST, STREET)
    await shift.comes(raised("heart-rate", severity=Severity.ORANGE, category=Category.CARE))
    await shift.act((await shift.incident()).id, Action.CALLED, EAST)
    shift.now += timedelta(hours=1)
    assert await stations_duty.next_end(shift.conn) == shift.now
    assert await end_due(shift.conn, shift.now, shift.policy) == 1
    assert await end_due(shift.conn, shift.now, shift.policy) == 1
    assert await end_due(shift.conn, shift.now, shift.policy) == 0
    assert (await shift.incident()).holder is None
    assert await shift.rows("SELECT staff, why FROM shift ORDER BY staff") == [
        ("east-1", "over"), ("street-1", "over"),
    ]  # fmt: skip


async def test_confirming_twice_is_one_shift_and_a_new_one_may_follow(shift: Night) -> None:
    await confirmed(shift, EAST, EAST)
    assert await shift.rows("SELECT count(*) FROM shift") == [(1,)]
    await sign_out(shift.conn, EAST, shift.now, shift.policy)
    await confirmed(shift, EAST)
    assert await shift.rows("SELECT count(*) FROM shift WHERE ended_at IS NULL") == [(1,)]
