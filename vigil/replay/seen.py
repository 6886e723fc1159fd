"""What a replay has judged already, in bounded memory: the store's unique key, (ts, device, key).

A reading that is newer than all of its device's is new; only of the others is it asked whether it
was there before. Keys are kept as 64-bit hashes (two of 50 million meet once in 15,000 replays);
beyond `MOST` the oldest are forgotten, so that a repetition hours later may count again.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from schemas.readings import Flag, Readings
from schemas.times import NEVER

Hashes = NDArray[np.uint64]

MOST = 50_000_000
"""400 MB."""


class Seen:
    """`most`: how many keys are remembered."""

    def __init__(self, *, most: int = MOST) -> None:
        self._most = most
        self._newest = np.zeros(0, np.int64)
        self._runs: list[Hashes] = []
        """Sorted each, oldest first; none is smaller than the next, so that there are few."""

    def new(self, rows: Readings) -> NDArray[np.bool_]:
        """Which rows are no repetition; signs of life always count: bool, one a row."""
        fresh = np.ones(len(rows), bool)
        stored = np.flatnonzero(~rows.has(Flag.SIGN_OF_LIFE))
        hashes = _hashes(rows.take(stored))
        order = np.argsort(hashes, kind="stable")
        again = np.zeros(len(order), bool)
        again[order[1:]] = hashes[order[1:]] == hashes[order[:-1]]
        asked = np.flatnonzero(rows.ts[stored] <= self._newest_of(rows.device[stored]))
        again[asked] |= self._known(hashes[asked])
        fresh[stored[again]] = False
        self._remember(np.sort(hashes[~again]))
        said = rows.device[stored] >= 0
        np.maximum.at(self._newest, rows.device[stored[said]], rows.ts[stored[said]])
        return fresh

    def _newest_of(self, device: NDArray[np.int32]) -> NDArray[np.int64]:
        size = int(device.max(initial=-1)) + 1
        if size > len(self._newest):
            more = np.full(size - len(self._newest), NEVER, np.int64)
            self._newest = np.concatenate([self._newest, more])
        known = np.append(self._newest, np.iinfo(np.int64).max)  # no device: always asked
        return known[device]

    def _known(self, hashes: Hashes) -> NDArray[np.bool_]:
        found = np.zeros(len(hashes), bool)
        for run in self._runs:
            place = np.minimum(np.searchsorted(run, hashes), len(run) - 1)
            found |= run[place] == hashes
        return found

    def _remember(self, hashes: Hashes) -> None:
        if not len(hashes):
            return
        while self._runs and len(self._runs[-1]) <= len(hashes) <= self._most // 8:
            hashes = np.sort(np.concatenate([self._runs.pop(), hashes]))
        self._runs.append(hashes)
        while sum(map(len, self._runs)) > self._most and len(self._runs) > 1:
            self._runs.pop(0)


def _hashes(rows: Readings) -> Hashes:
    """One well-mixed number of (ts, device, key)."""
    mixed = rows.ts.astype(np.uint64)
    for column in (rows.device, rows.key):
        mixed = _mix(mixed) ^ column.astype(np.int64).view(np.uint64)
    return _mix(mixed)


def _mix(values: Hashes) -> Hashes:
    """SplitMix64's finisher: every bit of the argument changes half of the result's."""
    values = (values ^ (values >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    values = (values ^ (values >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return values ^ (values >> np.uint64(31))
