"""What leaves the registry: its open alerts are cleared, and its state is forgotten."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rules.columns import State, Table
from rules.groups import indices
from rules.lifecycle import Ledger, Teller, Telling
from schemas.alerts import Sentence
from schemas.registry import Registry

Array = NDArray[Any]

GONE = Sentence(zh="已从登记中移除", en="No longer in the registry")


def part(state: State, tellers: Sequence[Teller], old: Registry, new: Registry, clock: int) -> bool:
    """Clear at `clock` what is open for subjects that `new` lacks and `old` had, while the
    tellers still know their names, and forget them; whether there were any."""
    found = False
    for table, was, stays in _places(state, old, new):
        gone = indices(was & ~_long(stays, len(was)))
        if not len(gone):
            continue
        found = True
        for ledger in _ledgers(tellers, table):
            for row in gone[ledger.rank[gone] > 0].tolist():
                ledger.clear(row, clock, Telling(GONE))
        _forget(table, gone)
    return found


def forget_strangers(state: State, registry: Registry) -> None:
    """Forget whatever the registry does not have, without a word: its names are not known."""
    for table, _, stays in _places(state, registry, registry):
        rows = indices(~_long(stays, table.size))
        if len(rows):
            _forget(table, rows)


def _places(state: State, old: Registry, new: Registry) -> Iterable[tuple[Table, Array, Array]]:
    yield state.elder, old.elders.active, new.elders.active
    yield state.device, old.devices.active, new.devices.active
    yield state.gateway, old.gateways.active, new.gateways.active


def _ledgers(tellers: Sequence[Teller], table: Table) -> Iterable[Ledger]:
    return (ledger for teller in tellers if teller.kind == table.name for ledger in teller.ledgers)


def _long(active: Array, size: int) -> Array:
    """As many rows as asked for; those that are not there are not active."""
    result = np.zeros(size, bool)
    result[: min(size, len(active))] = active[:size]
    return result


def _forget(table: Table, rows: Array) -> None:
    for column in table.columns.values():
        column.put(rows, column.dtype.type(column.default))
