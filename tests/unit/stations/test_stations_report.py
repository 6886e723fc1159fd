"""The monthly report, counted from a month that was really played over the store."""

import asyncio
import csv
import io
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from schemas.alerts import Category, Change, ChangeKind, Severity
from stations import duty
from stations.console.words import LANGUAGES, load
from stations.deed import Action, Actor
from stations.policy import Policy
from stations.report.build import NoSuchArea, Report, build, span
from stations.report.write import WORDS, to_csv, to_html
from store.stations_duty import Calendar, Shift
from tests.support.night import EAST, STREET, WEST, Night, later, night, raised
from tests.support.registry import DISTRICT
from tests.support.registry import EAST as EAST_AREA

pytestmark = pytest.mark.anyio

DAY = 86_400.0


class Month:
    """Incidents of home h1 (east) and h2 (west), one after another, each closed before the next."""

    def __init__(self, on: Night) -> None:
        self.on = on

    async def incident(
        self,
        at: float,
        *,
        home: str = "h1",
        by: Actor | None = EAST,
        after: float = 10,
        arrives: float | None = None,
        outcome: str = "false_alarm",
        reached: str = "spoken",
        **more: object,
    ) -> None:
        """Raised at `at`, answered `after` seconds later by `by` (None: never), and closed."""
        await self.on.to(at)
        change = self._raised(at, home, **more)
        await self.on.comes(change)
        if by is None:
            return
        (row,) = [i for i in await self.on.incidents() if i.state != "closed"]
        await self.on.to(at + after)
        await self.on.act(row.id, Action.ACKNOWLEDGE, by)
        if arrives is not None:
            await self.on.to(at + arrives)
            await self.on.act(row.id, Action.ON_SITE, by)
        await self.on.act(row.id, Action.CLOSE, by, outcome=outcome, reached=reached)

    def _raised(self, at: float, home: str, **more: object) -> Change:
        n = home[1:]
        return raised(home=home, gateway=f"g{n}", at=at, device=f"b{n}", **more)  # type: ignore[arg-type]

    async def report(self, area: str = DISTRICT, month: str = "2026-03") -> Report:
        return await build(self.on.conn, area=area, month=month)


def value(report: Report, area: str, group: str, slice_: str, measure: str) -> float | None:
    (section,) = [s for s in report.sections if s.area.id == area]
    (found,) = [
        f for f in section.figures if (f.group, f.slice, f.measure) == (group, slice_, measure)
    ]
    return found.value


async def test_answers_arrivals_and_outcomes_are_counted_by_the_definitions(town_dsn: str) -> None:
    async with night(town_dsn, Policy()) as on:
        month = Month(on)
        await month.incident(0, after=10)
        await month.incident(DAY, after=100, by=STREET, arrives=800, outcome="genuine",
                             reached="seen")  # fmt: skip
        await month.incident(2 * DAY, home="h2", by=WEST, after=200, arrives=1000,
                             outcome="to_hospital", reached="handed_over")  # fmt: skip
        await month.incident(3 * DAY, after=5, test=True)
        await month.incident(4 * DAY, after=300, late=True)
        await month.incident(5 * DAY, by=None)
        made = await month.report()

    def red(measure: str, slice_: str = "all") -> float | None:
        return value(made, DISTRICT, "red", slice_, measure)

    assert red("incidents") == 4  # without the test, and the late one stands apart
    assert red("incidents", "late") == 1
    assert red("answered_60") == 25
    assert red("answered_180") == 50
    assert red("never_answered") == 1
    assert red("answer_p50") == 100
    assert red("answered_by_street") == 25
    assert red("arrived_15") == pytest.approx(100 / 3)  # 800 s; 1000 s; nobody knows; one by talk
    assert value(made, EAST_AREA, "red", "all", "incidents") == 3
    assert value(made, DISTRICT, "incidents", "all", "tests") == 1
    assert value(made, DISTRICT, "incidents", "false_alarm", "outcome") == 2
    assert value(made, DISTRICT, "incidents", "all", "false_alarm_rate") == 50
    assert value(made, DISTRICT, "incidents", "all", "false_per_elder_month") == 2 / 4
    assert value(made, DISTRICT, "incidents", "all", "confirmed_per_elder_month") == 2 / 4


