"""A night, a copy that dies in the middle of a climb, and a district's outage, second by second."""

from collections.abc import AsyncIterator
from datetime import timedelta

import psycopg
import pytest

from schemas.alerts import Category, Change, ChangeKind, Severity
from stations import shifts
from stations.climb import climb_due
from stations.deed import Action
from stations.policy import Coverage, Policy
from store import stations_board, stations_duty
from tests.support.night import START, STREET, Night, later, night, raised

pytestmark = pytest.mark.anyio

HOUR = 3600


@pytest.fixture
async def on(town_dsn: str) -> AsyncIterator[Night]:
    """20:00 on a Monday in Shanghai; at night the street alone is staffed, at a console."""
    async with night(town_dsn, Policy(coverage=Coverage.CONFIRMED, storm=6)) as made:
        yield made


async def watches(on: Night, *, until: float, every: float = 60) -> None:
    """The street's console shows its live page until a second of the night."""
    while on.second < until:
        await stations_duty.seen(on.conn, [STREET.staff], on.now)
        await on.to(min(on.second + every, until))


async def test_a_night_shift(on: Night) -> None:
    await shifts.confirm(on.conn, STREET, on.now, on.policy)
    await watches(on, until=2 * HOUR)
    up = raised("night-absence", severity=Severity.ORANGE, category=Category.CARE, at=on.second)
    await on.comes(up)  # the east sleeps: the street is paged at the same moment
    await watches(on, until=2 * HOUR + 120)
    incident = (await on.incident()).id
    await on.act(incident, Action.CALLED, STREET, result="no_answer")
    await watches(on, until=2 * HOUR + 1800)
    await on.comes(later(up, ChangeKind.SEVERITY, on.second, severity=Severity.RED))
    await watches(on, until=2 * HOUR + 1850)
    await on.act(incident, Action.ON_THE_WAY, STREET)
    await watches(on, until=2 * HOUR + 2400)
    await on.act(incident, Action.ON_SITE, STREET)
    await watches(on, until=2 * HOUR + 3000)
    await on.act(incident, Action.CLOSE, STREET, outcome="genuine", reached="seen")

    await on.to(5 * HOUR)  # the console has gone dark: nobody is there at all
    await on.comes(raised(home="h2", gateway="g2", at=on.second))
    await on.to(5 * HOUR + 260)
    await stations_duty.seen(on.conn, [STREET.staff], on.now)
    await on.act((await on.incidents())[-1].id, Action.ACKNOWLEDGE, STREET)
    await on.to(5 * HOUR + 260 + 181)

    two, five = 2 * HOUR, 5 * HOUR
    assert await on.pages() == [
        (two, ["east", "street"]),
        (two + 1800, ["east", "street"]),                 # red: from the lowest level again
        (two + 1830, ["street"]),
        (five, ["west", "street", "district", "city"]),
        (five + 30, ["street", "district", "city"]),
        (five + 60, ["district", "city"]),
        (five + 90, ["city"]), (five + 150, ["city"]), (five + 210, ["city"]),
        (five + 260 + 180, ["city", "street"]),           # no step: the top, and the holder
    ]  # fmt: skip


async def _climb_and_die(on: Night) -> None:
    async with on.conn.transaction():
        assert await climb_due(on.conn, on.now, on.policy) == 1
        assert await climb_due(on.other, on.now, on.policy) == 0  # it is in the first one's hands
        await on.other.execute("SELECT pg_terminate_backend(%s)", (on.conn.info.backend_pid,))
        await on.conn.execute("SELECT 1")


async def test_a_copy_dies_in_the_middle_of_a_climb_and_of_a_step(on: Night) -> None:
    """Nothing is paged twice, nothing left out; what was missed while nobody was there is not
    made up for, and the rungs do not move."""
    on.policy = Policy()
    await on.comes(raised())
    await on.to(29)
    on.now = START + timedelta(seconds=30)
    with pytest.raises(psycopg.OperationalError):
        await _climb_and_die(on)
    on.swap()
    await on.to(70)
    assert await on.pages() == [(0, ["east"]), (30, ["street"]), (60, ["district"])]

    on.now = START + timedelta(seconds=400)  # the other one was away for 330 s
    while await climb_due(on.conn, on.now, on.policy):
        pass
    await on.to(470)
    assert (await on.pages())[3:] == [(400, ["city"]), (460, ["city"])]


def silent(home: str, at: float) -> Change:
    return raised(
        "device-silent", home=home, gateway=f"g{home[1:]}",
        severity=Severity.BLUE, category=Category.DEVICE, at=at,
    )  # fmt: skip


async def test_a_district_goes_dark_and_somebody_needs_help(on: Night) -> None:
    """The power fails: two copies take the flood, an SOS comes in its middle, light returns."""
    on.policy = Policy(storm=6)
    before = [silent(f"h{1 + n % 4}", n) for n in range(8)]
    after = [silent(f"h{1 + n % 4}", 100 + n) for n in range(8)]
    on.write(*before)
    on.swap()
    await on.comes(raised(home="h2", gateway="g2", at=9), *after)
    assert await on.pages() == [(0, ["west"])]
    assert (await on.cards("west"))[0]["home"] == "h2"
    (outage,) = await stations_board.open_tasks(on.conn, "district")
    assert (outage.kind, outage.children) == ("outage", 16)
    for station in ("east", "west", "street"):
        assert await stations_board.open_tasks(on.conn, station) == []

    await on.to(45)
    incident = (await on.incident()).id
    await on.act(incident, Action.ACKNOWLEDGE, STREET)
    assert await on.pages() == [(0, ["west"]), (30, ["street"])]

    await on.to(HOUR)
    flood = [later(change, ChangeKind.CLEARED, HOUR) for change in (*after, *before)]
    await on.comes(*flood[:15])
    assert len(await stations_board.open_tasks(on.conn, "district")) == 1
    await on.comes(flood[15])
    assert await stations_board.open_tasks(on.conn, "district") == []
    assert (await on.incident()).state == "acknowledged"  # the outage's end ends nothing else
