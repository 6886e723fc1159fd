"""Each fault by itself: what it does to what a small fleet says, and what it leaves alone."""

from typing import NamedTuple

import numpy as np
import pytest

from schemas.directory import Device, DeviceKind, Directory
from schemas.readings import Flag, Readings
from schemas.times import HOUR, MINUTE, SECOND, parse_rfc3339
from simulator.columns import columns
from simulator.faults import specs
from simulator.fleet import make_directory
from simulator.happen import happen
from simulator.household import CANONICAL, VS373, Z2M_SOS
from simulator.incidents import Fault, Incident, Kind, Plan
from simulator.live import messages
from simulator.people import everybody
from tests.support import simulated
from tests.support.simulated import SEED

START = parse_rfc3339("2026-06-01T22:00:00+08:00")
AT, ENDS = START + 20 * MINUTE, START + 40 * MINUTE
UNTIL = START + HOUR


@pytest.fixture(scope="module")
def fleet() -> Directory:
    return make_directory(homes=12, seed=SEED)


@pytest.fixture(scope="module")
def sound(fleet: Directory) -> Readings:
    return _said(fleet, frozenset())


def _plan(faults: frozenset[Fault], incidents: tuple[Incident, ...]) -> Plan:
    return simulated.only(incidents, start=START, until=UNTIL, faults=faults)


def _said(fleet: Directory, faults: frozenset[Fault], *incidents: Incident) -> Readings:
    return simulated.said(fleet, _plan(faults, incidents))


class Case(NamedTuple):
    """A device, its row, what it says with an episode of a fault, and in order."""

    device: Device
    row: int
    hit: Readings
    rest: Readings
    """Of all other devices."""


def _case(
    fleet: Directory, fault: Fault, kind: DeviceKind, profile: str = CANONICAL, ends: int = ENDS
) -> Case:
    row, device = next(
        (k, d) for k, d in enumerate(fleet.devices) if (d.kind, d.profile) == (kind, profile)
    )
    area = fleet.gateways[0].area
    episode = Incident(fault, None, device.elder, device.id, area, AT, ends)
    said = _said(fleet, frozenset({fault}), episode)
    mine = said.device == row
    return Case(device, row, said.take(mine), said.take(~mine))


def _off(said: Readings) -> np.typing.NDArray[np.int64]:
    return said.received - said.ts


def _during(said: Readings, at: int = AT, ends: int = ENDS) -> np.typing.NDArray[np.bool_]:
    return np.asarray((said.received >= at) & (said.received < ends))


def test_lost_readings_leave_gaps_in_the_numbers(fleet: Directory, sound: Readings) -> None:
    said = _said(fleet, frozenset({Fault.LOSS}))
    share = 1 - len(said) / len(sound)
    assert 0.2 * specs.LOSS < share < 3 * specs.LOSS
    assert int(said.key.max()) == int(sound.key.max())


def test_no_press_and_no_fall_is_lost(fleet: Directory) -> None:
    buttons = [c for some in everybody(fleet).values() for c in some if c.device][:30]
    presses = [
        happen(Kind.SOS, who, START + k * MINUTE)
        for k, who in enumerate(c for c in buttons if c.kind is DeviceKind.SOS_BUTTON)
    ]
    said = _said(fleet, frozenset({Fault.LOSS, Fault.REORDERING}), *presses)
    assert np.count_nonzero(said.sos >= 0) == len(presses) > 5


def test_doubled_readings_come_again_unchanged(fleet: Directory, sound: Readings) -> None:
    said = _said(fleet, frozenset({Fault.DUPLICATION}))
    rows = np.stack([said.ts, said.device, said.key], axis=1)[said.device >= 0]
    distinct = np.unique(rows, axis=0)
    assert len(distinct) == np.count_nonzero(sound.device >= 0)
    assert 0.2 * specs.DUPLICATION < len(rows) / len(distinct) - 1 < 3 * specs.DUPLICATION


def test_some_readings_overtake_others(fleet: Directory, sound: Readings) -> None:
    said = _said(fleet, frozenset({Fault.REORDERING}))
    late = said.received - said.ts
    slow = late > specs.OUT_OF_ORDER[0]
    assert 0 < np.count_nonzero(slow) < 3 * specs.REORDERING * len(said)
    assert late.max() <= specs.OUT_OF_ORDER[1] + SECOND
    assert (np.diff(said.received) > 0).all()
    assert (np.diff(said.ts) < -2 * SECOND).any()
    assert not (np.diff(sound.ts) < -2 * SECOND).any()


def test_clocks_are_a_little_off_all_the_time() -> None:
    fleet = make_directory(homes=60, seed=SEED)
    said = _said(fleet, frozenset({Fault.CLOCK_SKEW}))
    off = _off(said)
    assert np.abs(off).max() <= specs.SKEW[1] + 2 * SECOND
    assert (np.abs(off) > specs.SKEW[0] + 2 * SECOND).any()
    for row in np.unique(said.device[said.device >= 0])[:20].tolist():
        assert np.ptp(off[said.device == row]) <= 2 * SECOND


