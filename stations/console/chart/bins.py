"""An elder's last hours in five-minute bins, from the summaries of one or several devices.

Which device speaks for what: the elder's own bed for vitals, movement and the bed; a shared bed
only says whether it is taken, and only where there is no own one; a guest's bed says nothing of
the elder. Rooms say presence. A radar's vitals count where the bed tells none.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from schemas.directory import DeviceKind, Location
from schemas.times import MINUTE, SECOND
from stations.console.chart.scale import Floats
from store.devices_now import DeviceNow
from store.series import Series, Vital

BIN = 5 * MINUTE
_HEARD = 3
"""A device is heard for so many of its longest gaps after it spoke (DOMAIN's staleness)."""
_Bools = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Bins:
    """`times`: where each bin begins. `in_bed` is by the minute, five to a bin: 1 in bed, 0 not, as
    last said until that is stale. `presence`: share that said so, 0–1. `heard`: whether a device
    that tells of the elder spoke or was not yet late."""

    times: NDArray[np.int64]
    heart_rate: Vital
    respiratory_rate: Vital
    movement: Floats
    in_bed: Floats
    presence: Floats
    heard: _Bools
    sos: NDArray[np.int64]
    falls: NDArray[np.int64]
    latest: dict[str, tuple[int, float]]
    """Of each rate that is known at all: the minute that told it last, and its mean."""

    @property
    def until(self) -> int:
        return int(self.times[-1]) + BIN

    @property
    def minutes(self) -> NDArray[np.int64]:
        """Where each minute begins."""
        return np.arange(int(self.times[0]), self.until, MINUTE)


def bins(
    devices: Sequence[DeviceNow], said: Mapping[int, Series], *, since: int, until: int
) -> Bins:
    """[since, until) in bins; `said` by device row. Both ends are moved to whole bins."""
    times = np.arange(since // BIN, -(-until // BIN)) * BIN
    every = [_Binned(d, said[d.row], times) for d in devices if d.row in said]
    beds = _beds(every)
    own = [b for b in beds if b.device.location == Location.BED]
    sensors = [b for b in every if b.device.kind == DeviceKind.FALL_SENSOR]
    blank = np.full(len(times), np.nan)
    return Bins(
        times=times,
        heart_rate=_vital("heart_rate", own + sensors, len(times)),
        respiratory_rate=_vital("respiratory_rate", own + sensors, len(times)),
        movement=_first([b.mean(b.series.movement.mean) for b in own], blank),
        in_bed=_first([b.bed() for b in beds], np.full(len(times) * (BIN // MINUTE), np.nan)),
        presence=_most([b.mean(b.series.presence) for b in every], blank),
        heard=np.any([b.heard() for b in beds or every] or [np.zeros(len(times), bool)], axis=0),
        latest=_latest(own + sensors, times),
        sos=sum((b.count(b.series.sos_pressed) for b in every), np.zeros(len(times), np.int64)),
        falls=sum(
            (b.count(b.series.fall_confirmed) for b in every), np.zeros(len(times), np.int64)
        ),
    )


class _Binned:
    """One device's minutes, sorted into the bins."""

    def __init__(self, device: DeviceNow, series: Series, times: NDArray[np.int64]) -> None:
        self.device = device
        self.series = series
        self._size = len(times)
        self._times = times
        self._place = (series.times - times[0]) // BIN
        self._within = (self._place >= 0) & (self._place < self._size)
        self._reach = max(BIN, _HEARD * device.interval_s * SECOND)

    def mean(self, values: Floats) -> Floats:
        use = self._within & ~np.isnan(values)
        total = np.bincount(self._place[use], values[use], self._size)
        count = np.bincount(self._place[use], minlength=self._size)
        found = np.full(self._size, np.nan)
        np.divide(total, count, out=found, where=count > 0)
        return found

    def least(self, values: Floats) -> Floats:
        return self._end(values, np.minimum)

    def most(self, values: Floats) -> Floats:
        return self._end(values, np.maximum)

    def count(self, values: NDArray[np.int64]) -> NDArray[np.int64]:
        within = self._within
        found = np.bincount(self._place[within], values[within], self._size)
        return found.astype(np.int64)

    def heard(self) -> _Bools:
        """Bins that begin no later than three of the device's gaps after a minute that spoke."""
        last = np.searchsorted(self.series.times, self._times + BIN) - 1
        spoke = self.series.times[np.maximum(last, 0)] if len(self.series.times) else self._times
        return np.asarray((last >= 0) & (self._times - spoke <= self._reach))

    def bed(self) -> Floats:
        """By the minute: 1 in bed, 0 not, held until it is stale."""
        size = self._size * (BIN // MINUTE)
        known = self._within & ~np.isnan(self.series.in_bed)
        place = (self.series.times[known] - self._times[0]) // MINUTE
        said = np.full(size, np.nan)
        said[place] = self.series.in_bed[known] >= 0.5
        last = np.maximum.accumulate(np.where(np.isnan(said), -1, np.arange(size)))
        fresh = (last >= 0) & ((np.arange(size) - last) * MINUTE <= self._reach)
        return np.where(fresh, said[np.maximum(last, 0)], np.nan)

    def _end(self, values: Floats, ufunc: np.ufunc) -> Floats:
        use = self._within & ~np.isnan(values)
        start = np.inf if ufunc is np.minimum else -np.inf
        found = np.full(self._size, start)
        ufunc.at(found, self._place[use], values[use])
        return np.where(np.isinf(found), np.nan, found)


def _beds(every: Sequence[_Binned]) -> list[_Binned]:
    """The elder's own beds; without one the shared ones."""
    mats = [b for b in every if b.device.kind == DeviceKind.MATTRESS]
    own = [b for b in mats if b.device.location == Location.BED]
    return own or [b for b in mats if b.device.location == Location.SHARED_BED]


def _vital(name: str, sources: Sequence[_Binned], size: int) -> Vital:
    columns: list[tuple[Floats, Floats, Floats]] = []
    for b in sources:
        vital: Vital = getattr(b.series, name)
        columns.append((b.mean(vital.mean), b.least(vital.low), b.most(vital.high)))
    blank = np.full(size, np.nan)
    mean, low, high = (
        _first([column[n] for column in columns], blank).astype(np.float32) for n in range(3)
    )
    return Vital(mean, low, high)


def _latest(sources: Sequence[_Binned], times: NDArray[np.int64]) -> dict[str, tuple[int, float]]:
    found: dict[str, tuple[int, float]] = {}
    for name in ("heart_rate", "respiratory_rate"):
        for b in sources:
            mean = getattr(b.series, name).mean
            known = np.flatnonzero(~np.isnan(mean) & (b.series.times >= times[0]))
            if len(known):
                said = int(b.series.times[known[-1]]), float(mean[known[-1]])
                found[name] = max(found.get(name, said), said)
    return found


def _first(columns: Sequence[Floats], blank: Floats) -> Floats:
    """Of each bin the first column that knows it."""
    found = blank
    for column in columns:
        found = np.where(np.isnan(found), column, found)
    return found


def _most(columns: Sequence[Floats], blank: Floats) -> Floats:
    found = blank
    for column in columns:
        found = np.fmax(found, column)
    return found
