"""Many rows, few values: what an interval or a setting gives each of millions."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


class Coded:
    """Reads like the array it is made of; a byte or two a row, and nothing where all are equal."""

    __slots__ = ("_codes", "_table")

    def __init__(self, values: Array) -> None:
        self._codes: Array
        if values.strides == (0,) and len(values):
            self._table = values[:1].copy()
            self._codes = np.broadcast_to(np.uint8(0), values.shape)
            return
        self._table, codes = np.unique(values, return_inverse=True)
        self._codes = codes.astype(np.min_scalar_type(max(len(self._table) - 1, 0)))

    def __len__(self) -> int:
        return len(self._codes)

    def __getitem__(self, rows: Any) -> Any:
        """As of an array; `[:]` is all of it."""
        return self._table[self._codes[rows]]