@pytest.mark.parametrize("profile", [CANONICAL, VS373])
def test_a_clock_jumps_and_comes_back(fleet: Directory, profile: str) -> None:
    case = _case(fleet, Fault.CLOCK_JUMP, DeviceKind.FALL_SENSOR, profile)
    during, off = _during(case.hit), _off(case.hit)
    low, high = specs.JUMP
    assert (np.abs(off[during]) > low - 2 * SECOND).all()
    assert (np.abs(off[during]) < high + 2 * SECOND).all()
    assert np.ptp(off[during]) < 2 * SECOND
    assert (np.abs(off[~during]) < 2 * SECOND).all()
    assert (np.abs(_off(case.rest)) < 2 * SECOND).all()


def test_a_clock_is_eight_hours_off(fleet: Directory) -> None:
    case = _case(fleet, Fault.CLOCK_ZONE, DeviceKind.MATTRESS)
    off = np.abs(_off(case.hit)[_during(case.hit)])
    assert len(off) == 40
    assert (np.abs(off - 8 * HOUR) < 2 * SECOND).all()


def test_what_is_ahead_is_settled_as_ingest_settles_it(fleet: Directory) -> None:
    """Of two devices one clock at least is thrown ahead within a few episodes."""
    episodes = tuple(
        Incident(Fault.CLOCK_ZONE, None, d.elder, d.id, fleet.gateways[0].area, AT, ENDS)
        for d in fleet.devices
        if d.kind is DeviceKind.MATTRESS
    )
    made = _plan(frozenset({Fault.CLOCK_ZONE}), episodes)
    said = Readings.concat(list(columns(fleet, seed=SEED, start=START, until=UNTIL, plan=made)))
    suspect = said.has(Flag.CLOCK_SUSPECT)
    behind = _off(said) > 7 * HOUR
    assert suspect.any()
    assert behind.any()
    assert (said.ts[suspect] == said.received[suspect]).all()
    assert said.ts.max() < UNTIL


def test_a_reboot_begins_to_count_anew_by_an_unset_clock(fleet: Directory) -> None:
    case = _case(fleet, Fault.REBOOT, DeviceKind.MATTRESS, ends=AT + 80 * SECOND)
    silent = _during(case.hit, AT, AT + 80 * SECOND)
    assert not silent.any()
    after = case.hit.take(case.hit.received >= AT + 80 * SECOND)
    assert after.key.tolist() == list(range(1, len(after) + 1))
    fresh = after.received < AT + 80 * SECOND + specs.CLOCK_SET_AFTER
    year_2001 = specs.UNSET_CLOCK + 366 * 24 * HOUR
    assert fresh.any()
    assert (after.ts[fresh] < year_2001).all()
    assert (np.abs(_off(after)[~fresh]) < 2 * SECOND).all()


def test_batteries_run_down_to_nearly_nothing(fleet: Directory, sound: Readings) -> None:
    beds = [d for d in fleet.devices if d.kind is DeviceKind.MATTRESS]
    area = fleet.gateways[0].area
    episodes = [Incident(Fault.BATTERY, None, d.elder, d.id, area, AT, UNTIL) for d in beds]
    said = _said(fleet, frozenset({Fault.BATTERY}), *episodes)
    mine = np.isin(said.device, [k for k, d in enumerate(fleet.devices) if d in beds])
    told = mine & ~np.isnan(said.battery) & (said.received >= AT)
    gone = (said.received[told] - AT) / (UNTIL - AT)
    full = sound.battery[told]
    assert np.abs(said.battery[told] - (full - gone * (full - specs.EMPTY))).max() <= 0.5
    assert said.battery[told].min() < 15 < full.min()
    before = ~np.isnan(said.battery) & (said.received < AT)
    assert (said.battery[before] == sound.battery[before]).all()


def test_a_flapping_radar_says_now_this_now_that(fleet: Directory) -> None:
    case = _case(fleet, Fault.FLAPPING, DeviceKind.FALL_SENSOR)
    told = case.hit.presence[_during(case.hit)]
    assert len(told) == 20
    assert (np.abs(np.diff(told)) == 1).all()


def test_stuck_mattresses_say_the_same_again_and_again(fleet: Directory) -> None:
    beds = [d for d in fleet.devices if d.kind is DeviceKind.MATTRESS]
    area = fleet.gateways[0].area
    episodes = [Incident(Fault.STUCK, None, d.elder, d.id, area, AT, ENDS) for d in beds]
    said = _said(fleet, frozenset({Fault.STUCK}), *episodes)
    lying = said.in_bed == 1
    stuck = lying & _during(said)
    assert np.unique(said.heart_rate[stuck]).tolist() == [64.0]
    assert np.unique(said.movement[stuck]).tolist() == [0.0]
    assert len(np.unique(said.heart_rate[lying & ~_during(said)])) > 20


