"""What happens to people outside a demo, and what is right to say of it."""

from collections import defaultdict
from itertools import pairwise

import pytest

from schemas.alerts import Severity
from schemas.directory import Directory, Level
from schemas.times import DAY, HOUR, MINUTE, parse_rfc3339
from simulator.effects import LASTING
from simulator.faults import ALL, NONE, parse
from simulator.fleet import Fleet, make_directory
from simulator.happen import free_again
from simulator.incidents import Fault, Incident, Kind, plan
from simulator.roster import Roster
from simulator.routine import Routine

START = parse_rfc3339("2026-03-01T00:00:00+08:00")
DAYS = 30


def _incidents(
    directory: Directory,
    *,
    faults: frozenset[Fault] = NONE,
    start: int = START,
    days: int = DAYS,
    every: float = 0.1,
) -> tuple[Incident, ...]:
    until = start + days * DAY
    made = plan(
        directory, seed=5, start=start, until=until, staged=False, faults=faults, every=every
    )
    return made.incidents


@pytest.fixture(scope="module")
def fleet() -> Directory:
    return make_directory(homes=400, seed=5)


@pytest.fixture(scope="module")
def month(fleet: Directory) -> tuple[Incident, ...]:
    return _incidents(fleet, faults=ALL)


def test_everything_happens_in_order_and_within_the_run(month: tuple[Incident, ...]) -> None:
    assert {i.kind for i in month} == {*Kind, *Fault}
    at = [i.at for i in month]
    assert at == sorted(at)
    assert at[0] >= START
    assert at[-1] < START + DAYS * DAY
    assert all(i.at < i.ends for i in month)


def test_what_must_be_known_can_be_known_within_the_run(month: tuple[Incident, ...]) -> None:
    for incident in month:
        for e in incident.expected:
            assert incident.at < e.known_by < START + DAYS * DAY


def test_trips_and_hospital_stays_befall_two_of_a_hundred(
    fleet: Directory, month: tuple[Incident, ...]
) -> None:
    for kind in (Kind.TRIP, Kind.HOSPITAL):
        assert len({i.elder for i in month if i.kind is kind}) > 0.02 * len(fleet.elders)


def test_a_home_has_one_thing_at_a_time(month: tuple[Incident, ...]) -> None:
    followed = (Kind.CARER, Kind.HOSPITAL, Kind.GONE)
    by_home = defaultdict(list)
    for i in month:
        if i.home is not None and i.kind not in (*LASTING, Fault.BATTERY, Fault.FIRMWARE):
            by_home[i.home].append(i)
    for mine in by_home.values():
        for first, second in pairwise(mine):
            consequence = second.kind in followed and second.at > first.ends
            assert consequence or second.at >= free_again(first) - 5 * MINUTE


def test_a_part_of_a_fleet_meets_the_same_as_within_the_whole() -> None:
    whole = Fleet(homes=300, seed=5)
    homes = {h.id for h in next(whole.parts()).homes}
    mine = _incidents(next(whole.parts()), faults=ALL, days=3)
    inside = [i for i in _incidents(whole.directory(), faults=ALL, days=3) if i.home in homes]
    assert [i for i in mine if i.home is not None] == inside
    assert len(inside) > 40


def test_a_later_start_changes_only_what_was_going_on(fleet: Directory) -> None:
    early = _incidents(fleet, days=8)
    late = _incidents(fleet, start=START + 5 * DAY, days=3)
    same = {(i.kind, i.home, i.at) for i in early} & {(i.kind, i.home, i.at) for i in late}
    assert len(same) > 0.8 * len(late)


def test_red_night_absences_are_of_people_alone_who_lay_in_bed(
    fleet: Directory, month: tuple[Incident, ...]
) -> None:
    roster = Roster.of(fleet)
    routine = Routine(roster.people, roster.zones, seed=5)
    row = {id_: k for k, id_ in enumerate(roster.people.ids)}
    absences = [i for i in month if i.kind is Kind.NIGHT_ABSENCE]
    assert len(absences) > 20
    for incident in absences:
        who = row[incident.elder or ""]
        assert roster.people.alone[who]
        begin = incident.at - 30 * MINUTE
        assert routine.in_bed_throughout(who, begin=begin, end=incident.at)
        local = (incident.at + 8 * HOUR) % DAY
        assert local >= 22 * HOUR or local < 5 * HOUR


def test_somebody_who_lies_unseen_is_known_after_the_hours_of_the_rule(
    month: tuple[Incident, ...],
) -> None:
    marks = {
        (e.severity, (e.known_by - i.at) // HOUR)
        for i in month
        if i.kind is Kind.COLLAPSE
        for e in i.expected
    }
    assert (Severity.ORANGE, 12) in marks
    assert marks <= {
        (Severity.ORANGE, 12),
        (Severity.RED, 24),
        (Severity.ORANGE, 20),
        (Severity.RED, 30),
    }


def test_the_dead_are_found_and_their_homes_stay_empty(month: tuple[Incident, ...]) -> None:
    dead = [i for i in month if i.kind in (Kind.DEATH, Kind.DEATH_IN_BED)]
    assert dead
    for incident in dead:
        later = [i for i in month if i.elder == incident.elder and i.at > incident.at]
        if incident.ends + HOUR * 2 < START + DAYS * DAY:
            assert [i.kind for i in later if isinstance(i.kind, Kind)] == [Kind.CARER, Kind.GONE]


def test_an_outage_of_a_district_delays_what_can_be_known(month: tuple[Incident, ...]) -> None:
    outages = [i for i in month if i.kind is Fault.DISTRICT_OUTAGE]
    assert outages
    assert {i.area for i in outages} == {"330105000000"}
    for incident in month:
        for outage in outages:
            if outage.at <= incident.at < outage.ends and isinstance(incident.kind, Kind):
                assert all(e.known_by > outage.ends for e in incident.expected)
                assert {e.rule for e in incident.expected} <= {"sos", "fall"}


def test_faults_are_only_those_that_are_asked_for(fleet: Directory) -> None:
    some = parse("reboot, storm,loss")
    made = _incidents(fleet, faults=some, every=0.0)
    assert {i.kind for i in made} == some
    assert not [i for i in _incidents(fleet, days=2) if isinstance(i.kind, Fault)]
    levels = {a.id: a.level for a in fleet.areas}
    assert {levels[i.area] for i in made if i.kind is Fault.STORM} == {Level.COMMUNITY}


@pytest.mark.parametrize("bad", ["", "loss,earthquake", "all,loss"])
def test_unknown_faults_are_refused_with_what_is_known(bad: str) -> None:
    with pytest.raises(ValueError, match="gateway_outage"):
        parse(bad)


def test_all_and_none_are_words() -> None:
    assert parse("all") == ALL == frozenset(Fault)
    assert parse("none") == NONE
