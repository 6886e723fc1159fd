"""Members by group, for whole arrays: the elders of a home, the devices of a gateway."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Int = NDArray[np.int64]


_BITS = 24
"""Positions fit in so many bits: at most 16 million at once."""


def stable_order(keys: NDArray[np.integer]) -> Int:
    """What `argsort(kind="stable")` gives, several times faster: keys and positions are sorted
    as one number. ValueError for more positions than fit."""
    if len(keys) >> _BITS:
        raise ValueError(f"at most {1 << _BITS} at once")
    packed = (keys.astype(np.int64) << _BITS) | np.arange(len(keys))
    packed.sort()
    return packed & ((1 << _BITS) - 1)


def indices(mask: NDArray[Any]) -> NDArray[np.intp]:
    """Where a column is not 0: `np.flatnonzero` in a third of the time for a few rows."""
    return mask.nonzero()[0]


def firsts(ordered: NDArray[Any]) -> NDArray[np.bool_]:
    """Where each run of equal values begins."""
    marks = np.ones(len(ordered), bool)
    np.not_equal(ordered[1:], ordered[:-1], out=marks[1:])
    return marks


def lasts(ordered: NDArray[Any]) -> NDArray[np.bool_]:
    """Where each run of equal values ends."""
    marks = np.ones(len(ordered), bool)
    np.not_equal(ordered[1:], ordered[:-1], out=marks[:-1])
    return marks


def before(values: NDArray[Any]) -> NDArray[Any]:
    """The value before each; of the first, the last."""
    shifted = np.empty_like(values)
    shifted[1:], shifted[:1] = values[:-1], values[-1:]
    return shifted


class Groups:
    """`keys[i]` is the group of member i, -1 for none; only members in `mask` count."""

    def __init__(self, keys: NDArray[np.integer], mask: NDArray[np.bool_], size: int) -> None:
        rows = indices(mask & (keys >= 0))
        order = np.argsort(keys[rows], kind="stable")
        self._members = rows[order].astype(np.int32)
        self._first = np.searchsorted(keys[rows][order], np.arange(size + 1)).astype(np.int32)

    def members(self, group: int) -> NDArray[np.int32]:
        return self._members[self._first[group] : self._first[group + 1]]

    def expand(self, groups: NDArray[np.integer]) -> tuple[Int, Int]:
        """For each of `groups` its members: (index into `groups`, member), both int64."""
        if not len(groups):
            return np.zeros(0, np.int64), np.zeros(0, np.int64)
        counts = self._first[groups + 1] - self._first[groups]
        which = np.repeat(np.arange(len(groups)), counts)
        before = np.cumsum(counts) - counts
        inside = np.arange(len(which)) - before[which]
        return which, self._members[self._first[groups][which] + inside].astype(np.int64)
