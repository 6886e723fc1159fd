"""The engine's promises apart from any one rule: pending state, snapshots, registry changes."""

from __future__ import annotations

from dataclasses import replace
from random import Random

import numpy as np
import pytest

from rules.engine import Engine
from rules.load import load_catalogue
from rules.rule import Rule
from schemas.alerts import ChangeKind
from schemas.directory import Device, DeviceKind, Directory, Location, Override
from schemas.judge import Judge
from schemas.readings import Flag, Readings
from schemas.registry import Registry
from schemas.times import MINUTE, NEVER, SECOND
from tests.support.random_fleet import make_directory, registry_of, registry_within
from tests.support.random_history import History, as_readings
from tests.support.reference_world import Row

RULES = load_catalogue()
START = 1_790_000_000 * SECOND


def directory() -> Directory:
    """A couple in one home; one of them has a mattress and a button."""
    random = Random(0)
    made = make_directory(random)
    while "e0-1" not in {e.id for e in made.elders} or "b-e0-0" not in {d.id for d in made.devices}:
        made = make_directory(random)
    bed = {"location": Location.BED, "interval_s": 30}
    devices = (
        d.model_copy(update=bed if d.kind is DeviceKind.MATTRESS else {}) for d in made.devices
    )
    return made.model_copy(update={"devices": tuple(devices), "overrides": (), "away": ()})


DIRECTORY = directory()
REGISTRY = Registry.build(DIRECTORY)


def press(second: float, device: str = "b-e0-0", **said: object) -> Row:
    ts = START + int(second * SECOND)
    return Row(ts, ts + 1, device=device, sos="pressed", **said)  # type: ignore[arg-type]


def beat(second: float, rate: float) -> Row:
    ts = START + int(second * SECOND)
    return Row(ts, ts + 1, device="m-e0-0", in_bed=True, heart_rate=rate)


def rows(*said: Row) -> Readings:
    return as_readings(list(said), REGISTRY, REGISTRY)


def test_it_is_a_judge_and_knows_no_time_at_first() -> None:
    engine = Engine(RULES, REGISTRY)
    judge: Judge = engine
    assert judge.clock == NEVER
    assert judge.apply(Readings.blank(0)) == []
    assert judge.advance(START) == []
    assert judge.clock == START
    assert judge.advance(START - 1) == []
    assert judge.clock == START


def test_a_rolled_back_batch_leaves_no_trace() -> None:
    engine = Engine(RULES, REGISTRY)
    engine.apply(rows(press(0)))
    engine.commit()
    before = engine.snapshot()
    batch = rows(press(60), *(beat(61 + 30 * i, 140) for i in range(30)))
    first = engine.apply(batch)
    assert engine.snapshot() == before, "a snapshot is of the adopted state"
    engine.rollback()
    assert engine.clock == START + 1
    assert engine.apply(batch) == first
    assert {c.rule for c in first} == {"sos", "heart-rate", "device-silent"}


def test_a_snapshot_goes_on_where_it_was_taken() -> None:
    engine, other = Engine(RULES, REGISTRY), Engine(RULES, REGISTRY)
    engine.apply(rows(*(beat(30 * i, 140) for i in range(4))))
    engine.commit()
    other.restore(engine.snapshot())
    rest = rows(*(beat(30 * i, 140) for i in range(4, 8)), press(230))
    assert other.apply(rest) == engine.apply(rest) != []


@pytest.mark.parametrize("damage", [b"", b"nonsense", None, "cut", "longer", "version"])
def test_a_snapshot_that_cannot_be_read_is_refused_and_changes_nothing(damage: object) -> None:
    engine = Engine(RULES, REGISTRY)
    engine.apply(rows(press(0)))
    engine.commit()
    good = engine.snapshot()
    bad = {
        None: good[:20],
        "cut": good[:-1],
        "longer": good + b"x",
        "version": good.replace(b'"version":2', b'"version":9'),
    }.get(damage, damage)  # type: ignore[call-overload]
    with pytest.raises(ValueError, match="snapshot"):
        engine.restore(bad)
    assert engine.snapshot() == good


