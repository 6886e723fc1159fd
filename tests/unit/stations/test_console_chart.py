"""Charts: readings in, places out. What is unknown stays a gap, what alarms stands out."""

import itertools
import re
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.times import HOUR, MINUTE, from_micros, to_micros
from stations.console.chart import figures, nights, paths
from stations.console.chart.bins import BIN, Bins, bins
from stations.console.chart.day import NARROW, WIDE, Happened, day
from stations.console.chart.limits import NEWS2
from stations.console.chart.nights import usual
from stations.console.chart.scale import Across, Up, hours, room_for, runs
from store.devices_now import DeviceNow
from store.series import Night, Series, Vital

ZONE = ZoneInfo("Asia/Shanghai")
SINCE = to_micros(datetime(2026, 3, 1, 12, tzinfo=UTC))  # 20:00 local
UNTIL = SINCE + 24 * HOUR


def device(
    row: int = 1, *, kind: str = "mattress", location: str = "bed", interval_s: int = 60
) -> DeviceNow:
    nothing = dict.fromkeys(DeviceNow._fields)
    known = {"row": row, "id": f"d{row}", "kind": kind, "location": location, "gateway": "g"}
    return DeviceNow(**{**nothing, **known, "home": "h", "interval_s": interval_s})  # type: ignore[arg-type]


def series(row: int = 1, *, minutes: int = 1440, at: int = SINCE, width: int = MINUTE) -> Series:
    """In bed with a heart rate of 60 and 15 breaths, unless the test says otherwise."""

    def flat(value: float) -> Vital:
        return Vital(*(np.full(minutes, value, np.float32) for _ in range(3)))

    return Series(
        device=row,
        times=at + np.arange(minutes) * width,
        heart_rate=flat(60),
        respiratory_rate=flat(15),
        movement=flat(5),
        in_bed=np.ones(minutes, np.float32),
        presence=np.full(minutes, np.nan, np.float32),
        sos_pressed=np.zeros(minutes, np.int64),
        fall_suspected=np.zeros(minutes, np.int64),
        fall_confirmed=np.zeros(minutes, np.int64),
    )


def binned(*pairs: tuple[DeviceNow, Series]) -> Bins:
    return bins([d for d, _ in pairs], {s.device: s for _, s in pairs}, since=SINCE, until=UNTIL)


def places(path: str) -> list[tuple[float, float]]:
    return [(float(x), float(y)) for x, y in re.findall(r"(-?[\d.]+) (-?[\d.]+)", path)]


def test_a_line_breaks_where_nothing_is_known() -> None:
    up = Up(0, 100, 10, 50)
    values = np.array([0, 100, np.nan, 50, np.nan, 200])
    assert paths.line([0, 1, 2, 3, 4, 5], values, up) == (
        "M0.0 60.0L1.0 10.0M1.5 35.0L4.5 35.0M3.5 10.0L6.5 10.0"
    )
    assert paths.between([0, 1], np.array([0, 50]), np.array([50, 100]), up) == (
        "M0.0 35.0L1.0 10.0L1.0 35.0L0.0 60.0Z"
    )
    assert paths.bars([0, 4, 8], 3, np.array([np.nan, 0, 100]), up) == "M8.0 60.0V10.0H11.0V60.0Z"


@given(st.lists(st.floats(0, 100), max_size=9))
def test_marks_never_hide_each_other(wanted: list[float]) -> None:
    found = paths.spread(sorted(wanted), apart=10, left=0, right=100)
    assert all(b - a >= 10 - 1e-9 for a, b in itertools.pairwise(found))
    assert all(0 <= x <= 100 for x in found)


@given(st.lists(st.booleans(), max_size=30))
def test_runs_are_where_it_holds(mask: list[bool]) -> None:
    found = [n for first, end in runs(np.array(mask, bool)) for n in range(first, end)]
    assert found == [n for n, holds in enumerate(mask) if holds]


def test_an_axis_holds_all_that_is_known_and_its_hours_are_local() -> None:
    assert room_for([np.array([np.nan, 55.0])], low=40, high=140, step=20) == (40, 140)
    assert room_for([np.array([31.0, 171.0])], low=40, high=140, step=20) == (20, 180)
    assert room_for([np.full(3, np.nan)], low=40, high=140, step=20) == (40, 140)
    ticks = hours(Across(SINCE, UNTIL, 0, 240), ZONE, every=6)
    assert [(t.x, f"{t.at:%H:%M}", t.first) for t in ticks] == [
        (40, "00:00", True), (100, "06:00", False), (160, "12:00", False), (220, "18:00", False),
    ]  # fmt: skip
    summer = to_micros(datetime(2026, 3, 28, 23, tzinfo=UTC))  # 01:00 there is 03:00 an hour on
    berlin = hours(Across(summer, summer + 6 * HOUR, 0, 6), ZoneInfo("Europe/Berlin"), every=2)
    assert [t.at.hour for t in berlin] == [0, 4, 6]