async def test_an_orange_that_turned_red_counts_as_red_from_then_on(town_dsn: str) -> None:
    async with night(town_dsn, Policy()) as on:
        orange = raised(
            "night-absence", severity=Severity.ORANGE, category=Category.CARE, device="m1"
        )
        await on.comes(orange)
        await on.act((await on.incident()).id, Action.ACKNOWLEDGE, EAST)
        await on.to(1800)
        await on.comes(later(orange, ChangeKind.SEVERITY, 1800, severity=Severity.RED))
        await on.to(1830)
        await on.act((await on.incident()).id, Action.CALLED, EAST)
        made = await Month(on).report()
    assert value(made, EAST_AREA, "red", "all", "answer_p50") == 30
    assert value(made, EAST_AREA, "orange", "all", "incidents") == 0


async def test_hours_without_duty_stand_apart(town_dsn: str) -> None:
    async with night(town_dsn, Policy()) as on:
        await on.conn.execute(
            "UPDATE duty SET starts = '08:00', ends = '18:00' WHERE station = 'east'"
        )
        month = Month(on)
        await month.incident(0, after=100)  # 20:00 in Shanghai
        await month.incident(14 * 3600, after=5)  # 10:00
        made = await month.report()
    assert value(made, EAST_AREA, "red", "uncovered", "answered_60") == 0
    assert value(made, EAST_AREA, "red", "covered", "answered_60") == 100
    assert value(made, EAST_AREA, "desks", "east", "uncovered_hours") == 31 * 14


async def test_nights_at_a_desk_and_devices_that_cry_wolf(town_dsn: str) -> None:
    async with night(town_dsn, Policy()) as on:
        month = Month(on)
        for n in range(3):
            await month.incident(n * 60 + 3 * 3600)  # 23:00
        await month.incident(12 * 3600)  # 08:00: no night
        made = await month.report()
    assert value(made, EAST_AREA, "desks", "east", "worst_night") == 3
    assert value(made, EAST_AREA, "desks", "east", "per_night") == pytest.approx(3 / 31)
    assert value(made, DISTRICT, "devices", "b1", "false_alarms") == 4


async def test_the_same_month_gives_the_same_file_and_the_page_is_whole(town_dsn: str) -> None:
    async with night(town_dsn, Policy()) as on:
        month = Month(on)
        await month.incident(0)
        made, again = await month.report(), await month.report()
        assert to_csv(made) == to_csv(again)
        pages = {
            language: await asyncio.to_thread(to_html, made, language) for language in LANGUAGES
        }
        assert await asyncio.to_thread(to_html, again, "zh") == pages["zh"]
        with pytest.raises(NoSuchArea, match="999"):
            await month.report(area="999")
    rows = list(csv.DictReader(io.StringIO(to_csv(made))))
    assert {r["group"] for r in rows} >= {"red", "orange", "incidents", "desks", "care"}
    assert "月报" in pages["zh"]
    assert "Monthly report" in pages["en"]
    for page in pages.values():
        assert "老人1" not in page
        assert "<script" not in page


def test_every_word_of_the_report_stands_in_both_languages() -> None:
    zh, en = load(WORDS).values()
    assert zh.strings.keys() == en.strings.keys()


def test_a_month_is_the_areas_own() -> None:
    zone = ZoneInfo("Asia/Shanghai")
    assert span("2026-12", zone) == (
        datetime(2026, 11, 30, 16, tzinfo=UTC),
        datetime(2026, 12, 31, 16, tzinfo=UTC),
    )
    with pytest.raises(ValueError, match="YYYY-MM"):
        span("2026-13", zone)


def test_gaps_are_what_no_shift_covers_over_midnight_and_daylight_saving() -> None:
    zone = ZoneInfo("Europe/Berlin")
    calendar = Calendar(
        [
            Shift("w", ["Sat", "Sun", "Mon"], time(22), time(6)),
            Shift("w", ["Sun"], time(6), time(20)),
        ]
    )
    start = datetime.combine(date(2026, 3, 28), time(), zone)  # Saturday; clocks go on on Sunday
    end = start + timedelta(days=2)
    gaps = duty.gaps(calendar, zone, start.astimezone(UTC), end.astimezone(UTC))
    assert [(a.astimezone(zone).isoformat(), b.astimezone(zone).isoformat()) for a, b in gaps] == [
        ("2026-03-28T00:00:00+01:00", "2026-03-28T22:00:00+01:00"),
        ("2026-03-29T20:00:00+02:00", "2026-03-29T22:00:00+02:00"),
    ]
