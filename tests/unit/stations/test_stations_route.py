"""No alert is unrouted (I6): what happens where a station or its duty is missing."""

from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

import pytest

from schemas.alerts import Category, Severity
from stations.duty import on_duty
from stations.policy import Coverage, Policy
from store.stations_duty import Calendar, Dated, Shift
from tests.support.night import Night, raised

pytestmark = pytest.mark.anyio

SHANGHAI = ZoneInfo("Asia/Shanghai")
BERLIN = ZoneInfo("Europe/Berlin")
EVERY_DAY = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"]


async def without(night_shift: Night, *stations: str) -> None:
    """These stations close."""
    for table in ("duty", "staff", "station"):
        column = "id" if table == "station" else "station"
        await night_shift.conn.execute(
            f"DELETE FROM {table} WHERE {column} = ANY(%s)".encode(), (list(stations),)
        )


async def off_duty(night_shift: Night, *stations: str) -> None:
    await night_shift.conn.execute("DELETE FROM duty WHERE station = ANY(%s)", (list(stations),))


async def joined(night_shift: Night) -> list[tuple[str, str]]:
    return [(s.station, s.why) for s in (await night_shift.incident()).joined]


async def test_no_station_in_the_community_goes_up_at_once_and_says_why(
    night_shift: Night,
) -> None:
    await without(night_shift, "east")
    await night_shift.comes(raised())
    assert await joined(night_shift) == [("street", "no_station")]
    await night_shift.to(90)
    assert await night_shift.pages() == [
        (0, ["street"]),
        (30, ["street"]),
        (60, ["district"]),
        (90, ["city"]),
    ]


async def test_nobody_on_duty_goes_up_at_once_and_the_station_is_told_all_the_same(
    night_shift: Night,
) -> None:
    await off_duty(night_shift, "east", "street")
    await night_shift.comes(raised())
    assert await joined(night_shift) == [
        ("district", "off_duty"),
        ("east", "ladder"),
        ("street", "off_duty"),
    ]


async def test_nobody_on_duty_anywhere_calls_everybody_up_to_the_top(night_shift: Night) -> None:
    await off_duty(night_shift, "east", "street", "district", "city")
    await night_shift.comes(raised())
    assert {station for station, _ in await joined(night_shift)} == {
        "east",
        "street",
        "district",
        "city",
    }


async def test_a_site_without_any_duty_calendar_keeps_to_the_ladder(night_shift: Night) -> None:
    await night_shift.conn.execute("DELETE FROM duty")
    await night_shift.comes(raised())
    assert await joined(night_shift) == [("east", "ladder")]


async def test_a_site_may_choose_not_to_follow_duty(night_shift: Night) -> None:
    await off_duty(night_shift, "east")
    night_shift.policy = Policy(coverage=Coverage.ALWAYS)
    await night_shift.comes(raised())
    assert await joined(night_shift) == [("east", "ladder")]


async def test_an_orange_reaches_the_city_only_where_nothing_below_has_duty(
    night_shift: Night,
) -> None:
    await off_duty(night_shift, "east", "street", "district")
    await night_shift.comes(raised("heart-rate", severity=Severity.ORANGE, category=Category.CARE))
    assert ("city", "off_duty") in await joined(night_shift)


async def test_three_levels_are_as_good_as_four(night_shift: Night) -> None:
    """No city: the district is the top, and is paged again without end."""
    await without(night_shift, "city")
    await night_shift.comes(raised())
    await night_shift.to(150)
    assert await night_shift.pages() == [
        (0, ["east"]),
        (30, ["street"]),
        (60, ["district"]),
        (90, ["district"]),
        (150, ["district"]),
    ]


async def test_no_station_above_the_home_goes_to_the_top_of_the_directory(
    night_shift: Night,
) -> None:
    await without(night_shift, "east", "street", "district", "city")
    await night_shift.comes(raised())
    assert await joined(night_shift) == [("west", "no_route")]


async def test_no_station_at_all_is_recorded_and_tried_again(night_shift: Night) -> None:
    await without(night_shift, "east", "west", "street", "district", "city")
    await night_shift.comes(raised())
    assert (await night_shift.kinds())[-1] == "unrouted"
    await night_shift.to(30)
    assert await night_shift.pages() == [(0, []), (30, [])]
    await night_shift.conn.execute(
        "INSERT INTO station (id, name, area) VALUES ('new', '新站', '330105001000')"
    )
    await night_shift.to(60)
    assert await joined(night_shift) == [("new", "no_station")]


async def test_a_home_that_has_left_the_directory_goes_to_the_top(night_shift: Night) -> None:
    await night_shift.comes(raised(home="h99", gateway=None))
    assert await joined(night_shift) == [("city", "no_place")]


@pytest.mark.parametrize(
    ("local", "expected"),
    [("21:59", False), ("22:00", True), ("00:30", True), ("05:59", True), ("06:00", False)],
)
def test_a_shift_may_end_on_the_next_day(local: str, expected: bool) -> None:
    night = Calendar([Shift("w", ["Mon"], time(22), time(6))])
    day = 2 if local > "12" else 3  # Monday evening or Tuesday morning, March 2026
    now = datetime.fromisoformat(f"2026-03-{day:02}T{local}").replace(tzinfo=SHANGHAI)
    assert bool(on_duty(night, SHANGHAI, now.astimezone(UTC))) is expected


def test_equal_times_are_a_whole_day() -> None:
    whole = Calendar([Shift("w", ["Mon"], time(8), time(8))])
    assert on_duty(whole, SHANGHAI, datetime(2026, 3, 3, 7, 59, tzinfo=SHANGHAI)) == ["w"]
    assert on_duty(whole, SHANGHAI, datetime(2026, 3, 3, 8, 0, tzinfo=SHANGHAI)) == []


@pytest.mark.parametrize("day", [29, 25])
def test_a_shift_keeps_to_the_clock_on_the_wall_when_daylight_saving_changes(day: int) -> None:
    """On 29 March and 25 October 2026 the night in Berlin lasts 7 and 9 hours."""
    month = 3 if day == 29 else 10
    night = Calendar([Shift("w", EVERY_DAY, time(22), time(6))])
    for hour, minute, expected in ((5, 59, True), (6, 0, False), (21, 59, False), (22, 0, True)):
        now = datetime(2026, month, day, hour, minute, tzinfo=BERLIN)
        assert bool(on_duty(night, BERLIN, now.astimezone(UTC))) is expected


def test_a_dated_exception_takes_a_shift_away_or_adds_one_on_its_own_date() -> None:
    weekly = [Shift("a", EVERY_DAY, time(8), time(18)), Shift("b", EVERY_DAY, time(22), time(6))]
    holiday = date(2026, 10, 1)

    def at(day: int, hour: int, *dates: Dated) -> list[str]:
        now = datetime(2026, 10, day, hour, tzinfo=SHANGHAI).astimezone(UTC)
        return on_duty(Calendar(weekly, list(dates)), SHANGHAI, now)

    closed = Dated(holiday, None, None, None)
    only_a = Dated(holiday, "a", None, None)
    instead = Dated(holiday, "c", time(9), time(9))
    assert (at(1, 12, closed), at(2, 12, closed), at(1, 23, closed)) == ([], ["a"], [])
    assert (at(1, 12, only_a), at(1, 23, only_a)) == ([], ["b"])
    assert at(1, 3, closed) == ["b"]  # the night that began the day before
    assert (at(1, 12, closed, instead), at(2, 8, closed, instead)) == (["c"], ["c", "a"])
