"""Day and night: where people are, and what their bodies say."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.directory import Directory
from schemas.times import DAY, HOUR, MINUTE, parse_rfc3339
from simulator.fleet import make_directory
from simulator.roster import Roster
from simulator.routine import Routine
from simulator.vitals import Body

NOON = parse_rfc3339("2026-03-10T12:00:00+08:00")


@pytest.fixture(scope="module")
def directory() -> Directory:
    return make_directory(homes=150, seed=5)


@pytest.fixture(scope="module")
def roster(directory: Directory) -> Roster:
    return Roster.of(directory)


def _routine(roster: Roster) -> Routine:
    return Routine(roster.people, roster.zones, seed=5)


def _share_in_bed(roster: Roster, at: int) -> float:
    who = np.arange(len(roster.people.ids))
    return float(_routine(roster).pose(who, np.full(len(who), at)).in_bed.mean())


@pytest.mark.parametrize(
    ("hours", "low", "high"),
    [
        (2, 0.2, 0.7),
        (4, 0, 0.1),
        (9, 0, 0.4),
        (14, 0.9, 1),
        (16, 0.9, 1),
        (20, 0, 0.15),
        (22, 0, 0.1),
    ],
)
def test_share_in_bed_by_hours_after_noon(
    roster: Roster, hours: int, low: float, high: float
) -> None:
    assert low <= _share_in_bed(roster, NOON + hours * HOUR) <= high


def test_people_keep_their_own_habits_over_days(roster: Roster) -> None:
    """Bed times differ more between people than from night to night of one person."""
    routine, n = _routine(roster), len(roster.people.ids)
    nights = np.array([[_bedtime(routine, k, day) for day in range(7)] for k in range(min(n, 40))])
    assert nights.std(axis=1).mean() < 0.5 * nights.mean(axis=1).std()


def _bedtime(routine: Routine, who: int, day: int) -> int:
    at = NOON + day * DAY + np.arange(7 * HOUR, 14 * HOUR, 5 * MINUTE)
    return int(routine.pose(np.full(len(at), who), at).in_bed.argmax())


def test_nobody_is_up_at_night_for_as_long_as_the_rules_call_unusual(roster: Roster) -> None:
    routine = _routine(roster)
    at = NOON + np.arange(10 * HOUR, 18 * HOUR, MINUTE)
    visits = 0
    for who in range(len(roster.people.ids)):
        in_bed = routine.pose(np.full(len(at), who), at).in_bed
        lying = in_bed.nonzero()[0]
        gaps = np.diff(lying)
        visits += int((gaps > 1).sum())
        assert gaps.max() < 15
    assert visits > len(roster.people.ids) / 2


def test_only_a_visitor_is_in_the_room_while_the_person_lies_in_bed(roster: Roster) -> None:
    routine = _routine(roster)
    at = NOON + np.arange(0, DAY, 7 * MINUTE)
    for who in range(30):
        pose = routine.pose(np.full(len(at), who), at)
        both = pose.since_noon[pose.in_bed & pose.in_room]
        assert ((both >= 22 * HOUR) & (both < 24 * HOUR)).all()
        assert pose.in_room.any() or routine.habits.bedridden[who]


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 149), st.integers(0, 5 * DAY)), min_size=1, max_size=30))
def test_a_pose_does_not_depend_on_what_else_was_asked(
    roster: Roster, asked: list[tuple[int, int]]
) -> None:
    who = np.array([w for w, _ in asked])
    at = NOON + np.array([t for _, t in asked])
    together = _routine(roster).pose(who, at)
    for k in range(len(asked)):
        alone = _routine(roster).pose(who[k : k + 1], at[k : k + 1])
        assert [bool(c[0]) for c in alone[:3]] == [bool(c[k]) for c in together[:3]]


def test_local_time_decides_over_a_daylight_saving_change() -> None:
    """Berlin, 2026-03-29: at 02:00 clocks go to 03:00. People rise by the clock on the wall."""
    directory = make_directory(homes=60, seed=5)
    elders = tuple(e.model_copy(update={"zone": "Europe/Berlin"}) for e in directory.elders)
    roster = Roster.of(directory.model_copy(update={"elders": elders}))
    before, after = (
        _share_in_bed(roster, parse_rfc3339(t))
        for t in ("2026-03-28T06:40:00+01:00", "2026-03-29T06:40:00+02:00")
    )
    assert 0.2 < before < 0.8
    assert abs(before - after) < 0.25
    assert _share_in_bed(roster, parse_rfc3339("2026-03-29T05:30:00+02:00")) > 0.85


def test_vitals_stay_inside_every_default_threshold_and_dip_at_night(roster: Roster) -> None:
    people = roster.people
    body, n = Body(people, 5), len(people.ids)
    means = []
    for since in (2 * HOUR, 15 * HOUR):
        hearts = []
        for minute in range(0, 60, 2):
            at = np.full(n, NOON + since + minute * MINUTE)
            vitals = body.vitals(
                np.arange(n), at, since_noon=np.full(n, since), drowsy=np.zeros(n, bool)
            )
            assert vitals.heart.min() > 400
            assert vitals.heart.max() < 1310
            assert vitals.breath.min() > 80
            assert vitals.breath.max() < 250
            assert vitals.movement.min() >= 0
            assert vitals.movement.max() <= 100
            hearts.append(vitals.heart.mean())
        means.append(sum(hearts) / len(hearts))
    assert means[0] - means[1] > 40
