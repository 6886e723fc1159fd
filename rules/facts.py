"""What is known of beds, rooms and falls, kept once for all rules.

A fact is a level with the event time at which it was last said. A row that is older than what
is known of the same quantity changes nothing, and only live rows count (see `frame.Round`),
save that a retained `none` or `cleared` ends a fall.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rules.away import Away
from rules.columns import State
from rules.frame import Round
from rules.limits import FOREVER
from rules.presses import Presses
from rules.world import World
from schemas.quantities import UNKNOWN, Fall, Sos
from schemas.times import NEVER

Array = NDArray[Any]
Bool = NDArray[np.bool_]


@dataclass(slots=True)
class News:
    """What a round's rows changed: masks over its rows, and what held before.

    `bed_source`: the row may speak of its elder's bed. `bed`: it says in_bed, in order; then
    `bed_before`, `bed_at`, `bed_hold` hold the earlier level, its time, and until when it held.
    `in_bed`: what is known of the bed at the row, carried while fresh. `presence`: says
    presence, in order; `entered`, `left`: its edges. `fall`: says fall, in order;
    `fall_before`: the state before; `in_run`: not in order, but within a confirmed fall that is
    known. `sos`: what the row newly says of it: unknown where a level merely repeats. `active`:
    the row shows activity. `returned`: the rows (indices) that end somebody's being away.
    """

    bed_source: Bool
    bed: Bool
    bed_before: Array
    bed_at: Array
    bed_hold: Array
    in_bed: Array
    presence: Bool
    entered: Bool
    left: Bool
    fall: Bool
    fall_before: Array
    in_run: Bool
    sos: Array
    active: Bool
    returned: Array


class Facts:
    """Columns by elder: bed; by device: presence and fall."""

    def __init__(self, state: State) -> None:
        elder, device = state.elder, state.device
        self.bed = elder.column("bed", np.int8, UNKNOWN)
        self.bed_at = elder.column("bed_at", np.int64, NEVER)
        self.bed_hold = elder.column("bed_hold", np.int64, NEVER)
        self.mattress_until = elder.column("mattress_until", np.int64, NEVER)
        self.presence = device.column("presence", np.int8, UNKNOWN)
        self.presence_at = device.column("presence_at", np.int64, NEVER)
        self.presence_hold = device.column("presence_hold", np.int64, NEVER)
        self.fall = device.column("fall", np.int8, Fall.NONE)
        self.fall_at = device.column("fall_at", np.int64, NEVER)
        self.run_from = device.column("run_from", np.int64, FOREVER)
        self.run_to = device.column("run_to", np.int64, NEVER)
        self.away = Away(state)
        self._presses = Presses(state)

    def seen_until(self, homes: Array, world: World) -> NDArray[np.int64]:
        """Until when somebody counts as seen in each home; NEVER where nobody is seen."""
        until = np.where(self.presence.data == 1, self.presence_hold.data, NEVER)
        return world.room_sensors.largest(homes, until, empty=NEVER)

    def look(self, rows: Round, world: World) -> News:
        """What the rows would change; changes nothing itself."""
        elder, device, ts = rows.elder, rows.device, rows.ts
        own = world.own_bed[device]
        source = rows.live & world.bed_source[device]
        source &= own | (ts > self.mattress_until[elder])
        said = rows.values["in_bed"]
        before, at, hold = self.bed[elder], self.bed_at[elder], self.bed_hold[elder]
        carried = np.where((ts >= at) & (ts <= hold), before, UNKNOWN)
        presence, entered, left = self._look_at_room(rows, world)
        falls, fall_before, in_run = self._look_at_fall(rows)
        bed = source & (said != UNKNOWN) & (ts >= at)
        sos = self._presses.look(rows)
        stirred = own & rows.live & (rows.values["movement"] > 0)
        stirred |= rows.live & (sos == Sos.PRESSED)
        arrived = stirred | entered | (bed & (before == 0) & (said == 1))
        return News(
            bed_source=source,
            bed=bed,
            bed_before=before,
            bed_at=at,
            bed_hold=hold,
            in_bed=np.where(said != UNKNOWN, said, carried),
            presence=presence,
            entered=entered,
            left=left,
            fall=falls,
            fall_before=fall_before,
            in_run=in_run,
            sos=sos,
            active=arrived | left | (bed & (before == 1) & (said == 0)),
            returned=self._look_at_away(rows, arrived, world),
        )

    def _look_at_away(self, rows: Round, arrived: Bool, world: World) -> Array:
        """Rows in which somebody who is away does more than leave."""
        if not self.away.periods:
            return np.zeros(0, np.intp)
        row = np.flatnonzero(arrived)
        elder = world.speaks_for[rows.device[row]]
        row, elder = row[elder >= 0], elder[elder >= 0]
        return row[self.away.ends(elder, rows.ts[row])]

    def _look_at_room(self, rows: Round, world: World) -> tuple[Bool, Bool, Bool]:
        said, before = rows.values["presence"], self.presence[rows.device]
        presence = rows.live & world.room_sensor[rows.device] & (said != UNKNOWN)
        presence &= rows.ts >= self.presence_at[rows.device]
        return (
            presence,
            presence & (before == 0) & (said == 1),
            presence & (before == 1) & (said == 0),
        )

    def _look_at_fall(self, rows: Round) -> tuple[Bool, Array, Bool]:
        device, ts, said = rows.device, rows.ts, rows.values["fall"]
        before = self.fall[device]
        over = (said == Fall.NONE) | (said == Fall.CLEARED)
        counts = (said != UNKNOWN) & (rows.live | (rows.retained & ~rows.test & over))
        in_order = counts & (ts >= self.fall_at[device])
        in_run = (ts >= self.run_from[device]) & (ts < self.run_to[device]) & ~rows.fall_event
        return in_order, before, in_run

    def adopt(self, rows: Round, news: News, world: World) -> None:
        """Take the rows' levels as the known ones."""
        self._adopt_bed(rows, news, world)
        self._adopt_room(rows, news, world)
        if len(news.returned):
            elder = world.speaks_for[rows.device[news.returned]]
            self.away.back.put(elder, rows.ts[news.returned])
        if news.fall.any():
            self._adopt_fall(rows, news.fall)
        self._presses.adopt(rows, world)

    def _adopt_bed(self, rows: Round, news: News, world: World) -> None:
        own = np.flatnonzero(news.bed_source & world.own_bed[rows.device])
        elder, device, ts = rows.elder[own], rows.device[own], rows.ts[own]
        until = np.maximum(self.mattress_until[elder], ts + world.hold[device])
        self.mattress_until.put(elder, until)
        bed = np.flatnonzero(news.bed)
        elder, device, ts = rows.elder[bed], rows.device[bed], rows.ts[bed]
        self.bed.put(elder, rows.values["in_bed"][bed])
        self.bed_at.put(elder, ts)
        self.bed_hold.put(elder, ts + world.stale[device])

    def _adopt_room(self, rows: Round, news: News, world: World) -> None:
        room = np.flatnonzero(rows.live & world.room_sensor[rows.device])
        device = rows.device[room]
        until = np.maximum(self.presence_hold[device], rows.ts[room] + world.hold[device])
        self.presence_hold.put(device, until)
        said = np.flatnonzero(news.presence)
        device = rows.device[said]
        self.presence.put(device, rows.values["presence"][said])
        self.presence_at.put(device, rows.ts[said])

    def _adopt_fall(self, rows: Round, in_order: Bool) -> None:
        said = np.flatnonzero(in_order)
        device, ts, fall = rows.device[said], rows.ts[said], rows.values["fall"][said]
        # An event is over as soon as it is said.
        fall = np.where(rows.fall_event[said], np.int8(Fall.NONE), fall)
        confirmed, was = fall == Fall.CONFIRMED, self.fall[device] == Fall.CONFIRMED
        begins, ends = confirmed & ~was, was & ~confirmed
        self.run_from.put(device[begins], ts[begins])
        self.run_to.put(device[begins], FOREVER)
        self.run_to.put(device[ends], ts[ends])
        self.fall.put(device, fall)
        self.fall_at.put(device, ts)
