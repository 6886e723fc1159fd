"""What must have been seen in a stay in bed before its end means anything.

A mattress that never shows a rate for an elder proves nothing by showing none. The time with
proof adds up from known reading to known reading, and begins at 0 when the elder leaves the bed.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from rules.columns import Table
from rules.condition import TRUE
from rules.facts import News
from rules.frame import Round
from rules.kinds.verdict import Verdict
from rules.parameters import Parameters
from rules.rule import Proof

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

    def adopt(self, rows: Round, news: News, known: Array, *, span: Array) -> None:
        """Known readings in order; `span`: the time since the one before, while it held (µs)."""
        elder, stays = rows.elder[known], news.in_bed[known] != 0
        added = np.where(self._proves[elder] == 1, np.maximum(span, 0), 0)
        self._time.put(elder, np.where(stays, self._time[elder] + added, 0))
        proves = stays & (self._verdict(rows, news, known) == TRUE)
        self._proves.put(elder, proves.view(np.int8))

    def enough(self, elder: Array) -> NDArray[np.bool_]:
        return np.asarray(self._time[elder] >= self._needed[elder])