def changed(rule: Rule, **parameters: float) -> Rule:
    return Rule.model_validate(
        {**rule.model_dump(), "parameters": {**rule.parameters, **parameters}}
    )


def test_a_changed_rule_starts_fresh_and_says_so_but_keeps_its_open_alert() -> None:
    engine = Engine(RULES, REGISTRY)
    (raised,) = engine.apply(rows(*(beat(30 * i, 140) for i in range(6))))
    engine.commit()
    other = Engine([changed(r, high=120) if r.id == "heart-rate" else r for r in RULES], REGISTRY)
    other.restore(engine.snapshot())
    assert other.notes == ["rule heart-rate is not the one of the snapshot: it starts fresh"]
    changes = other.apply(rows(*(beat(200 + 30 * i, 80) for i in range(4))))
    assert [(c.id, c.kind) for c in changes] == [(raised.id, ChangeKind.CLEARED)]


def test_the_registry_grows_and_changes_without_losing_state() -> None:
    engine = Engine(RULES, REGISTRY)
    engine.apply(rows(*(beat(30 * i, 125) for i in range(2))))
    with pytest.raises(ValueError, match="commit or roll back"):
        engine.set_registry(REGISTRY)
    engine.commit()
    new = Device(
        id="new",
        kind="fall_sensor",
        profile="canonical",
        gateway="g0",
        home="h0",
        location="room",
        interval_s=60,
    )
    grown = DIRECTORY.model_copy(
        update={
            "devices": (*DIRECTORY.devices, new),
            "overrides": (
                Override(elder="e0-0", rule="heart-rate", parameter="high", value="120"),
                Override(elder="e0-0", rule="heart-rate", parameter="hihg", value="120"),
                Override(elder="e0-0", rule="device-silent", parameter="mattress_s", value="10"),
            ),
        }
    )
    engine.set_registry(Registry.build(grown))
    assert len(engine.notes) == 2
    assert "expected at least 300" in engine.notes[0]
    assert "no such parameter" in engine.notes[1]
    changes = engine.apply(rows(*(beat(60 + 30 * i, 125) for i in range(6))))
    assert [(c.rule, c.at - START) for c in changes] == [("heart-rate", 180 * SECOND)]
    changes = engine.apply(rows(*(beat(240 + 30 * i, 80) for i in range(10))))
    silent = [c for c in changes if c.device == "new"]
    assert [c.at - START for c in silent] == [30 * SECOND + 1 + 5 * MINUTE]


def test_backlog_moves_no_clock_and_silence_counts_from_the_resume() -> None:
    engine = Engine(RULES, REGISTRY)
    engine.apply(rows(beat(0, 80)))
    late = rows(*(beat(3600 + 30 * i, 140) for i in range(10)))
    late.flags |= np.int16(Flag.BACKLOG)
    (raised,) = engine.apply(late)
    assert (raised.at - START, raised.late) == (3720 * SECOND, False)
    assert engine.clock == START + 1
    (stale,) = engine.resume(START + 2 * 3600 * SECOND)
    assert (stale.kind, stale.at - START) == (ChangeKind.STALE, 3960 * SECOND + 1)
    assert engine.clock == START + 2 * 3600 * SECOND


def test_rows_of_unknown_and_retired_devices_are_passed_over() -> None:
    devices = replace(REGISTRY.devices, active=np.zeros_like(REGISTRY.devices.active))
    engine = Engine(RULES, replace(REGISTRY, devices=devices))
    batch = rows(press(0), press(40))
    batch.device[1] = 10_000
    assert engine.apply(batch) == []


