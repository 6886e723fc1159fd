"""Many rows, few values: what an interval or a setting gives each of millions."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


class Coded:
    """Reads like the array it is made of; a byte or two a row, and nothing where all are equal."""

    __slots__ = ("_alike", "_codes", "_table")

    def __init__(self, values: Array) -> None:
        alike = values.strides == (0,) and len(values) > 0
        self._table, codes = np.unique(values[:1] if alike else values, return_inverse=True)
        self._table.flags.writeable = False
        self._alike = len(self._table) == 1
        self._codes: Array = (
            np.broadcast_to(np.uint8(0), values.shape)
            if self._alike
            else codes.astype(np.min_scalar_type(max(len(self._table) - 1, 0)))
        )

    def __len__(self) -> int:
        return len(self._codes)

    def __getitem__(self, rows: Any) -> Any:
        """Of a row, a slice (`[:]` is all of it) or an array of row numbers (not to be written)."""
        if self._alike and isinstance(rows, np.ndarray):
            return np.ndarray(rows.shape, self._table.dtype, self._table, strides=(0,))
        return self._table[self._codes[rows]]
