"""The plan: what happens to whom, and that each line of the truth stands for itself."""

from collections import defaultdict
from itertools import islice, pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.alerts import Severity
from schemas.directory import Directory, Living
from schemas.times import DAY, HOUR, MINUTE, SECOND, parse_rfc3339
from simulator.fleet import make_directory
from simulator.happen import free_again
from simulator.incidents import Kind, Plan, plan
from simulator.roster import Roster
from simulator.routine import Routine

START = parse_rfc3339("2026-06-01T20:00:00+08:00")


@pytest.fixture(scope="module")
def fleet() -> Directory:
    return make_directory(homes=200, seed=7)


@pytest.fixture(scope="module")
def demo(fleet: Directory) -> Plan:
    return plan(fleet, seed=7, start=START, until=START + 12 * HOUR, staged=True)


def test_the_first_minute_shows_something_of_each(fleet: Directory, demo: Plan) -> None:
    profile = {d.id: d.profile for d in fleet.devices}
    shown = [((i.at - START) // SECOND, i.kind, profile[i.device or ""]) for i in demo.staged]
    assert shown == [
        (3, Kind.SOS, "canonical"),
        (5, Kind.HEART_RATE, "canonical"),
        (6, Kind.SOS, "z2m-sos-button"),
        (9, Kind.SOS, "milesight-ws101-chirpstack"),
        (12, Kind.FALL, "milesight-vs373-mqtt"),
        (15, Kind.SUSPECTED_FALL, "canonical"),
    ]
    assert len({i.home for i in demo.staged}) == 6
    assert len({i.area for i in demo.staged}) == 3
    assert {i.area for i in demo.staged[:3]} == {i.area for i in demo.staged}


@pytest.mark.parametrize("homes", [1, 2, 3, 7])
def test_small_fleets_are_staged_as_far_as_they_go(homes: int) -> None:
    fleet = make_directory(homes=homes, seed=1)
    staged = plan(fleet, seed=1, start=START, until=None, staged=True).staged
    assert len(staged) == (3 if homes == 1 else 6)


def test_about_one_incident_a_minute_for_200_homes(demo: Plan) -> None:
    assert 0.9 <= len(demo.incidents) / (12 * 60) <= 1.1


def test_incidents_come_in_order_of_time_and_each_kind_occurs(demo: Plan) -> None:
    at = [i.at for i in demo.incidents]
    assert at == sorted(at)
    assert {i.kind for i in demo.incidents} == {
        Kind.SOS,
        Kind.FALL,
        Kind.SLOW_FALL,
        Kind.SUSPECTED_FALL,
        Kind.HEART_RATE,
        Kind.NIGHT_ABSENCE,
        Kind.SILENT,
    }


def test_no_home_has_two_seeded_incidents_at_a_time(demo: Plan) -> None:
    by_home = defaultdict(list)
    for incident in demo.incidents:
        by_home[incident.home].append(incident)
    for mine in by_home.values():
        for first, second in pairwise(mine):
            assert second.at >= free_again(first)


def test_a_plan_without_end_begins_like_one_that_ends(fleet: Directory, demo: Plan) -> None:
    endless = plan(fleet, seed=7, start=START, until=None, staged=True)
    assert tuple(islice(endless, 200)) == demo.incidents[:200]
    assert endless.before(START + HOUR) == demo.before(START + HOUR)
    with pytest.raises(ValueError, match="without end"):
        _ = endless.incidents


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 10**9), st.integers(1, 12))
def test_truth_names_the_registrys_own(seed: int, homes: int) -> None:
    fleet = make_directory(homes=homes, seed=seed)
    devices = {d.id: d for d in fleet.devices}
    homes_ = {h.id: h for h in fleet.homes}
    elders = {e.id: e for e in fleet.elders}
    for incident in plan(fleet, seed=seed, start=START, until=START + DAY, staged=True).incidents:
        device = devices[incident.device or ""]
        assert incident.elder == device.elder
        home = device.home or elders[device.elder or ""].home
        assert incident.home == home
        assert incident.area == homes_[home].area
        assert incident.at < (incident.known_by or 0)
        assert incident.rule == incident.expected[0].rule


def test_steps_follow_the_published_thresholds(demo: Plan) -> None:
    first = {i.kind: i for i in reversed(demo.incidents)}
    heart = first[Kind.HEART_RATE]
    steps = [(e.severity, (e.known_by - heart.at) // SECOND) for e in heart.expected]
    assert steps == [(Severity.ORANGE, 160), (Severity.RED, 640)]
    absence = first[Kind.NIGHT_ABSENCE]
    steps = [(e.severity, (e.known_by - absence.at) // SECOND) for e in absence.expected]
    assert steps == [(Severity.ORANGE, 1840), (Severity.RED, 3640)]


def test_night_absences_are_of_people_alone_who_lay_in_bed(fleet: Directory, demo: Plan) -> None:
    roster = Roster.of(fleet)
    routine = Routine(roster.people, roster.zones, seed=7)
    living = {e.id: e.living for e in fleet.elders}
    absences = [i for i in demo.incidents if i.kind is Kind.NIGHT_ABSENCE]
    assert absences
    for incident in absences:
        assert incident.elder is not None
        assert living[incident.elder] in (Living.LONE, Living.LEFT_BEHIND)
        row = np.full(31, roster.people.ids.index(incident.elder))
        at = incident.at - np.arange(31) * MINUTE
        assert routine.pose(row, at).in_bed.all()
        local = (incident.at + 8 * HOUR) % DAY
        assert local >= 22 * HOUR or local < 5 * HOUR


def test_some_homes_are_left_alone_and_it_never_changes(fleet: Directory, demo: Plan) -> None:
    answered = [demo.answered(i.home or "") for i in demo.staged]
    assert answered == [True, True, False, True, False, True]
    share = np.mean([demo.answered(h.id) for h in fleet.homes])
    assert 0.65 < share < 0.85