@pytest.mark.parametrize("fault", [Fault.GATEWAY_OUTAGE, Fault.DISTRICT_OUTAGE])
def test_an_outage_holds_back_or_loses(fleet: Directory, sound: Readings, fault: Fault) -> None:
    wide = fault is Fault.DISTRICT_OUTAGE
    for row, gateway in enumerate(fleet.gateways):
        area = "330105000000" if wide else gateway.area
        name = None if wide else gateway.id
        episode = Incident(fault, None, None, None, area, AT, ENDS, gateway=name)
        said = _said(fleet, frozenset({fault}), episode)
        mine = said.take(said.gateway == row)
        down = mine.take(_during(mine))
        assert down.online.tolist() == [0]
        back = mine.take(mine.received >= ENDS)
        assert back.online[back.online >= 0].tolist() == [1]
        kept = np.count_nonzero((back.ts < ENDS) & (back.ts >= AT) & (back.device >= 0))
        missing = np.count_nonzero((sound.gateway == row) & _during(sound) & (sound.device >= 0))
        assert kept == 0 or kept >= missing - 5
        others = said.take((said.gateway != row) & (said.device >= 0))
        assert _during(others).any() is not np.bool_(wide)


def test_a_storm_is_connections_lost_and_found(fleet: Directory) -> None:
    area = fleet.gateways[0].area
    episode = Incident(Fault.STORM, None, None, None, area, AT, AT + 2 * MINUTE)
    said = _said(fleet, frozenset({Fault.STORM}), episode)
    for row, gateway in enumerate(fleet.gateways):
        told = said.online[(said.gateway == row) & (said.received >= AT) & (said.online >= 0)]
        if gateway.area != area:
            assert not len(told)
        else:
            assert len(told) >= 10
            assert told[-1] == 1
            assert (np.abs(np.diff(told)) == 1).all()


def test_retained_messages_come_again_as_state() -> None:
    fleet = make_directory(homes=40, seed=SEED)
    buttons = [
        c for some in everybody(fleet).values() for c in some if c.profile == Z2M_SOS and c.device
    ]
    area = buttons[0].area
    press = happen(Kind.SOS, buttons[0], AT)
    burst = Incident(Fault.RETAINED, None, None, None, area, ENDS, ENDS + SECOND)
    said = _said(fleet, frozenset({Fault.RETAINED}), press, burst)
    again = said.take(said.has(Flag.RETAINED) & (said.device >= 0))
    row = next(k for k, d in enumerate(fleet.devices) if d.id == buttons[0].device)
    assert row in again.device
    assert (again.ts < again.received - 10 * SECOND).all()
    assert _during(again, ENDS, ENDS + 2 * SECOND).all()
    assert (again.sos[again.device == row] == 1).all()


def test_a_changed_firmware_says_the_same_in_other_words(fleet: Directory, sound: Readings) -> None:
    for kind, profile in ((DeviceKind.MATTRESS, CANONICAL), (DeviceKind.FALL_SENSOR, VS373)):
        case = _case(fleet, Fault.FIRMWARE, kind, profile, ends=AT + SECOND)
        assert case.hit.to_bytes() == sound.take(sound.device == case.row).to_bytes()
        area = fleet.gateways[0].area
        episode = Incident(Fault.FIRMWARE, None, None, case.device.id, area, AT, AT + SECOND)
        made = _plan(frozenset({Fault.FIRMWARE}), (episode,))
        stream = messages(fleet, seed=SEED, start=START, until=UNTIL, plan=made)
        mine = [m for m in stream if case.device.id in m.topic.split("/")]
        old = {b'"fw"' in m.payload or b"device info" in m.payload for m in mine if m.at < AT}
        new = {b'"fw"' in m.payload or b"device info" in m.payload for m in mine if m.at > AT}
        assert (len(old), len(new)) == (1, 1)
        assert old != new


def test_history_is_told_later_with_its_own_times(fleet: Directory, sound: Readings) -> None:
    case = _case(fleet, Fault.HISTORY, DeviceKind.MATTRESS)
    assert not _during(case.hit).any()
    told = case.hit.take((case.hit.ts >= AT) & (case.hit.ts < ENDS - SECOND))
    missing = sound.take((sound.device == case.row) & _during(sound))
    assert len(told) >= len(missing) - 2
    assert (told.received >= ENDS).all()
    assert (told.received < ENDS + 2 * SECOND).all()
    assert (np.diff(told.ts) > 0).all()


def test_without_faults_nothing_is_wrong(fleet: Directory, sound: Readings) -> None:
    off = _off(sound)
    assert (off >= 0).all()
    assert off.max() < 2 * SECOND
    rows = np.stack([sound.device, sound.key], axis=1)[sound.device >= 0]
    assert len(np.unique(rows, axis=0)) == len(rows)
