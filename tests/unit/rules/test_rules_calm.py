"""Calm rows are a short cut: with and without it every column of the state is the same."""

from __future__ import annotations

from random import Random
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rules import engine as engines
from rules import runners
from rules.engine import Engine
from rules.frame import Round
from rules.load import load_catalogue
from schemas.quantities import Fall
from schemas.readings import Readings
from schemas.times import HOUR, MINUTE, NEVER, SECOND
from tests.support import random_fleet, random_history

RULES = load_catalogue()
EVENING = 1_768_050_000_000_000
"""21:00 in Shanghai in January 2026."""


def columns(engine: Engine) -> dict[tuple[str, str], list[Any]]:
    """Everything that is remembered, runs aside."""
    state = engine._state
    with state.journal.aside():
        engine._runs.close_all()
        return {
            (table.name, column.name): [np.asarray(part).tolist() for part in column.told()]
            for table, column in state.walk()
            if not column.name.startswith("calm/") and not column.name.endswith("/adds")
        }


@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck), database=None)
@given(seed=st.integers(0, 2**32), few=st.booleans())
def test_the_state_is_the_same_without_calm_rows(seed: int, few: bool) -> None:
    random = Random(seed)
    directory = random_fleet.make_directory(random)
    registry = random_fleet.registry_of(directory)
    history = random_history.History(random, directory)
    rows = [history.row() for _ in range(240)]
    short, long = Engine(RULES, registry), Engine(RULES, registry)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(engines, "MANY", 0 if few else 4_000)
        long._runs._width = runners.WIDTH + 1  # as with more rules than fit: no row is calm
        while rows:
            size = random.choice((1, 2, 3, 5, 20))
            batch, rows = rows[:size], rows[size:]
            readings = random_history.as_readings(batch, registry, registry)
            for engine in (short, long):
                engine.apply(readings)
                engine.commit()
            if random.random() < 0.1:
                moment = short.clock + random.randint(0, 10) * MINUTE
                assert short.advance(moment) == long.advance(moment)
                short.commit()
                long.commit()
            if random.random() < 0.3:
                assert columns(short) == columns(long)
    assert columns(short) == columns(long)


def night(registry: Any, *, hours: int) -> Readings:
    """Every mattress each 30 s in bed, every radar each 60 s, with nobody in the room."""
    devices = registry.devices
    said = [
        (step * 30 * SECOND + row, row)
        for step in range(hours * 120)
        for row in range(len(devices.ids))
        if step % (int(devices.interval_us[row]) // (30 * SECOND)) == 0
    ]
    rows = Readings.blank(len(said))
    rows.ts[:] = [EVENING + at for at, _ in said]
    rows.received[:] = rows.ts + SECOND // 2
    rows.device[:] = [row for _, row in said]
    rows.elder[:] = devices.elder[rows.device]
    rows.gateway[:] = devices.gateway[rows.device]
    rows.key[:] = np.arange(len(said))
    mattress = devices.interval_us[rows.device] == 30 * SECOND
    rows.in_bed[mattress], rows.heart_rate[mattress] = 1, 62
    rows.respiratory_rate[mattress], rows.movement[mattress] = 14, 0
    rows.presence[~mattress], rows.fall[~mattress] = 0, Fall.NONE
    return rows


def test_a_quiet_night_needs_hardly_any_rounds(monkeypatch: pytest.MonkeyPatch) -> None:
    registry = random_fleet.registry_of(random_fleet.quiet_directory(homes=3))
    rows, engine = night(registry, hours=4), Engine(RULES, registry)
    judge, judged = engine._judge, list[int]()

    def counted(part: Round) -> None:
        judged.append(len(part))
        judge(part)

    monkeypatch.setattr(engine, "_judge", counted)
    for start in range(0, len(rows), 9):
        engine.apply(rows.take(slice(start, start + 9)))
        engine.commit()
    assert sum(judged) < 0.05 * len(rows)
    engine._runs.close_all()
    assert engine._state.elder.columns["night-absence/out/slept"][0] == 4 * HOUR - 30 * SECOND


def test_an_edge_in_the_room_ends_no_run_but_its_own() -> None:
    registry = random_fleet.registry_of(random_fleet.quiet_directory(homes=2))
    rows, engine = night(registry, hours=1), Engine(RULES, registry)
    for start in range(0, len(rows), 50):
        engine.apply(rows.take(slice(start, start + 50)))
        engine.commit()
    until = engine._runs._until.data
    running = np.flatnonzero(until != NEVER)
    radar = int(np.flatnonzero(rows.presence[-len(until) :] == 0)[-1])
    edge = rows.take(slice(len(rows) - len(until), None)).take(np.array([radar]))
    edge.presence[:], edge.ts[:] = 1, rows.ts[-1] + SECOND
    edge.received[:] = edge.ts + SECOND // 2
    device = int(edge.device[0])
    assert device in running
    engine.apply(edge)
    engine.commit()
    assert np.flatnonzero(until != NEVER).tolist() == [row for row in running if row != device]