def test_bins_hold_what_minutes_said() -> None:
    said = series()
    said.heart_rate.mean[:5] = [60, 70, 80, np.nan, 90]
    said.heart_rate.high[2] = 140
    found = binned((device(), said))
    assert len(found.times) == 288
    assert found.heart_rate.mean[0] == pytest.approx(75)
    assert found.heart_rate.high[0] == 140
    assert found.heart_rate.mean[1] == 60
    assert found.heard.all()
    assert (found.in_bed == 1).all()


def test_the_bed_is_held_until_it_is_stale_and_silence_is_seen() -> None:
    said = series(minutes=60)
    found = binned((device(interval_s=60), said))
    assert np.flatnonzero(found.in_bed == 1).tolist() == list(range(65))
    assert np.isnan(found.in_bed[65:]).all()
    assert found.heard[:12].all()
    assert not found.heard[14:].any()
    slow = binned((device(interval_s=1200), said))
    assert np.flatnonzero(slow.in_bed == 1).tolist() == list(range(120))


def test_each_device_speaks_for_what_it_may() -> None:
    own, shared, guest, radar = (
        device(1), device(2, location="shared_bed"), device(3, location="guest_bed"),
        device(4, kind="fall_sensor", location="room"),
    )  # fmt: skip
    other = series(2)
    other.heart_rate.mean[:] = 99
    room = replace(series(4), presence=np.ones(1440, np.float32), in_bed=np.full(1440, np.nan))
    room.heart_rate.mean[:] = 88
    silent = replace(series(1), heart_rate=Vital(*(np.full(1440, np.nan),) * 3))
    guests = series(3)
    assert binned((own, series(1)), (shared, other)).heart_rate.mean[0] == 60
    assert np.isnan(binned((shared, other)).heart_rate.mean).all()
    assert (binned((shared, other)).in_bed == 1).all()
    assert np.isnan(binned((guest, guests)).in_bed).all()
    both = binned((own, silent), (radar, room))
    assert both.heart_rate.mean[0] == 88
    assert (both.presence == 1).all()
    nobody = binned()
    assert not nobody.heard.any()


def test_a_day_shows_gaps_thresholds_and_numbered_alerts() -> None:
    said = series()
    at = 20 * 60  # 16:00 local
    said.heart_rate.high[at : at + 10] = 138
    said.heart_rate.mean[at : at + 10] = 136
    said.in_bed[600:660] = 0
    for vital in (said.heart_rate, said.respiratory_rate):
        for column in vital:
            column[600:660] = np.nan
    keep = np.r_[0:300, 420:1440]
    said = replace(
        said, times=said.times[keep], in_bed=said.in_bed[keep], presence=said.presence[keep],
        movement=Vital(*(c[keep] for c in said.movement)),
        heart_rate=Vital(*(c[keep] for c in said.heart_rate)),
        respiratory_rate=Vital(*(c[keep] for c in said.respiratory_rate)),
        sos_pressed=said.sos_pressed[keep], fall_suspected=said.fall_suspected[keep],
        fall_confirmed=said.fall_confirmed[keep],
    )  # fmt: skip
    happened = [
        Happened(from_micros(SINCE + at * MINUTE), "orange"),
        Happened(from_micros(SINCE + (at + 8) * MINUTE), "red"),
    ]
    for size in (WIDE, NARROW):
        drawn = day(binned((device(), said)), limits=NEWS2, happened=happened, zone=ZONE, size=size)
        across = Across(SINCE, UNTIL, size.left, size.width - size.right)
        heart, breath = drawn.panels
        # Three stretches: before the silence, until the bed was left, and after.
        assert heart.line.count("M") == 3
        (silent,) = drawn.silent
        assert silent.x == pytest.approx(across.x(SINCE + 305 * MINUTE), abs=3)
        assert [len(lane.spans) for lane in (drawn.bed,)] == [3]
        assert [line.value for line in heart.limits] == [40, 131]
        assert [line.value for line in breath.limits] == [8, 25]
        xs = [x for x, _ in places(heart.beyond)]
        assert min(xs) == pytest.approx(across.x(SINCE + at * MINUTE), abs=3)
        high = min(y for _, y in places(heart.beyond))
        assert high < heart.limits[1].y
        assert breath.beyond == ""
        first, second = drawn.marks
        assert second.at - first.at >= 22 - 1e-6
        assert (first.number, first.severity, second.severity) == (1, "orange", "red")
        inside = [x for panel in drawn.panels for x, _ in places(panel.line)]
        assert 0 <= min(inside) <= max(inside) <= size.width
        assert drawn.height < 460


def test_a_day_without_a_word_is_drawn_as_silence() -> None:
    drawn = day(binned(), limits=NEWS2, happened=[], zone=ZONE, size=WIDE)
    assert [panel.line for panel in drawn.panels] == ["", ""]
    assert len(drawn.silent) == 1
    assert drawn.room is None


