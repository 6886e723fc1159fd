"""Scores: what belongs to what, what is missed or false, and what the roster makes of it."""

from __future__ import annotations

from random import Random

import pytest

from schemas.alerts import Alert, Category, Sentence, Severity, Step
from schemas.directory import Directory, Level
from schemas.times import DAY, HOUR, MINUTE, SECOND, from_micros, parse_rfc3339
from simulator.fleet import make_directory
from simulator.kinds import Expected, Incident, Kind, Right
from simulator.score.coverage import Coverage
from simulator.score.figures import false_rate, quantile
from simulator.score.matching import match
from simulator.score.page import render
from simulator.score.score import Score, as_json, score
from simulator.score.staffing import Model

START = parse_rfc3339("2026-01-05T00:00:00+08:00")  # a Monday
NOON = START + 12 * HOUR
NIGHT = START + 26 * HOUR  # 02:00 on Tuesday


@pytest.fixture(scope="module")
def town() -> Directory:
    return make_directory(homes=200, seed=1)


def alert(
    n: int, at: int, *, rule: str = "sos", to: str = "red", home: str = "h0001", late: bool = False
) -> Alert:
    severity = Severity(to)
    when = from_micros(at)
    return Alert(
        id=f"{n:032x}",
        rule=rule,
        severity=severity,
        category=Category.EMERGENCY if rule in ("sos", "fall") else Category.CARE,
        home=home,
        onset=when,
        raised=when,
        late=late,
        reason=Sentence(zh="", en="<b>pressed</b>"),
        steps=[Step(severity=severity, at=when)],
    )


def press(at: int, *, home: str = "h0001", right: tuple[Right, ...] = ()) -> Incident:
    expected = (Expected("sos", Severity.RED, at + 10 * SECOND),)
    return Incident(Kind.SOS, home, None, "b1", "a", at, at + 10 * SECOND, expected, right=right)


def judged(alerts: list[Alert], truth: list[Incident], town: Directory, days: int = 30) -> Score:
    return score(
        alerts,
        truth,
        town,
        start=START,
        end=START + days * DAY,
        model=Model(),
        rng=Random(1),
    )


def test_an_alert_belongs_to_what_happened_there_and_then() -> None:
    truth = [press(NOON)]
    alerts = [
        alert(1, NOON + SECOND),
        alert(2, NOON + SECOND, home="h0002"),
        alert(3, NOON + 2 * HOUR),
        alert(4, NOON, rule="fall"),
        alert(5, NOON - 10 * MINUTE),
    ]
    found = match(alerts, truth, areas_of_home={})
    assert [a.id[-1] for a in found.false] == ["2", "3", "4", "5"]
    (finding,) = found.findings
    assert (finding.delay, finding.in_time) == (SECOND, True)


def test_what_is_louder_than_it_deserves_is_false_and_what_is_too_quiet_finds_nothing() -> None:
    right = (Right("unprotected", Severity.ORANGE),)
    loud = alert(1, NOON, rule="unprotected")
    quiet = alert(2, NOON, to="blue")
    found = match([loud, quiet], [press(NOON, right=right)], areas_of_home={})
    assert [a.rule for a in found.false] == ["unprotected"]
    assert found.findings[0].known is None
    calm = match(
        [alert(1, NOON, rule="unprotected", to="orange")],
        [press(NOON, right=right)],
        areas_of_home={},
    )
    assert calm.false == []


def test_late_alerts_carry_the_time_of_a_wrong_clock() -> None:
    early = alert(1, NOON - 8 * HOUR, late=True)
    found = match([early], [press(NOON)], areas_of_home={})
    assert found.false == []
    assert found.findings[0].delay == 0
    assert match([alert(1, NOON - 8 * HOUR)], [press(NOON)], areas_of_home={}).false != []


def test_a_line_without_a_subject_speaks_of_its_whole_area() -> None:
    outage = press(NOON)._replace(
        home="", device="", expected=(), right=(Right("no-activity"),), ends=NOON + HOUR
    )
    inside, outside = alert(1, NOON, rule="no-activity"), alert(2, NOON, rule="no-activity")
    outside = outside.model_copy(update={"home": "h9"})
    found = match(
        [inside, outside], [outage], areas_of_home={"h0001": ["a", "above"], "h9": ["b", "above"]}
    )
    assert [a.id for a in found.false] == [outside.id]


def test_a_districts_line_speaks_of_every_community_below(town: Directory) -> None:
    district = next(a.id for a in town.areas if a.level is Level.DISTRICT)
    outage = press(NOON)._replace(
        home=None, device=None, area=district, expected=(), right=(Right("gateway-silent"),)
    )
    silent = [
        alert(n, NOON, rule="gateway-silent", to="blue", home=home.id)
        for n, home in enumerate(town.homes)
    ]
    assert judged(silent, [outage], town).matching.false == []
    elsewhere = outage._replace(area="999999000000")
    assert len(judged(silent, [elsewhere], town).matching.false) == len(town.homes)


