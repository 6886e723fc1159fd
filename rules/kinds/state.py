"""`state`: what a device says of itself is so, until it says that it is not.

No time passes: raised and cleared at the row that says so. Between the two conditions nothing
changes (hysteresis). Rows older than the newest that knew are passed over; retained rows and
history can clear, and never raise.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rules.blocks import StateBlock
from rules.calm import LOUD, Runs, Sayings
from rules.condition import FALSE, MAYBE, TRUE, Condition
from rules.facts import News
from rules.frame import Round
from rules.groups import indices
from rules.kinds.base import Setting
from rules.lifecycle import SEVERITIES, Ledger, Telling
from rules.limits import FOREVER
from rules.parameters import Parameters
from rules.sentence import Figures, number
from rules.world import World
from schemas.quantities import QUANTITIES, UNKNOWN, Number
from schemas.registry import KINDS
from schemas.times import NEVER

Array = NDArray[Any]

FIGURES = frozenset({"subject", "value"})


class State:
    """Column by device: `at`, the newest row that knew."""

    WORD = 1
    BEDS = False
    TAKES = False
    SETTLES = True

    def __init__(self, setting: Setting[StateBlock]) -> None:
        self._set = setting
        table, prefix = setting.state.device, setting.prefix
        self._at = table.sparse(f"{prefix}/at", np.int64, NEVER)
        self._ledger = Ledger(table, prefix, setting.teller)

    def follow(self, world: World, parameters: Parameters) -> None:
        block = self._set.block
        self._figures = parameters.thresholds()
        self._raises = Condition(block.condition, self._figures)
        self._clears = Condition(block.clear_condition, self._figures)
        by_kind = [block.severity_of.get(kind, block.severity).rank for kind in KINDS]
        self._rank, self._kind = np.array(by_kind, np.int8), world.registry.devices.kind

    def fire(self, rows: Round, news: News) -> None:
        """Nothing ever waits."""

    def sweep(self, watermark: int) -> None:
        """Nothing ever waits."""

    def forget(self) -> None:
        """Keeps no shortcut."""

    def apply(self, rows: Round, news: News) -> None:  # noqa: ARG002 (a Kind's)
        known = indices(self._says(rows) & ~rows.test)
        if not len(known):
            return
        values = self._values(rows, known)
        truth, over = self._raises(values), self._clears(values)
        device, ts = rows.device[known], rows.ts[known]
        use = indices((truth != MAYBE) & (ts >= self._at[device]))
        self._at.put(device[use], ts[use])
        rank, wanted = self._ledger.rank[device[use]], self._wanted(device[use])
        rises = rows.live[known[use]] & (truth[use] == TRUE) & (rank < wanted)
        ends = (over[use] == TRUE) & (rank > 0)
        for row in known[use[rises]].tolist():
            self._raise(rows, row)
        for row in known[use[ends]].tolist():
            telling = self._telling(rows, row, clears=True)
            self._ledger.clear(int(rows.device[row]), int(rows.ts[row]), telling)

    # Calm rows: those that know, and neither raise nor could clear.

    def word(self, rows: Sayings) -> Array:
        known = self._knows({name: rows.says(name) for name in self._raises.quantities}, len(rows))
        word = known.view(np.int8)
        if len(some := indices(known)):
            names = self._raises.quantities
            values = {name: rows.says(name)[some] for name in names}
            truth = self._raises(values | self._of(rows.elder[some]))
            word[some[truth != FALSE]] = LOUD
        return word

    def calm_until(self, rows: Sayings, word: Array) -> Array:
        device = rows.device
        steady = (self._ledger.rank[device] == 0) & (rows.ts >= self._at[device])
        return np.where((word == 0) | steady, FOREVER, NEVER)

    def begin(self, rows: Sayings, word: Array) -> None:
        """Nothing to prepare."""

    def take(self, rows: Sayings, word: Array, calm: Array) -> None:
        """All of it can be put off."""

    def settle(self, runs: Runs, word: Array) -> None:
        told = indices(word)
        self._at.put(runs.device[told], runs.ts[told])

    def _wanted(self, device: Any) -> Any:
        """The rank of the severity for devices of their kinds."""
        return self._rank[self._kind[device]]

    def _says(self, rows: Round) -> Array:
        """Rows that know any of the quantities: usually few."""
        return self._knows(rows.values, len(rows))

    def _knows(self, values: Mapping[str, Array], size: int) -> Array:
        said = np.zeros(size, bool)
        for name in self._raises.quantities:
            column = values[name]
            said |= ~np.isnan(column) if isinstance(QUANTITIES[name], Number) else column != UNKNOWN
        return said

    def _values(self, rows: Round, known: Array) -> dict[str, Array]:
        names = self._raises.quantities | self._clears.quantities
        values = {name: rows.values[name][known] for name in names}
        return values | self._of(rows.elder[known])

    def _of(self, elder: Array) -> dict[str, Array]:
        return {name: figures[elder] for name, figures in self._figures.items()}

    def _raise(self, rows: Round, row: int) -> None:
        device = int(rows.device[row])
        severity = SEVERITIES[int(self._wanted(device)) - 1]
        self._ledger.reach(device, int(rows.ts[row]), severity, self._telling(rows, row))

    def _telling(self, rows: Round, row: int, *, clears: bool = False) -> Telling:
        block = self._set.block
        figures: Figures = {"value": ""}
        evidence: dict[str, Any] = {}
        if block.quotes is not None:
            value = float(rows.values[block.quotes][row])
            figures["value"] = number(value)
            evidence[block.quotes] = value
        words = block.cleared if clears else block.raised
        return Telling(words, figures, evidence, bool(rows.late[row]))
