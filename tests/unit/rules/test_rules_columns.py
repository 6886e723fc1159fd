"""Columns of both forms, and timers, against the plainest thing that could do the same."""

from __future__ import annotations

from random import Random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.columns import Column, State
from rules.kinds.timers import AHEAD, Timers
from rules.limits import FOREVER
from rules.sparse import Sparse
from schemas.times import HOUR

SIZE = 40


@pytest.mark.parametrize("form", ["column", "sparse"])
@given(seed=st.integers(0, 2**32))
def test_a_column_is_an_array_that_can_be_rolled_back(form: str, seed: int) -> None:
    random, state = Random(seed), State()
    state.elder.grow(SIZE)
    column: Column | Sparse = getattr(state.elder, form)("a", np.int64, -1)
    plain = np.full(SIZE, -1)
    committed = plain.copy()
    for _ in range(30):
        rows = np.array(random.sample(range(SIZE), random.randint(0, 6)), np.intp)
        values = np.array([random.choice((-1, -1, 5, 6)) for _ in rows], np.int64)
        column.put(rows, values)
        plain[rows] = values
        if random.random() < 0.3:
            one = random.randrange(SIZE)
            column.put(one, 7)
            plain[one] = 7
        with state.journal.aside():
            told, kept = column.told()
            column.put(np.arange(SIZE), np.full(SIZE, 9))
        assert told.tolist() == np.flatnonzero(committed != -1).tolist()
        assert kept.tolist() == committed[told].tolist()
        if random.random() < 0.2:
            state.journal.rollback()
            plain = committed.copy()
        elif random.random() < 0.2:
            state.journal.commit()
            committed = plain.copy()
        everyone = np.arange(SIZE)
        assert column[everyone].tolist() == plain.tolist()
        assert column[everyone].dtype == np.int64
        assert [int(column[row]) for row in range(SIZE)] == plain.tolist()
        assert column.below(-1).tolist() == []


def test_a_sparse_column_keeps_only_what_is_not_usual() -> None:
    state = State()
    state.device.grow(100)
    column = state.device.sparse("a", np.float32, float("nan"))
    assert column.empty
    column.put(np.array([9, 3]), np.array([1.5, np.nan]))
    column.put(99, 0)
    state.journal.commit()
    rows, values = column.told()
    assert (rows.tolist(), values.tolist()) == ([9, 99], [1.5, 0])
    assert np.isnan(column[3])
    column.put(np.array([9, 99]), np.array([np.nan, np.nan]))
    column.put(7, 4)
    column.put(7, np.nan)
    column.put(8, np.nan)
    assert column.empty


def test_a_sparse_column_that_is_full_grows_with_its_table() -> None:
    state = State()
    state.device.grow(10)
    column = state.device.sparse("a", np.int64, 0)
    column.put(np.arange(10), np.arange(10))
    state.journal.commit()
    state.device.grow(1_000)
    column.put(999, 9)
    state.journal.rollback()
    assert column.told()[0].tolist() == list(range(1, 10))


def test_a_wide_column_has_several_values_a_row() -> None:
    state = State()
    column = state.elder.column("ring", np.float32, 0, width=3)
    state.elder.grow(4)
    column.put(np.array([1, 3]), np.array([[1, 2, 3], [0, 0, 0]]))
    assert column[np.array([3, 1])].tolist() == [[0, 0, 0], [1, 2, 3]]
    state.journal.commit()
    rows, values = column.told()
    assert (rows.tolist(), values.tolist()) == ([1], [[1, 2, 3]])


@pytest.mark.parametrize("few", [False, True])
@given(seed=st.integers(0, 2**32))
def test_timers_find_what_is_due_and_nothing_else(few: bool, seed: int) -> None:
    random, state = Random(seed), State()
    state.elder.grow(SIZE)
    timers = Timers(state.elder, "due", few=few)
    plain: dict[int, int] = {}
    committed: dict[int, int] = {}
    now = 0
    for _ in range(40):
        rows = np.array(random.sample(range(SIZE), random.randint(0, 8)), np.intp)
        due = np.array([now + random.choice((1, AHEAD, 3 * AHEAD, FOREVER)) for _ in rows])
        timers.set(rows, np.minimum(due, FOREVER))
        plain.update(zip(rows.tolist(), due.tolist(), strict=True))
        if random.random() < 0.2:
            state.journal.rollback()
            timers.forget()
            plain = dict(committed)
        elif random.random() < 0.3:
            state.journal.commit()
            committed = dict(plain)
        limit = now + random.choice((0, 1, AHEAD // 2, AHEAD))
        asked = np.array(random.sample(range(SIZE), 10), np.intp)
        expected = {row for row, at in plain.items() if at <= limit}
        assert set(timers.due_among(asked, np.full(10, limit)).tolist()) == expected & {*asked}
        found = timers.due_by(limit)
        assert found.tolist() == sorted(expected)
        if random.random() < 0.7:
            timers.set(found, np.full(len(found), FOREVER))
            plain.update(dict.fromkeys(expected, FOREVER))
            now = limit


def test_deadlines_that_may_come_early_do_not_come_at_once() -> None:
    state = State()
    state.device.grow(1_000)
    timers, every = Timers(state.device, "due"), np.arange(1_000)
    due = np.full(1_000, 10 * HOUR)
    due[7] = FOREVER
    timers.set_early(every, due, np.full(1_000, HOUR))
    early = (due - timers.due[every]).tolist()
    assert early.pop(7) == 0
    assert 0 <= min(early) < HOUR // 100
    assert HOUR // 2 - HOUR // 100 < max(early) <= HOUR // 2
    assert len(set(early)) == 999