def test_a_press_of_a_home_device_names_everyone_and_a_flat_battery() -> None:
    home = DIRECTORY.homes[0].id
    button = Device(
        id="wall",
        kind="sos_button",
        profile="canonical",
        gateway="g0",
        home=home,
        location="wall",
        interval_s=60,
    )
    registry = Registry.build(
        DIRECTORY.model_copy(update={"devices": (*DIRECTORY.devices, button)})
    )
    batch = as_readings([press(0, "wall")], registry, registry)
    batch.battery[0] = 0
    (change,) = (c for c in Engine(RULES, registry).apply(batch) if c.rule == "sos")
    everyone = tuple(e.id for e in DIRECTORY.elders if e.home == home)
    assert (change.elder, change.elders) == (None, everyone)
    assert change.evidence["suspect_device"] is True
    assert "battery reads 0" in change.reason.en
    assert "电量为 0" in change.reason.zh


def test_what_leaves_the_registry_takes_its_open_alerts_along() -> None:
    engine = Engine(RULES, REGISTRY)
    (raised,) = engine.apply(rows(*(beat(30 * i, 140) for i in range(6))))
    engine.commit()
    others = {
        "elders": tuple(e for e in DIRECTORY.elders if e.id != "e0-0"),
        "devices": tuple(d for d in DIRECTORY.devices if d.elder != "e0-0"),
    }
    engine.set_registry(registry_within(DIRECTORY.model_copy(update=others), REGISTRY))
    (parted,) = engine.advance(START + 151 * SECOND)
    assert (parted.id, parted.kind, parted.at) == (
        raised.id,
        ChangeKind.CLEARED,
        START + 150 * SECOND + 1,
    )
    engine.rollback()
    assert engine.advance(START + 151 * SECOND) == [parted], "until it is committed"
    engine.commit()
    assert engine.advance(START + 152 * SECOND) == []
    engine.commit()
    engine.set_registry(REGISTRY)
    changes = engine.apply(rows(*(beat(200 + 30 * i, 140) for i in range(6))))
    rates = [(c.kind, c.at - START) for c in changes if c.rule == "heart-rate"]
    assert rates == [(ChangeKind.RAISED, 320 * SECOND)], "it is new"


def test_a_restart_floods_nobody_and_forgets_nobody() -> None:
    """Long after the snapshot: what was open still is, and what counted silence counts anew."""
    random = Random(4)
    everyone = make_directory(random)
    registry = registry_of(everyone)
    history = History(random, everyone)
    engine = Engine(RULES, registry)
    said = [history.row() for _ in range(300)]
    changes = engine.apply(as_readings(said, registry, registry))
    engine.commit()
    state = {c.id: c for c in changes}
    still_open = {i for i, c in state.items() if c.kind is not ChangeKind.CLEARED}
    other = Engine(RULES, registry)
    other.restore(engine.snapshot())
    assert other.notes == []
    after = other.resume(engine.clock + 3 * 3600 * SECOND)
    assert {c.kind for c in after} <= {ChangeKind.STALE, ChangeKind.SEVERITY, ChangeKind.CLEARED}
    assert {c.id for c in after} <= still_open
    assert [c for c in after if c.category == "device"] == []


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_every_rule_that_changes_starts_fresh_without_saying_anything(rule: Rule) -> None:
    random = Random(11)
    everyone = make_directory(random)
    registry = registry_of(everyone)
    history = History(random, everyone)
    engine = Engine(RULES, registry)
    engine.apply(as_readings([history.row() for _ in range(300)], registry, registry))
    engine.commit()
    new = rule.model_copy(update={"least": {**rule.least, "anything": 1.0}})
    other = Engine([new if r.id == rule.id else r for r in RULES], registry)
    other.restore(engine.snapshot())
    assert other.notes == [f"rule {rule.id} is not the one of the snapshot: it starts fresh"]
    changes = other.advance(engine.clock + 1)
    assert [c for c in changes if c.rule == rule.id] == []
