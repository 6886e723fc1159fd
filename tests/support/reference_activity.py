"""no-activity for the plain engine."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.support.reference_engine import ReferenceEngine
    from tests.support.reference_world import Device, Row

RULE = "no-activity"


@dataclass
class Still:
    base: int | None = None
    until: int | None = None
    stopped: bool = False
    due: int | None = None


class Inactivity:
    def __init__(self, engine: ReferenceEngine) -> None:
        self.engine = engine
        self.still: dict[str, Still] = defaultdict(Still)

    def follow(self) -> None:
        """The figures have changed: set every deadline anew."""
        for elder in self.engine.elders:
            self._schedule(elder)

    def _after(self, elder: str, severity: str) -> int | None:
        home = self.engine.elders[elder].home
        sees = any(d.room_sensor and d.home == home for d in self.engine.devices.values())
        name = f"{severity}_s" if sees else f"no_room_{severity}_s"
        return self.engine.micros(RULE, name, elder)

    def judge(self, row: Row, device: Device, active: bool, late: bool) -> None:
        """A live row of a device of the home."""
        capable = device.own_bed or device.room_sensor
        if not (active or capable):
            return
        for elder, who in self.engine.elders.items():
            if who.home == device.home and self._after(elder, "orange") is not None:
                self._step(elder, row, device.limit if capable else None, active, late)

    def _step(self, elder: str, row: Row, hold: int | None, active: bool, late: bool) -> None:
        still, subject = self.still[elder], f"elder:{elder}"
        alert = self.engine._alert(RULE, subject)
        begins = False
        if hold is not None:
            begins = still.stopped or still.until is None or row.ts > still.until
            still.stopped = False
            still.until = row.ts + hold if still.until is None else max(still.until, row.ts + hold)
            self.engine._mark(RULE, subject, row.ts, False)
        if begins or active:
            still.base = row.ts if still.base is None else max(still.base, row.ts)
        if active and alert.severity and alert.since is not None and row.ts >= alert.since:
            self.engine._clear(RULE, subject, row.ts, late)
        self._schedule(elder)

    def _schedule(self, elder: str) -> None:
        still, alert = self.still[elder], self.engine._alert(RULE, f"elder:{elder}")
        dues = []
        nxt = {None: "orange", "orange": "red"}.get(alert.severity)
        if nxt and not still.stopped and still.base is not None and still.until is not None:
            after = self._after(elder, nxt)
            if after is not None:
                dues.append(still.base + after)
        if alert.severity and not alert.quiet and still.until is not None:
            dues.append(still.until + 1)
        still.due = min(dues, default=None)

    def fire(self, elder: str, limit: int) -> None:
        still, subject = self.still[elder], f"elder:{elder}"
        while still.due is not None and still.due <= limit:
            due = still.due
            assert still.until is not None
            if due > still.until:
                still.stopped = True
                self.engine._mark(RULE, subject, still.until + 1, True)
            elif self.engine.is_away(elder, due):
                still.stopped = True
            else:
                rising = self.engine._alert(RULE, subject).severity is not None
                self.engine._reach(RULE, subject, due, "red" if rising else "orange")
            self._schedule(elder)
