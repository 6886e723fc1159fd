"""Presses and falls, as the plain engine judges them: no watermark, windows of 30 s, levels."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from tests.support.reference_figures import DAY, S
from tests.support.reference_world import Device, Row

if TYPE_CHECKING:
    from tests.support.reference_engine import ReferenceEngine


@dataclass
class Presses:
    newest: int | None = None
    older: int | None = None
    tested: int | None = None
    checked: int | None = None
    told: str | None = None


@dataclass
class Held:
    """The newest run of an sos that is a level."""

    start: int | None = None
    last: int = 0
    until: int = 0
    held: bool = False

    def holds(self, ts: int) -> bool:
        return self.start is not None and self.start <= ts < self.until

    def press(self, ts: int, repeat: int) -> None:
        if self.start is not None and ts < self.start:
            return
        if not self.holds(ts):
            self.start = self.last = ts
            self.until, self.held = ts + repeat + 1, True
        elif self.held:
            self.last = max(self.last, ts)
            self.until = self.last + repeat + 1

    def release(self, ts: int) -> None:
        if self.held and ts >= self.last:
            self.until, self.held = min(self.until, ts), False


@dataclass
class FallState:
    value: str = "none"
    at: int | None = None
    run_from: int | None = None
    run_to: int | None = None
    suspected: int | None = None
    due: int | None = None


class Emergencies:
    def __init__(self, engine: ReferenceEngine) -> None:
        self.engine = engine
        self.presses: dict[tuple[str, str], Presses] = defaultdict(Presses)
        self.held: dict[tuple[str, str], Held] = defaultdict(Held)
        self.falls: dict[str, FallState] = defaultdict(FallState)

    def _near(self, ts: int, moment: int | None) -> bool:
        return moment is not None and abs(ts - moment) < 30 * S

    def _report(self, rule: str, row: Row, *, old: bool, late: bool, behind: int) -> None:
        assert row.device is not None
        memory = self.presses[(rule, row.device)]
        if self._near(row.ts, memory.newest) or self._near(row.ts, memory.older):
            return
        if not old and (memory.newest is None or row.ts > memory.newest):
            memory.newest = row.ts
        else:
            memory.older = row.ts
        severity = "blue" if behind > DAY else "red"
        self.engine._event(rule, f"device:{row.device}", row.ts, severity, late)

    def _test(self, rule: str, row: Row, late: bool) -> None:
        assert row.device is not None
        memory = self.presses[(rule, row.device)]
        if not self._near(row.ts, memory.tested):
            memory.tested = row.ts
            self.engine._event(rule, f"device:{row.device}", row.ts, "blue", late, test=True)

    def first_of_level(self, row: Row, device: Device, history: bool) -> Row:
        """The row, without an sos that merely repeats."""
        if not row.sos_level or row.sos is None:
            return row
        live, old, tests = (self.held[(lane, device.id)] for lane in ("live", "old", "test"))
        if row.sos == "cancelled":
            if history and not row.retained and not row.test:
                old.release(row.ts)
            elif not row.test:
                live.release(row.ts)
            if not history and not row.retained:
                tests.release(row.ts)
            return row
        if row.test or row.sos == "test":
            repeats = tests.holds(row.ts)
            if not history and not row.retained:
                tests.press(row.ts, device.repeat)
        elif row.retained:
            repeats = live.holds(row.ts)
        elif history:
            repeats = live.holds(row.ts) or old.holds(row.ts)
            old.press(row.ts, device.repeat)
        else:
            repeats = live.holds(row.ts)
            live.press(row.ts, device.repeat)
        return replace(row, sos=None) if repeats else row

    def judge_sos(self, row: Row, device: Device, history: bool, late: bool, behind: int) -> None:
        if row.sos not in ("pressed", "test"):
            return
        memory = self.presses[("sos", device.id)]
        if row.retained:
            if row.sos != "pressed" or row.test:
                return
            if row.no_time:
                if not self._near(row.ts, memory.checked):
                    memory.checked = row.ts
                    self.engine._event("sos", f"device:{device.id}", row.ts, "blue", True)
                return
            unseen = memory.newest is None or row.ts - memory.newest >= 30 * S
            if unseen and not self._near(row.ts, memory.older):
                memory.newest = row.ts
                severity = "blue" if behind > DAY else "red"
                self.engine._event("sos", f"device:{device.id}", row.ts, severity, True)
        elif row.test or row.sos == "test":
            if not history:
                self._test("sos", row, late)
        else:
            self._report("sos", row, old=history, late=late or history, behind=behind)

    def judge_fall(self, row: Row, device: Device, history: bool, late: bool, behind: int) -> None:
        if row.fall is None:
            return
        memory, state = self.presses[("fall", device.id)], self.falls[device.id]
        if row.test:
            if not (row.retained or history) and row.fall in ("confirmed", "suspected"):
                self._test("fall", row, late)
            return
        if history and not row.retained:
            event = row.fall_event and row.fall == "confirmed"
            edge = event or memory.told != row.fall
            memory.told = None if event else row.fall
            if edge and row.fall in ("confirmed", "suspected"):
                self._report("fall", row, old=True, late=True, behind=behind)
            return
        if row.retained and row.fall not in ("none", "cleared"):
            return
        if state.at is None or row.ts >= state.at:
            self._fall_in_order(row, device, late, behind)
        elif row.fall == "confirmed":
            in_run = (
                not row.fall_event
                and state.run_from is not None
                and row.ts >= state.run_from
                and (state.run_to is None or row.ts < state.run_to)
            )
            if not in_run:
                self._report("fall", row, old=True, late=late, behind=behind)

    def _fall_in_order(self, row: Row, device: Device, late: bool, behind: int) -> None:
        assert row.fall is not None
        state = self.falls[device.id]
        self.fire(device.id, row.ts)
        event = row.fall_event and row.fall == "confirmed"
        # An event is over as soon as it is said.
        before, state.value, state.at = state.value, "none" if event else row.fall, row.ts
        if row.fall == "confirmed" and (event or before != "confirmed"):
            self._report("fall", row, old=False, late=late, behind=behind)
        if state.value == "confirmed" and before != "confirmed":
            state.run_from, state.run_to = row.ts, None
        if before == "confirmed" and state.value != "confirmed":
            state.run_to = row.ts
        subject = f"device:{device.id}"
        if row.fall == "suspected" and before != "suspected":
            state.suspected, state.due = row.ts, row.ts + 60 * S
            self.engine._reach("fall/suspected", subject, row.ts, "orange", late)
        if row.fall != "suspected" and state.suspected is not None:
            state.suspected = state.due = None
            self.engine._clear("fall/suspected", subject, row.ts, late)

    def fire(self, id_: str, limit: int) -> None:
        state = self.falls[id_]
        if state.due is not None and state.due <= limit:
            due, state.due = state.due, None
            self.engine._reach("fall/suspected", f"device:{id_}", due, "red")
