"""The registry of a fleet: complete, plausible and accepted by the importer."""

import re
from collections import Counter
from pathlib import Path

import pytest

from schemas.directory import (
    WEEKDAYS,
    DeviceKind,
    Directory,
    Duty,
    Level,
    Living,
    Location,
    Role,
)
from schemas.registry_csv import read_folder, write_folder
from schemas.times import HOUR
from simulator.fleet import Fleet, make_directory
from simulator.profiles import PROFILES
from simulator.roster import Roster
from simulator.routine import Routine


@pytest.fixture(scope="module")
def fleet() -> Directory:
    return make_directory(homes=200, seed=7)


@pytest.mark.parametrize("homes", [1, 2, 3, 200])
def test_importer_reads_back_what_was_made(homes: int, tmp_path: Path) -> None:
    made = make_directory(homes=homes, seed=7)
    write_folder(made, tmp_path)
    assert read_folder(tmp_path) == made


def test_equal_arguments_give_an_equal_fleet_and_other_seeds_another(fleet: Directory) -> None:
    assert make_directory(homes=200, seed=7) == fleet
    assert make_directory(homes=200, seed=8).elders != fleet.elders


def test_a_home_is_the_same_in_a_larger_fleet(fleet: Directory) -> None:
    larger = make_directory(homes=400, seed=7)
    assert larger.elders[: len(fleet.elders)] == fleet.elders
    assert larger.devices[: len(fleet.devices)] == fleet.devices


@pytest.mark.parametrize("homes", [0, -1, 2_000_000])
def test_impossible_sizes_are_refused(homes: int) -> None:
    with pytest.raises(ValueError, match="homes"):
        make_directory(homes=homes, seed=1)


def test_one_tree_of_areas_with_a_station_in_each(fleet: Directory) -> None:
    levels = Counter(a.level for a in fleet.areas)
    assert (levels[Level.CITY], levels[Level.DISTRICT]) == (1, 1)
    assert levels[Level.COMMUNITY] == 3
    assert {s.area for s in fleet.stations} == {a.id for a in fleet.areas}
    assert len(fleet.stations) == len(fleet.areas)
    for area in fleet.areas:
        assert re.fullmatch(r"3301\d{8}", area.id)
        parent = next((a for a in fleet.areas if a.id == area.parent), None)
        order = list(Level)
        assert (order.index(parent.level) if parent else -1) == order.index(area.level) - 1


def test_the_smallest_fleets_have_two_communities() -> None:
    for homes in (1, 2):
        levels = Counter(a.level for a in make_directory(homes=homes, seed=3).areas)
        assert levels[Level.COMMUNITY] == 2


def test_a_few_homes_already_have_every_device_model() -> None:
    for homes, number in ((2, 6), (5, 7)):
        models = {(d.kind, d.profile) for d in make_directory(homes=homes, seed=3).devices}
        assert len(models) == number


def test_every_community_has_two_workers_and_its_share_of_homes(fleet: Directory) -> None:
    on_duty = Counter(s.station for s in fleet.staff if s.role is Role.DUTY)
    assert min(on_duty[s.id] for s in fleet.stations) >= 2
    share = Counter(h.area for h in fleet.homes)
    assert set(share.values()) <= {66, 67}