def test_figures_count_what_they_say(town: Directory) -> None:
    truth = [press(NOON), press(NOON + DAY), press(NOON + 2 * DAY)]
    alerts = [
        alert(1, NOON + SECOND),
        alert(2, NOON + DAY + 20 * SECOND),
        alert(3, NIGHT, home="h0005"),
        alert(4, NIGHT, rule="vital-trend", to="blue"),
    ]
    found = judged(alerts, truth, town)
    assert found.red == (3, 2, 1)
    (row,) = found.sensitivity
    assert row.delay == (1.0, 20.0, 20.0)
    assert [f.incident.at for f in found.missed] == [NOON + 2 * DAY]
    elders = len(town.elders)
    assert found.false_red == pytest.approx(1 / elders)
    assert found.false_staff == pytest.approx(1 / elders), "a doctor's alert is not the staff's"
    assert false_rate(found.false_alarms) < sum(f.per_elder_month for f in found.false_alarms)


def test_quantiles_are_values_that_occurred() -> None:
    values = [float(v) for v in range(1, 101)]
    assert [quantile(values, q) for q in (0.5, 0.95, 1)] == [50, 95, 100]
    assert quantile([7.0], 0.5) == 7


def test_desks_are_where_somebody_is_on_duty(town: Directory) -> None:
    coverage = Coverage(town, START, START + 30 * DAY)
    assert coverage.desk("h0001", NOON) == "community-1"
    assert coverage.desk("h0001", NIGHT) == "street-1", "communities close at night"
    assert coverage.on_duty("street-1", NIGHT) == ["street-1-2"], "a shift over midnight"
    found = judged([alert(1, NIGHT), alert(2, NIGHT + HOUR), alert(3, NOON)], [], town, days=10)
    (row,) = found.nights
    assert (row.desk, row.alerts, row.most, row.per_night) == ("street-1", 2, 2, 0.2)


def test_nobody_on_duty_is_passed_at_once_and_a_flood_is_answered_late(town: Directory) -> None:
    calm = judged([alert(1, NIGHT)], [press(NIGHT)], town)
    (call,) = calm.staffing.calls
    assert call.level == "street"
    assert call.answered is not None
    assert call.answered < 300
    assert call.arrived is not None
    assert call.arrived > call.answered
    flood = [alert(n, NIGHT, home=f"h{n:04d}") for n in range(1, 180)]
    busy = judged(flood, [], town).staffing
    share = busy.answered(60)
    assert share is not None
    assert share < 0.5, "179 calls at once are more than anybody can take"
    nobody = town.model_copy(update={"duty": ()})
    assert judged([alert(1, NOON)], [], nobody).staffing.answered(180) == 0


def test_alerts_of_one_home_are_one_call(town: Directory) -> None:
    alerts = [alert(1, NOON), alert(2, NOON + MINUTE, rule="fall"), alert(3, NOON + HOUR)]
    assert len(judged(alerts, [press(NOON)], town).staffing.calls) == 2


def test_the_same_seed_gives_the_same_answers(town: Directory) -> None:
    alerts = [alert(n, NOON + n * MINUTE, home=f"h{n:04d}") for n in range(1, 20)]
    assert judged(alerts, [], town).staffing == judged(alerts, [], town).staffing


def test_the_page_stands_alone_and_says_what_the_figures_say(town: Directory) -> None:
    one = judged([alert(1, NOON), alert(2, NIGHT, home="h0007")], [press(NOON)], town)
    other = judged([], [press(NOON)], town)
    page = render(one, other)
    assert "1 of 1 (100.0%)" in page
    assert "0 of 1 (0.0%)" in page
    assert "&lt;b&gt;pressed" in page
    assert "<b>pressed" not in page
    for fetched in ("src=", "href=", "<script", "@import", "url("):
        assert fetched not in page, "everything is in the page"
    assert page.count("<svg") == 5


def test_the_json_holds_everything_but_the_alerts(town: Directory) -> None:
    said = as_json(judged([alert(1, NOON)], [press(NOON)], town))
    assert said["red"] == {"expected": 1, "found": 1, "in_time": 1}
    assert said["staffing"]["calls"] == 1
    assert said["false_per_elder_month"] == {"red": 0, "staff_facing": 0}


def test_nothing_can_be_said_of_no_time(town: Directory) -> None:
    with pytest.raises(ValueError, match="no time"):
        judged([], [], town, days=0)
