"""Incidents as their home's devices show them."""

from functools import cache

import numpy as np
import pytest

from schemas.directory import Device, DeviceKind, Directory
from schemas.quantities import Fall, Sos
from schemas.readings import Readings
from schemas.times import DAY, HOUR, MINUTE, SECOND, parse_rfc3339
from simulator.fleet import make_directory
from simulator.happen import happen
from simulator.household import CANONICAL
from simulator.incidents import Incident, Kind
from simulator.people import can, everybody
from tests.support import simulated

NIGHT = parse_rfc3339("2026-06-01T23:50:00+08:00")
AT = NIGHT + HOUR
"""00:50: all but the owls lie in bed."""


@pytest.fixture(scope="module")
def fleet() -> Directory:
    return make_directory(homes=24, seed=simulated.SEED)


@cache
def _row(devices: tuple[Device, ...], id_: str | None) -> int:
    return next(k for k, d in enumerate(devices) if d.id == id_)


def _incident(fleet: Directory, kind: Kind, *, at: int = AT, ends: int | None = None) -> Incident:
    """Of a home with a canonical mattress and radar of a person who lives alone."""
    radars = {d.elder for d in fleet.devices if d.kind is DeviceKind.FALL_SENSOR}
    for home in everybody(fleet).values():
        canonical = {d.profile for d in home if d.kind is DeviceKind.FALL_SENSOR} == {CANONICAL}
        for who in home:
            known = who.alone and who.elder in radars and who.profile in (CANONICAL, "")
            if canonical and known and can(kind, who):
                return happen(kind, who, at, ends=ends)
    raise AssertionError(kind)


def _shown(fleet: Directory, incident: Incident, *, until: int) -> tuple[Readings, Readings]:
    """Of the mattress and the radar of the person, from the incident's beginning."""
    start = incident.at - HOUR
    plan = simulated.only((incident,), start=start, until=until, faults=frozenset())
    said = simulated.said(fleet, plan)
    said = said.take(said.received >= incident.at)
    mine = {d.kind: d.id for d in fleet.devices if d.elder == incident.elder}
    bed, radar = (
        said.take(said.device == _row(fleet.devices, mine[kind]))
        for kind in (DeviceKind.MATTRESS, DeviceKind.FALL_SENSOR)
    )
    return bed, radar


def _until(some: Readings, at: int) -> Readings:
    return some.take(some.received < at)


def test_a_long_lie_is_a_fall_that_lasts(fleet: Directory) -> None:
    incident = _incident(fleet, Kind.LONG_LIE, ends=AT + 90 * MINUTE)
    bed, radar = _shown(fleet, incident, until=AT + 2 * HOUR)
    words = radar.fall[radar.fall >= 0].tolist()
    assert words == [Fall.CONFIRMED, Fall.CLEARED]
    assert (radar.received[radar.fall >= 0] == [incident.at, incident.ends]).all()
    assert not _until(bed, incident.ends).in_bed.any()
    lying = _until(radar, incident.ends)
    assert (lying.presence[lying.presence >= 0] == 1).all()


def test_who_wanders_is_up_and_seen(fleet: Directory) -> None:
    incident = _incident(fleet, Kind.WANDERING, ends=AT + 50 * MINUTE)
    bed, radar = _shown(fleet, incident, until=AT + HOUR)
    assert not _until(bed, incident.ends).in_bed.any()
    assert (_until(radar, incident.ends).presence == 1).all()
    assert bed.take(bed.received >= incident.ends).in_bed.all()


@pytest.mark.parametrize("kind", [Kind.COLLAPSE, Kind.DEATH, Kind.TRIP, Kind.HOSPITAL])
def test_who_is_gone_or_lies_unseen_shows_nowhere(fleet: Directory, kind: Kind) -> None:
    bed, radar = _shown(fleet, _incident(fleet, kind, ends=AT + DAY), until=AT + HOUR)
    assert len(bed) > 100
    assert not bed.in_bed.any()
    assert np.isnan(bed.heart_rate).all()
    assert not radar.presence.any()


def test_the_dead_lie_in_bed_without_a_sign(fleet: Directory) -> None:
    incident = _incident(fleet, Kind.DEATH_IN_BED, ends=AT + HOUR)
    bed, _ = _shown(fleet, incident, until=AT + HOUR)
    assert bed.in_bed.all()
    assert np.isnan(bed.heart_rate).all()
    assert np.isnan(bed.respiratory_rate).all()
    assert (bed.movement == 0).all()


def test_fast_breathing_is_above_the_rules_threshold(fleet: Directory) -> None:
    bed, _ = _shown(fleet, _incident(fleet, Kind.FAST_BREATH), until=AT + 15 * MINUTE)
    assert bed.in_bed.all()
    assert bed.respiratory_rate.min() >= 25
    heart = bed.heart_rate[~np.isnan(bed.heart_rate)]
    assert (heart < 131).all()


@pytest.mark.parametrize(
    ("kind", "rate", "least"),
    [(Kind.HEART_DECLINE, "heart_rate", 10), (Kind.BREATH_DECLINE, "respiratory_rate", 2.5)],
)
def test_a_decline_grows_over_days_and_stays_below_what_is_acute(
    fleet: Directory, kind: Kind, rate: str, least: float
) -> None:
    """Seen in the fourth night, beside the same night of the same person in health."""
    at = AT - 3 * DAY
    incident = _incident(fleet, kind, at=at, ends=at + 5 * DAY)
    ill = _night(fleet, (incident,), incident)
    well = _night(fleet, (), incident)
    assert len(ill) == len(well) > 50
    more = getattr(ill, rate) - getattr(well, rate)
    known = ~np.isnan(more)
    assert least < more[known].mean() < 1.5 * least
    assert np.nanmax(ill.heart_rate) < 131
    assert np.nanmax(ill.respiratory_rate) < 25


def _night(fleet: Directory, incidents: tuple[Incident, ...], of: Incident) -> Readings:
    plan = simulated.only(incidents, start=AT, until=AT + HOUR, faults=frozenset())
    said = simulated.said(fleet, plan)
    return said.take((said.device == _row(fleet.devices, of.device)) & (said.in_bed == 1))


def test_a_carer_is_in_the_room(fleet: Directory) -> None:
    incident = _incident(fleet, Kind.CARER, ends=AT + 40 * MINUTE)
    bed, radar = _shown(fleet, incident, until=AT + HOUR)
    assert (_until(radar, incident.ends).presence == 1).all()
    assert bed.in_bed.any()


@pytest.mark.parametrize(
    ("kind", "words", "apart"),
    [
        (Kind.SOS_PHANTOM, [Sos.PRESSED], 0),
        (Kind.SOS_TEST, [Sos.TEST], 0),
        (Kind.SOS_AGAIN, [Sos.PRESSED, Sos.PRESSED], 120),
    ],
)
def test_buttons_say_each_press(fleet: Directory, kind: Kind, words: list[Sos], apart: int) -> None:
    who = next(
        c
        for home in everybody(fleet).values()
        for c in home
        if c.profile == CANONICAL and can(kind, c)
    )
    incident = happen(kind, who, AT)
    plan = simulated.only((incident,), start=NIGHT, until=AT + 5 * MINUTE, faults=frozenset())
    said = simulated.said(fleet, plan)
    pressed = said.take(said.sos >= 0)
    assert pressed.sos.tolist() == words
    assert np.ptp(pressed.received) // SECOND == apart
    assert set(pressed.device.tolist()) == {_row(fleet.devices, who.device)}
