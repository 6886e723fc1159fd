"""What a condition says of bed rows, by each elder's own figures."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from rules.calm import Sayings
from rules.condition import Condition, Truth
from rules.facts import Bedside
from rules.frame import Round
from rules.parameters import Parameters

Array = NDArray[Any]


class Verdict:
    def __init__(self, text: str, parameters: Parameters) -> None:
        figures = parameters.thresholds()
        self._condition = Condition(text, figures)
        self._figures = {name: _compact(figures[name]) for name in self._condition.figures}

    def __call__(self, rows: Round, beds: Bedside) -> Truth:
        """FALSE, MAYBE or TRUE for each of the rows."""
        values = {name: rows.values[name][beds.row] for name in self._condition.quantities}
        if "in_bed" in values:
            values["in_bed"] = beds.in_bed
        return self._judge(values, beds.elder)

    def of(self, rows: Sayings) -> Truth:
        """The same for rows that all say whether somebody is in bed."""
        values = {name: rows.says(name) for name in self._condition.quantities}
        return self._judge(values, rows.elder)

    def _judge(self, values: dict[str, Array], elder: Array) -> Truth:
        for name, figures in self._figures.items():
            values[name] = figures[elder] if figures.ndim else figures
        truth = self._condition(values)
        return truth if truth.ndim else np.broadcast_to(truth, elder.shape)


def _compact(figures: Array) -> Array:
    """One figure where it is the same for everybody."""
    return figures[0] if figures.strides == (0,) else figures