def test_the_summary_says_it_in_figures() -> None:
    said = series()
    said.in_bed[600:612] = 0
    said.in_bed[1380:] = 0
    said.heart_rate.low[3], said.heart_rate.high[4] = 44, 120
    said.heart_rate.mean[-5:] = 133
    found = figures.summary(
        binned((device(), said)),
        heart_rate=NEWS2.heart_rate, respiratory_rate=NEWS2.respiratory_rate,
    )  # fmt: skip
    assert found.in_bed is False
    assert found.in_bed_since == from_micros(SINCE + 1380 * MINUTE)
    assert found.in_bed_minutes == 1440 - 72
    assert found.exits == 2
    assert found.heart_rate is not None
    assert (found.heart_rate.low, found.heart_rate.high) == (44, 120)
    assert found.heart_rate.last == 133
    assert found.heart_rate.last_at == from_micros(UNTIL - MINUTE)
    assert found.heart_rate.beyond
    assert not found.heart_rate.old
    assert found.silent_minutes == 0
    turns = figures.edges(binned((device(), said)))
    assert [(e.what, (to_micros(e.at) - SINCE) // MINUTE) for e in turns] == [
        ("out_of_bed", 600), ("in_bed", 612), ("out_of_bed", 1380),
    ]  # fmt: skip


def test_the_table_has_an_hour_a_row_and_no_row_for_nothing() -> None:
    said = series(minutes=90)
    rows = figures.table(binned((device(), said)), zone=ZONE)
    assert [f"{row.at:%H:%M}" for row in rows] == ["20:00", "21:00"]
    assert rows[0].in_bed_minutes == 60
    assert rows[0].heart_rate == pytest.approx((60, 60, 60))
    assert figures.table(binned(), zone=ZONE) == []
    blank = figures.summary(
        binned(), heart_rate=NEWS2.heart_rate, respiratory_rate=NEWS2.respiratory_rate
    )
    assert (blank.in_bed, blank.heart_rate, blank.exits, blank.silent_minutes) == (
        None, None, 0, 1440,
    )  # fmt: skip


@pytest.mark.parametrize("count", [13, 14, 40])
def test_what_is_usual_takes_fourteen_nights_and_the_last_twenty_eight(count: int) -> None:
    rates = [100.0] * 12 + [60, 61, 62, 63, 64, 65, 66] * 4
    found = usual(rates[-count:], floor=1.5)
    if count < 14:
        assert found is None
        return
    assert found is not None
    assert found.median == 63
    spread = 3 * 1.4826 * 2
    assert (found.low, found.high) == pytest.approx((63 - spread, 63 + spread))
    assert found.beyond(72)
    assert not found.beyond(71)
    same = usual([60.0] * 28, floor=1.5)
    assert same is not None
    assert same.high - same.median == pytest.approx(3 * 1.4826 * 1.5)


def _night(evening: date, *, heart: float) -> tuple[Night, Series]:
    start = datetime(evening.year, evening.month, evening.day, 22, tzinfo=ZONE)
    rise = start + timedelta(hours=8, minutes=29)
    said = series(minutes=9, at=to_micros(start), width=HOUR)
    said.heart_rate.mean[:] = heart
    said.in_bed[0], said.in_bed[-1] = 40 / 60, 0.5
    night = Night(
        1, evening, heart, 0, 0, 15, 0, 0, 5, 490, 540, start + timedelta(minutes=20), rise
    )
    return night, said


def test_nights_are_rows_with_bed_times_and_what_is_unlike() -> None:
    newest = date(2026, 3, 30)
    evenings = [newest - timedelta(days=n) for n in range(20)]
    made = [_night(e, heart=60 + n % 3 + 30 * (n == 0)) for n, e in enumerate(evenings)]
    found = nights.nights([n for n, _ in made], [s for _, s in made], zone=ZONE, newest=newest)
    assert [row.night for row in found.rows] == evenings
    row = found.rows[0]
    assert row.bed is not None
    assert row.rise is not None
    assert (f"{row.bed:%H:%M}", f"{row.rise:%H:%M}", row.minutes) == ("22:20", "06:29", 490)
    heart, before = row.rates["heart_rate"], found.rows[1].rates["heart_rate"]
    assert heart is not None
    assert before is not None
    assert heart.beyond
    assert not before.beyond
    assert 0 <= before.x < heart.x <= nights.SCALE
    band = found.scales["heart_rate"].usual
    assert band is not None
    assert band.median == 61
    xs = [float(x) for x in re.findall(r"M([\d.]+)", row.hours)]
    assert xs[0] == pytest.approx((22 + 20 / 60 - 18) * 10, abs=0.1)
    assert row.hours.count("M") == 9


def test_a_gap_of_nights_stays_a_row_and_few_nights_have_no_band() -> None:
    newest = date(2026, 3, 30)
    made = [_night(newest - timedelta(days=n), heart=60) for n in (0, 2)]
    found = nights.nights([n for n, _ in made], [s for _, s in made], zone=ZONE, newest=newest)
    assert [row.minutes for row in found.rows] == [490, 0, 490]
    assert found.rows[1].rates == {"heart_rate": None, "respiratory_rate": None}
    assert found.rows[1].hours == ""
    assert found.scales["heart_rate"].usual is None
    empty = nights.nights([], [], zone=ZONE, newest=newest)
    assert len(empty.rows) == 1


def test_bins_are_five_minutes() -> None:
    assert BIN == 5 * MINUTE
