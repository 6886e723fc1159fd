"""`event`: each time a device says it, a new alert that never clears.

Never delayed: no watermark, no open state. What the same device says within the window of an
alerting one, before or after, belongs to that one. Two moments are remembered: the newest that
alerted, and the last that alerted out of order or from history. Tests and checks have windows
of their own, so that they never swallow the real thing.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from rules.blocks import EventBlock
from rules.facts import News
from rules.frame import Round
from rules.groups import indices
from rules.kinds.base import Setting
from rules.lifecycle import Telling
from rules.limits import STALE_HISTORY_AGE
from rules.parameters import Parameters
from rules.parts import Words
from rules.sentence import Figures, duration
from rules.world import World
from schemas.alerts import ChangeKind, Severity
from schemas.quantities import UNKNOWN
from schemas.times import NEVER, SECOND, format_rfc3339

Array = NDArray[Any]

FIGURES = frozenset({"subject", "late", "suspect"})


class _Heard(NamedTuple):
    """What the rows say, and of a fall: whether in order, the state before, and whether they
    lie within a known one."""

    said: Array
    in_order: Array
    before: Array
    in_run: Array


class Event:
    def __init__(self, setting: Setting[EventBlock]) -> None:
        self._set = setting
        block = setting.block
        self._value = block.code(block.value)
        self._old_values = np.array([self._value, *map(block.code, block.from_history)], np.int8)
        self._test_value = block.code(block.test_value) if block.test_value else None
        self._words = {block.code(word) for word in block.words()}
        sparse, prefix = setting.state.device.sparse, setting.prefix
        self._newest = sparse(f"{prefix}/newest", np.int64, NEVER)
        self._older = sparse(f"{prefix}/older", np.int64, NEVER)
        self._tested = sparse(f"{prefix}/tested", np.int64, NEVER)
        self._checked = sparse(f"{prefix}/checked", np.int64, NEVER)
        self._told = sparse(f"{prefix}/told", np.int8, UNKNOWN)

    def follow(self, world: World, parameters: Parameters) -> None:
        self._elder = world.registry.devices.elder
        self._windows = parameters.micros(self._set.block.window)

    def fire(self, rows: Round, news: News) -> None:
        """Nothing ever waits."""

    def sweep(self, watermark: int) -> None:
        """Nothing ever waits."""

    def forget(self) -> None:
        """Keeps no shortcut."""

    def apply(self, rows: Round, news: News) -> None:
        quantity = self._set.block.quantity
        said = news.sos if quantity == "sos" else rows.values[quantity]
        few = indices(self._matters(rows, said))
        if len(few):
            heard = _Heard(said[few], news.fall[few], news.fall_before[few], news.in_run[few])
            self._judge(rows.at(few), heard)

    def _matters(self, rows: Round, said: Array) -> Array:
        """Most rows say nothing, or that nothing happened."""
        worth = (said != UNKNOWN) & rows.history
        for word in self._words:
            worth |= said == word
        return np.asarray(worth)

    def _judge(self, rows: Round, heard: _Heard) -> None:
        says = heard.said == self._value
        self._tests(rows, heard.said)
        self._reports(rows, self._fresh(rows, says, heard), self._old(rows, says, heard))
        self._retained(rows, says)

    def _fresh(self, rows: Round, says: Array, heard: _Heard) -> Array:
        if self._set.block.counts == "message":
            return np.asarray(says & rows.live)
        edge = heard.in_order & ((heard.before != self._value) | rows.fall_event)
        return np.asarray(says & rows.live & edge)

    def _old(self, rows: Round, says: Array, heard: _Heard) -> Array:
        """Rows from history; and edges that come out of order."""
        said = heard.said
        history = rows.history & ~rows.retained & ~rows.test
        old = history & np.isin(said, self._old_values)
        if self._set.block.counts == "message":
            return np.asarray(old)
        changed = (said != self._told[rows.device]) | rows.fall_event
        told = indices(history)
        self._told.put(
            rows.device[told], np.where(rows.fall_event[told], np.int8(UNKNOWN), said[told])
        )
        out_of_order = says & rows.live & ~heard.in_order & ~heard.in_run
        return np.asarray((old & changed) | out_of_order)

    def _reports(self, rows: Round, fresh: Array, old: Array) -> None:
        due = indices(fresh | old)
        if not len(due):
            return
        device, ts = rows.device[due], rows.ts[due]
        due = due[~(self._near(self._newest, device, ts) | self._near(self._older, device, ts))]
        for row in due.tolist():
            self._remember(rows, row, bool(old[row]))
            self._alert(rows, row, late=bool(rows.late[row] | rows.history[row]))

    def _remember(self, rows: Round, row: int, old: bool) -> None:
        device, ts = int(rows.device[row]), int(rows.ts[row])
        newer = not old and ts > int(self._newest[device])
        (self._newest if newer else self._older).put(device, ts)

    def _retained(self, rows: Round, says: Array) -> None:
        """State, not an edge: only a device time that was not seen before makes it a report."""
        if self._set.block.counts != "message":
            return
        kept = indices(says & rows.retained & ~rows.test)
        for row in kept.tolist():
            device, ts = int(rows.device[row]), int(rows.ts[row])
            window = int(self._windows[self._elder[device]])
            if rows.no_time[row]:
                if abs(ts - int(self._checked[device])) >= window:
                    self._checked.put(device, ts)
                    self._tell(rows, row, self._set.block.check, Severity.BLUE, late=True)
            elif (
                ts - int(self._newest[device]) >= window
                and abs(ts - int(self._older[device])) >= window
            ):
                self._newest.put(device, ts)
                self._alert(rows, row, late=True)

    def _tests(self, rows: Round, said: Array) -> None:
        marked = rows.test & np.isin(said, self._old_values)
        if self._test_value is not None:
            marked = marked | (said == self._test_value)
        tests = indices(marked & ~rows.retained & ~rows.history)
        if not len(tests):
            return
        device, ts = rows.device[tests], rows.ts[tests]
        for row in tests[~self._near(self._tested, device, ts)].tolist():
            self._tested.put(int(rows.device[row]), int(rows.ts[row]))
            late = bool(rows.late[row])
            self._tell(rows, row, self._set.block.test, Severity.BLUE, late=late, test=True)

    def _near(self, moment: Any, device: Array, ts: Array) -> Array:
        return np.asarray(np.abs(ts - moment[device]) < self._windows[self._elder[device]])

    def _alert(self, rows: Round, row: int, *, late: bool) -> None:
        old = int(rows.behind[row]) > STALE_HISTORY_AGE
        severity = Severity.BLUE if old else self._set.block.severity
        self._tell(rows, row, self._set.block.raised, severity, late=late)

    def _tell(
        self,
        rows: Round,
        row: int,
        words: Words,
        severity: Severity,
        *,
        late: bool,
        test: bool = False,
    ) -> None:
        device, ts, behind = (int(c[row]) for c in (rows.device, rows.ts, rows.behind))
        figures: Figures = {"late": "", "suspect": ""}
        evidence: dict[str, Any] = {"device_time": format_rfc3339(ts)}
        if late:
            zh, en = duration(max(behind, 0))
            figures["late"] = (f"（设备时间为 {zh}前）", f" (device time {en} ago)")
            evidence["behind_s"] = behind // SECOND
        if rows.values["battery"][row] == 0:
            figures["suspect"] = ("，电量为 0，请核实设备", "; battery reads 0, check the device")
            evidence["suspect_device"] = True
        onset = self._set.teller.onset(device, ts)
        telling = Telling(words, figures, evidence, late)
        self._set.teller.tell(
            ChangeKind.RAISED,
            device,
            telling,
            at=onset,
            onset=onset,
            severity=severity,
            test=test,
        )
