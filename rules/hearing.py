"""Who spoke when, by received time: the base of every judgement of silence.

A device speaks by any message that is not retained, rejected ones too; a gateway speaks through
its devices and for itself. A gateway comes back when it speaks after a gap of at least its
`patience`, or after it was said to be offline; then its devices get their full limit anew.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rules.columns import State
from rules.groups import firsts, lasts, stable_order
from rules.world import World
from schemas.quantities import UNKNOWN
from schemas.readings import Flag, Readings
from schemas.times import NEVER

Array = NDArray[Any]
Int64 = NDArray[np.int64]


@dataclass(slots=True)
class Talk:
    """What a batch's rows say of silence, by position in the batch.

    `device_rows`: positions at which a known device spoke, `devices`: which one. `speaks`: sorted
    gateway × (n + 1) + position of every row in which a gateway spoke. `back_gateway`,
    `back_rows`: who came back at which position. `heard`: when each gateway last spoke, now;
    `met` (sorted) and `met_heard`: the gateways of the batch, and the same before it.
    """

    clock: Int64
    received: Int64
    device_rows: Int64
    devices: Int64
    speaks: Int64
    back_gateway: Int64
    back_rows: Int64
    heard: Int64
    met: Int64
    met_heard: Int64

    @classmethod
    def nothing(cls, now: int, heard: Int64) -> Talk:
        """A batch without rows, after which the clock shows `now`."""
        none = np.zeros(0, np.int64)
        clock = np.array([now], np.int64)
        return cls(clock, none, none, none, none, none, none, heard, none, none)

    def spoke(self, gateway: Array, after: Int64, before_row: Int64) -> NDArray[np.bool_]:
        """Whether each gateway spoke later than `after` (received), in rows before `before_row`."""
        span = len(self.received) + 1
        low = np.searchsorted(self.received, after, side="right")
        first = np.searchsorted(self.speaks, gateway * span + low)
        last = np.searchsorted(self.speaks, gateway * span + before_row)
        return np.asarray((last > first) | (self._before(gateway) > after))

    def _before(self, gateway: Array) -> Int64:
        """When each gateway had last spoken before the batch."""
        heard = self.heard[gateway]
        if len(self.met):
            at = np.minimum(np.searchsorted(self.met, gateway), len(self.met) - 1)
            heard = np.where(self.met[at] == gateway, self.met_heard[at], heard)
        return np.asarray(heard)


class Hearing:
    """Columns: when each device was `heard` and each gateway, `joined` (a device that was added
    while running), `back`, `offline`; and the `floor` before which no silence is counted."""

    def __init__(self, state: State) -> None:
        device, gateway = state.device, state.gateway
        self.heard = device.column("heard", np.int64, NEVER)
        self.joined = device.column("joined", np.int64, NEVER)
        self.known = device.column("known", np.int8, 0)
        self.gateway_heard = gateway.column("heard", np.int64, NEVER)
        self.back = gateway.column("back", np.int64, NEVER)
        self.offline = gateway.column("offline", np.int8, 0)
        self.floor = state.engine.column("floor", np.int64, NEVER)

    def follow(self, world: World, clock: int) -> None:
        """Devices that are new since the last registry count from now."""
        active = world.registry.devices.active
        new = np.flatnonzero(active & (self.known.data[: len(active)] == 0))
        self.known.put(new, np.int8(1))
        self.joined.put(new, np.int64(clock))

    def bases(self, world: World) -> Int64:
        """From when the silence of each device of the registry counts."""
        gateway = world.registry.devices.gateway
        n = len(gateway)
        base = np.maximum(self.heard.data[:n], self.joined.data[:n])
        base = np.maximum(base, np.where(gateway >= 0, self.back.data[gateway], NEVER))
        return np.asarray(np.maximum(base, self.floor.data[0]))

    def listen(self, readings: Readings, clock: Int64, world: World, patience: Int64) -> Talk:
        """Take note of a batch: gateways here; devices are left to who judges their silence."""
        devices = world.registry.devices
        said = ~readings.has(Flag.RETAINED)
        known = (readings.device >= 0) & (readings.device < len(devices.active))
        own = np.where(known, readings.device, 0)
        known &= devices.active[own] if len(devices.active) else False
        if len(devices.gateway):
            through = np.where(known, devices.gateway[own], -1)
        else:
            through = np.full(len(readings), -1)
        gateway = np.where(readings.gateway >= 0, readings.gateway, through)
        gateway = np.where(gateway < self.gateway_heard.data.size, gateway, -1).astype(np.int64)
        gone = (readings.online == 0) & (readings.device == UNKNOWN) & (gateway >= 0)
        speaks = said & ~gone & (gateway >= 0)
        met = np.unique(gateway[speaks])
        met_heard = self.gateway_heard[met]
        back_gateway, back_rows = self._gateways(readings, gateway, speaks, gone, patience)
        span = len(readings) + 1
        rows = np.flatnonzero(speaks)
        spoken = np.flatnonzero(said & known)
        return Talk(
            clock=clock,
            received=readings.received,
            device_rows=spoken,
            devices=readings.device[spoken].astype(np.int64),
            speaks=np.sort(gateway[rows] * span + rows),
            back_gateway=back_gateway,
            back_rows=back_rows,
            heard=self.gateway_heard.data,
            met=met,
            met_heard=met_heard,
        )

    def _gateways(
        self,
        readings: Readings,
        gateway: Int64,
        speaks: Array,
        gone: Array,
        patience: Int64,
    ) -> tuple[Int64, Int64]:
        """Adopt what gateways said; who came back, and at which rows."""
        rows = np.flatnonzero(speaks | gone)
        rows = rows[stable_order(gateway[rows])]
        of, when = gateway[rows], readings.received[rows]
        if not len(rows):
            return of, rows
        first = firsts(of)
        speech = speaks[rows]
        was_gone = np.where(first, self.offline[of] == 1, ~np.roll(speech, 1))
        # The index of the latest speech so far, then of the one before each row in its group.
        latest = np.maximum.accumulate(np.where(speech, np.arange(len(rows)), -1))
        earlier = np.roll(latest, 1)
        start = np.maximum.accumulate(np.where(first, np.arange(len(rows)), 0))
        inside = ~first & (earlier >= start)
        since = np.where(inside, when[earlier], self.gateway_heard[of])
        back = speech & (was_gone | (when - since >= patience[of]))
        last = np.flatnonzero(lasts(of))
        self.offline.put(of[last], (~speech[last]).astype(np.int8))
        spoke = last[latest[last] >= start[last]]
        self.gateway_heard.put(of[spoke], when[latest[spoke]])
        _put_last(self.back, of[back], when[back])
        return of[back], rows[back]


def _put_last(column: Any, rows: Int64, values: Int64) -> None:
    """Put the last value of each run of equal rows (rows are sorted)."""
    last = np.flatnonzero(lasts(rows))
    column.put(rows[last], values[last])