def _covered(shifts: list[Duty], day: int, minute: int) -> bool:
    """By hand: is any shift on at that minute of that weekday?"""
    for shift in shifts:
        starts = shift.starts.hour * 60 + shift.starts.minute
        ends = shift.ends.hour * 60 + shift.ends.minute
        length = (ends - starts) % 1440 or 1440
        since = (day * 1440 + minute - starts) % (7 * 1440)
        if WEEKDAYS[since // 1440] in shift.weekdays and since % 1440 < length:
            return True
    return False


def test_communities_have_night_gaps_and_the_rest_none(fleet: Directory) -> None:
    level = {a.id: a.level for a in fleet.areas}
    for station in fleet.stations:
        shifts = [d for d in fleet.duty if d.station == station.id]
        hours = [_covered(shifts, day, h * 60 + 30) for day in range(7) for h in range(24)]
        if level[station.area] is Level.COMMUNITY:
            assert all(_covered(shifts, day, 10 * 60) for day in range(7))
            assert not any(_covered(shifts, day, 2 * 60) for day in range(7))
        else:
            assert all(hours)


def test_who_lives_there_is_plausible(fleet: Directory) -> None:
    assert 1.08 <= len(fleet.elders) / len(fleet.homes) <= 1.25
    people = Counter(e.home for e in fleet.elders)
    assert set(people) == {h.id for h in fleet.homes}
    for elder in fleet.elders:
        alone = elder.living in (Living.LONE, Living.LEFT_BEHIND)
        assert people[elder.home] == 1 or not alone
        assert elder.birth_year is not None
        assert 1926 <= elder.birth_year <= 1966
    assert {e.care_level for e in fleet.elders} == {0, 1, 2, 3, 4}
    assert {e.living for e in fleet.elders} == set(Living)


def test_devices_have_their_vendors_ids_places_and_gateways(fleet: Directory) -> None:
    form = {
        ("mattress", "canonical"): r"m\d{4}(-2|-g)?",
        ("mattress", "easydoc-bed-band"): r"f4(:[0-9a-f]{2}){5}",
        ("fall_sensor", "canonical"): r"r\d{4}",
        ("fall_sensor", "milesight-vs373-mqtt"): r"\d{16}",
        ("sos_button", "canonical"): r"b\d{4}",
        ("sos_button", "z2m-sos-button"): r"0x[0-9a-f]{16}",
        ("sos_button", "milesight-ws101-chirpstack"): r"[0-9a-f]{16}",
    }
    for device in fleet.devices:
        assert re.fullmatch(form[device.kind, device.profile], device.id)
    assert len({d.id for d in fleet.devices}) == len(fleet.devices)
    beds = [d for d in fleet.devices if d.kind is DeviceKind.MATTRESS]
    shared = {d.home for d in beds if d.location is Location.SHARED_BED}
    own = {d.elder for d in beds if d.location is Location.BED}
    assert own == {e.id for e in fleet.elders if e.home not in shared}
    assert {d.interval_s for d in beds} == {30}


def test_every_way_to_live_is_met_in_at_least_two_of_a_hundred() -> None:
    fleet = make_directory(homes=2000, seed=11)
    roster = Roster.of(fleet)
    habits = Routine(roster.people, roster.zones, seed=11).habits
    homes, elders = len(fleet.homes), len(fleet.elders)
    where = Counter(d.location for d in fleet.devices)
    has = {d.home or d.elder for d in fleet.devices if d.kind is not DeviceKind.MATTRESS}
    with_more = {e.home for e in fleet.elders if e.id in has} | has
    shares = {
        "one bed": where[Location.SHARED_BED] / homes,
        "guest bed": where[Location.GUEST_BED] / homes,
        "mattress only": sum(h.id not in with_more for h in fleet.homes) / homes,
        "owls": habits.owl.mean(),
        "larks": habits.lark.mean(),
        "bedridden": habits.bedridden.mean(),
        "lone": sum(e.living is Living.LONE for e in fleet.elders) / elders,
    }
    assert min(shares.values()) >= 0.02, shares
    hours = [(habits.owl, habits.bed, 12, 14), (habits.lark, habits.rise, 16, 17)]
    for who, at, low, high in hours:
        assert ((low * HOUR <= at[who]) & (at[who] < high * HOUR)).all()


def test_streets_by_themselves_are_the_whole(fleet: Directory) -> None:
    """A city is never held at once: its streets, one after another, are all of it."""
    made = Fleet(homes=5000, seed=7)
    parts, whole = list(made.parts()), made.directory()
    assert len(parts) == 3
    for name in ("homes", "elders", "gateways", "devices", "contacts"):
        assert sum((getattr(p, name) for p in parts), ()) == getattr(whole, name)
    for name in ("areas", "stations", "staff", "duty"):
        assert {x for p in parts for x in getattr(p, name)} == set(getattr(whole, name))


def test_a_city_has_districts_of_the_designs_size() -> None:
    """Two districts' worth: a city of 1.6 million homes has as many as that takes."""
    two = Fleet(homes=2 * 22_000, seed=1).network
    levels = Counter(a.level for a in two.areas)
    assert (levels[Level.CITY], levels[Level.DISTRICT], levels[Level.COMMUNITY]) == (1, 2, 550)
    assert len({a.id for a in two.areas}) == len(two.areas)
    assert PROFILES["city"].homes / 22_000 < 94 - 5  # codes 3301 05 to 3301 94


def test_numbers_cannot_be_dialled_and_the_bereft_have_no_family(fleet: Directory) -> None:
    phones = [c.phone for c in fleet.contacts] + [e.phone for e in fleet.elders if e.phone]
    assert all(re.fullmatch(r"1000\d{7}", p) for p in phones)
    bereft = {e.id for e in fleet.elders if "bereft" in e.tags}
    assert not bereft & {c.elder for c in fleet.contacts}
