"""What must have been seen in a stay in bed before its end means anything.

A mattress that never shows a rate for an elder proves nothing by showing none. The time with
proof adds up from known reading to known reading, and begins at 0 when the elder leaves the bed.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from rules.blocks import Proof
from rules.calm import Sayings
from rules.columns import Table
from rules.condition import TRUE
from rules.facts import Bedside
from rules.frame import Round
from rules.groups import indices
from rules.kinds.verdict import Verdict
from rules.parameters import Parameters

Array = NDArray[Any]


class Proven:
    """Columns by elder: `proven` (µs in this stay) and `proves` (1 if the last reading does)."""

    def __init__(self, table: Table, prefix: str, proof: Proof) -> None:
        self._proof = proof
        self._time = table.column(f"{prefix}/proven", np.int64, 0)
        self._proves = table.column(f"{prefix}/proves", np.int8, 0)

    def follow(self, parameters: Parameters) -> None:
        self._verdict = Verdict(self._proof.condition, parameters)
        self._needed = parameters.micros(self._proof.lasted)

    def adopt(self, rows: Round, known: Bedside, *, span: Array) -> None:
        """Known readings in order; `span`: the time since the one before, while it held (µs)."""
        elder, stays = known.elder, known.in_bed != 0
        time, proves = self._time[elder], self._proves[elder]
        adds = indices((proves == 1) & stays & (span > 0))
        self._time.put(elder[adds], time[adds] + span[adds])
        self._time.put(elder[gone := indices(~stays & (time > 0))], np.zeros(len(gone), np.int64))
        now = (stays & (self._verdict(rows, known) == TRUE)).view(np.int8)
        turns = indices(now != proves)
        self._proves.put(elder[turns], now[turns])

    def enough(self, elder: Array) -> NDArray[np.bool_]:
        return np.asarray(self._time[elder] >= self._needed[elder])

    # Calm rows (see `rules.calm`)

    def word(self, rows: Sayings) -> Array:
        """1 where a row proves it."""
        stays = rows.says("in_bed") != 0
        return np.asarray(stays & (self._verdict.of(rows) == TRUE)).view(np.int8)

    def steady(self, elder: Array, word: Array) -> NDArray[np.bool_]:
        """Whether rows that say so go on with what the last known row said."""
        steady = (self._proves[elder] == word) & ((word == 1) | (self._time[elder] == 0))
        return np.asarray(steady)

    def settle(self, elder: Array, word: Array, span: Array) -> None:
        """Known rows that went on for `span` µs."""
        adds = indices((word == 1) & (span > 0))
        self._time.put(elder[adds], self._time[elder[adds]] + span[adds])
