"""A batch in which one device speaks very often is judged in pieces, with the same answer."""

import numpy as np

from ingest.batch import judge_all
from rules.engine import Engine
from rules.load import load_catalogue
from schemas.alerts import Change
from schemas.readings import Readings
from schemas.registry import Registry
from schemas.times import SECOND
from tests.support.columns import START
from tests.support.registry import town


def an_hour_of_one_bed() -> Readings:
    """1,200 readings of m1, a heart rate that is too high for minutes again and again, and a few
    of the home's button."""
    out = Readings.blank(1_200)
    out.ts[:] = START + np.arange(1_200) * 3 * SECOND
    out.received[:] = out.ts + SECOND
    out.key[:] = np.arange(1_200)
    out.device[:], out.elder[:], out.gateway[:] = 0, 0, 0
    out.in_bed[:] = 1
    out.heart_rate[:] = np.where(np.arange(1_200) // 100 % 2, 140, 70)
    out.respiratory_rate[:] = 15
    button = np.arange(50, 1_200, 300)
    out.device[button], out.sos[button] = 2, 1
    out.in_bed[button] = -1
    out.heart_rate[button] = out.respiratory_rate[button] = np.nan
    return out


def judged(rows: Readings) -> tuple[list[Change], int]:
    pauses: list[None] = []
    engine = Engine(load_catalogue(), Registry.build(town(homes=1)))
    changes = judge_all(
        engine, rows, resumed=None, advanced=None, between=lambda: pauses.append(None)
    )
    return changes, len(pauses)


def test_pieces_say_what_the_whole_says() -> None:
    rows = an_hour_of_one_bed()
    engine = Engine(load_catalogue(), Registry.build(town(homes=1)))
    whole = engine.apply(rows)
    changes, pauses = judged(rows)
    assert {c.rule for c in whole} >= {"sos", "heart-rate"}
    assert sorted(changes, key=repr) == sorted(whole, key=repr)
    assert pauses == 4


def test_an_ordinary_batch_is_judged_in_one_piece() -> None:
    rows = an_hour_of_one_bed()
    assert judged(rows.take(slice(0, 250)))[1] == 0
    assert judged(Readings.blank(0)) == ([], 0)


def test_all_pieces_are_taken_back_together() -> None:
    rows = an_hour_of_one_bed()
    engine = Engine(load_catalogue(), Registry.build(town(homes=1)))
    engine.apply(rows.take(slice(0, 400)))
    engine.commit()
    before = engine.snapshot()
    rest = rows.take(slice(400, None))
    first = judge_all(engine, rest, resumed=None, advanced=None)
    engine.rollback()
    assert engine.snapshot() == before
    assert judge_all(engine, rest, resumed=None, advanced=None) == first
