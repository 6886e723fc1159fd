"""Alerts as they stand after the changes so far, and the judge whose changes they are."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from schemas.alerts import Alert, Change, fold
from schemas.areas import station_of_homes
from schemas.directory import Directory
from schemas.judge import Judge
from schemas.times import to_micros
from store.strangers import StrangerKey


class AlertBook:
    """Alerts as they stand after the changes so far."""

    def __init__(self, directory: Directory) -> None:
        self._stations = station_of_homes(directory)
        self._alerts: dict[str, Alert] = {}

    def add(self, changes: Iterable[Change]) -> None:
        """`raised` is logical time: the event time of the first change."""
        for change in changes:
            station = self._stations.get(change.home) if change.home is not None else None
            before = self._alerts.get(change.id)
            self._alerts[change.id] = fold(before, change, raised=change.at, station=station)

    def in_order(self) -> list[Alert]:
        """By onset, then id."""
        return in_order(self._alerts.values())

    def stranger_seen(self, key: StrangerKey, *, onset: int, window: int) -> bool:
        """As the store answers it live: an alert of this unknown device within the window."""
        return any(
            (a.rule, a.test, a.gateway) == (key.rule, key.test, key.gateway or None)
            and a.evidence.get("unknown_device") == key.device
            and abs(to_micros(a.onset) - onset) < window
            for a in self._alerts.values()
            if "unknown_device" in a.evidence
        )


def in_order(alerts: Iterable[Alert]) -> list[Alert]:
    """By onset, then id."""
    return sorted(alerts, key=lambda a: (a.onset, a.id))


class Run(NamedTuple):
    """A judge, and the book that its alerts end in."""

    judge: Judge
    book: AlertBook
