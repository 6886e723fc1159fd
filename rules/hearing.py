"""Who spoke when, by received time: the base of every judgement of silence.

A device speaks by any message that is not retained, rejected ones too; a gateway speaks through
its devices and for itself. A gateway is down from a status of offline, or from when it has said
nothing for its `patience`, until it speaks. It comes back when it speaks after a gap of at least
its patience, or after it was said to be offline; then its devices get their full limit anew.

A batch is heard (`listen`) and judged before it is taken note of (`adopt`), so that whoever
judges sees what was known at each of its rows.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rules.coded import Coded
from rules.columns import Column, State
from rules.groups import before, firsts, indices, lasts, stable_order
from rules.sparse import Sparse
from rules.world import World
from schemas.quantities import UNKNOWN
from schemas.readings import Flag, Readings
from schemas.times import NEVER

Array = NDArray[Any]
Int64 = NDArray[np.int64]


@dataclass(slots=True)
class Talk:
    """What a batch's rows say of silence, by position in the batch.

    `device_rows`: positions at which a known device spoke, `devices`: which one. `gateways`,
    `rows`, `speech`: every row in which a gateway spoke or was said to be offline, by gateway in
    order of rows. `latest`: when the gateway had last spoken, that row included. `back_gateway`,
    `back_rows`: who came back at which position. Gateways that merely went on speaking are not
    among these: only `steady`, positions in order, and `steady_gateways` tell of them.
    """

    clock: Int64
    received: Int64
    device_rows: Int64
    devices: Int64
    gateways: Int64
    rows: Int64
    speech: NDArray[np.bool_]
    latest: Int64
    back_gateway: Int64
    back_rows: Int64
    steady: Int64
    steady_gateways: Int64

    @classmethod
    def nothing(cls, now: int) -> Talk:
        """A batch without rows, after which the clock shows `now`."""
        none, at = np.zeros(0, np.int64), np.array([now], np.int64)
        return cls(
            clock=at,
            received=none,
            device_rows=none,
            devices=none,
            gateways=none,
            rows=none,
            speech=none.astype(bool),
            latest=none,
            back_gateway=none,
            back_rows=none,
            steady=none,
            steady_gateways=none,
        )


class Hearing:
    """Columns: when each device was `heard` and each gateway, `joined` (what was added while
    running), `back`, `offline`; and the `floor` before which no silence is counted.

    `limit` (by device) and `patience` (by gateway) are set with each registry, int64 µs.
    """

    def __init__(self, state: State) -> None:
        device, gateway = state.device, state.gateway
        self.heard = device.column("heard", np.int64, NEVER)
        self.joined = device.sparse("joined", np.int64, NEVER)
        self.known = device.column("known", np.int8, 0)
        self.gateway_heard = gateway.column("heard", np.int64, NEVER)
        self.gateway_joined = gateway.sparse("joined", np.int64, NEVER)
        self.gateway_known = gateway.column("known", np.int8, 0)
        self.back = gateway.sparse("back", np.int64, NEVER)
        self.offline = gateway.column("offline", np.int8, 0)
        self.floor = state.engine.column("floor", np.int64, NEVER)
        self._open: list[Column] = []

    def watch(self, is_open: Column) -> None:
        """Every word of a gateway matters where this is not 0 (by gateway)."""
        self._open.append(is_open)

    def follow(self, world: World, clock: int, limit: Int64, patience: Int64) -> None:
        """What is new since the last registry counts from now."""
        self._world, self.limit, self.patience = world, Coded(limit), Coded(patience)
        _join(self.known, self.joined, world.registry.devices.active, clock)
        _join(self.gateway_known, self.gateway_joined, world.registry.gateways.active, clock)

    def bases(self) -> Int64:
        """From when the silence of each device of the registry counts."""
        return self.bases_of(np.arange(len(self._world.registry.devices.gateway)))

    def bases_of(self, devices: Array) -> Int64:
        """The same for some devices."""
        gateway = self._world.registry.devices.gateway[devices].astype(np.intp)
        base = np.maximum(self.heard[devices], self.joined[devices])
        base = np.maximum(base, np.where(gateway >= 0, self.back[gateway], NEVER))
        return np.asarray(np.maximum(base, self.floor.data[0]))

    def gateway_bases(self, gateways: Array, heard: Int64) -> Int64:
        """From when the silence of each gateway counts that was last heard then."""
        joined = np.maximum(heard, self.gateway_joined[gateways])
        return np.asarray(np.maximum(joined, self.floor.data[0]))

    def down(self, talk: Talk, gateways: Array, at: Int64, before_row: Int64) -> NDArray[np.bool_]:
        """Whether each gateway is down at a time, going by the rows before `before_row`."""
        heard = self.gateway_heard[gateways]
        offline = self.offline[gateways] == 1
        if len(talk.rows):
            span = len(talk.received) + 1
            place = np.searchsorted(talk.gateways * span + talk.rows, gateways * span + before_row)
            newest = np.maximum(place - 1, 0)
            inside = (place > 0) & (talk.gateways[newest] == gateways)
            heard = np.where(inside, talk.latest[newest], heard)
            offline = np.where(inside, ~talk.speech[newest], offline)
        return np.asarray(
            offline | (at - self.gateway_bases(gateways, heard) >= self.patience[gateways])
        )

    def listen(self, readings: Readings, clock: Int64) -> Talk:
        """What a batch says of silence; changes nothing."""
        devices = self._world.registry.devices
        said = ~readings.has(Flag.RETAINED)
        known = (readings.device >= 0) & (readings.device < len(devices.active))
        own = np.where(known, readings.device, 0).astype(np.intp)
        known &= devices.active[own] if len(devices.active) else False
        gateway = self._gateway(readings, own, known)
        gone = (readings.online == 0) & (readings.device == UNKNOWN) & (gateway >= 0)
        speaks = said & ~gone & (gateway >= 0)
        rows = indices(speaks | gone)
        newest = max(int(clock[-1]), int(readings.received.max()))
        odd = self._odd(gateway[rows], gone[rows], newest)
        steady, rows = rows[~odd], rows[odd]
        rows = rows[stable_order(gateway[rows])]
        spoken = indices(said & known)
        of = gateway[rows]
        latest, back = self._gateways(of, readings.received[rows], speaks[rows])
        return Talk(
            clock=clock,
            received=readings.received,
            device_rows=spoken,
            devices=own[spoken],
            gateways=of,
            rows=rows,
            speech=speaks[rows],
            latest=latest,
            back_gateway=of[back],
            back_rows=rows[back],
            steady=steady,
            steady_gateways=gateway[steady],
        )

    def _odd(self, of: Array, gone: Array, newest: int) -> NDArray[np.bool_]:
        """Rows of gateways that, in this batch, may do anything but go on speaking."""
        odd = gone | (self.offline[of] == 1)
        odd |= newest - self.gateway_heard[of] >= self.patience[of]
        for is_open in self._open:
            odd |= is_open[of] != 0
        if not odd.any():
            return np.asarray(odd)
        theirs = np.zeros(len(self.patience), bool)
        theirs[of[odd]] = True
        return np.asarray(theirs[of])

    def _gateway(self, readings: Readings, own: Array, known: Array) -> Int64:
        """The gateway of each row: said, or the device's own."""
        through = np.full(len(readings), -1)
        if len(self._world.registry.devices.gateway):
            through = np.where(known, self._world.registry.devices.gateway[own], -1)
        gateway = np.where(readings.gateway >= 0, readings.gateway, through)
        active = np.append(self._world.registry.gateways.active, False)  # the last: none
        gateway = np.minimum(gateway, len(active) - 1)
        return np.where(active[gateway], gateway, -1).astype(np.intp)

    def _gateways(self, of: Int64, when: Int64, speech: Array) -> tuple[Int64, Array]:
        """For each event: when its gateway had last spoken, itself included; who came back."""
        if not len(of):
            return of, speech
        first = firsts(of)
        known = self.gateway_heard[of]
        was_gone = np.where(first, self.offline[of] == 1, ~before(speech))
        heard = when if speech.all() else _latest(when, speech, first, known)
        since = np.where(first, known, before(heard))
        back = speech & (was_gone | (when - since >= self.patience[of]))
        return heard, back

    def adopt(self, talk: Talk) -> None:
        """Take note of a batch."""
        self.gateway_heard.put(talk.steady_gateways, talk.received[talk.steady])
        _put_last(self.gateway_heard, talk.gateways, talk.latest)
        _put_last(self.offline, talk.gateways, (~talk.speech).astype(np.int8))
        _put_last(self.back, talk.back_gateway, talk.received[talk.back_rows])
        self.heard.lift(talk.devices, talk.received[talk.device_rows])


def _join(known: Column, joined: Sparse, active: Array, clock: int) -> None:
    new = indices(active & (known.data[: len(active)] == 0))
    known.put(new, np.int8(1))
    joined.put(new, np.int64(clock))


def _latest(when: Int64, speech: Array, first: Array, known: Int64) -> Int64:
    """When each event's gateway had last spoken, itself included; `known`: before the batch."""
    index = np.arange(len(when))
    newest = np.maximum.accumulate(np.where(speech, index, -1))
    start = np.maximum.accumulate(np.where(first, index, 0))
    return np.where(newest >= start, when[newest], known)


def _put_last(column: Column | Sparse, rows: Int64, values: Array) -> None:
    """Put the last value of each run of equal rows (rows are sorted)."""
    if len(rows):
        last = indices(lasts(rows))
        column.put(rows[last], values[last])
