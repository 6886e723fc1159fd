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
from rules.groups import indices
from rules.limits import FOREVER
from rules.presses import Presses
from rules.world import Role, World
from schemas.quantities import UNKNOWN, Fall, Sos
from schemas.times import NEVER

Array = NDArray[Any]
Bool = NDArray[np.bool_]
Int64 = NDArray[np.int64]


@dataclass(slots=True)
class Bedside:
    """Rows that may speak of an elder's bed, as columns of equal length.

    `row`: its place in the round. `limit`: the event time by which the elder's timers fire (the
    row's own, or its watermark). `stale`: from when its word no longer holds. `said`: its
    in_bed; `in_bed`: what is known at the row, carried while fresh. `before`, `at`, `hold`: the
    level before, when it was said, and until when it held. All µs UTC and int8.
    """

    row: Array
    elder: Array
    ts: Int64
    limit: Int64
    stale: Int64
    said: Array
    in_bed: Array
    before: Array
    at: Int64
    hold: Int64

    def __len__(self) -> int:
        return len(self.row)

    def part(self, which: Array) -> Bedside:
        """Some of them, by index in order."""
        if len(which) == len(self.row):
            return self
        return Bedside(*(getattr(self, name)[which] for name in Bedside.__slots__))


@dataclass
class News:
    """What a round's rows changed, and what held before.

    `bedside`: the rows that may speak of a bed; `lent`: those of them (by index) that are not the
    own bed's. `beds`: those of them that say in_bed, in order.
    Masks over all rows: `entered`, `left`: edges of presence; `fall`: says fall, in order;
    `in_run`: not in order, but within a confirmed fall that is known; `active`: shows activity.
    `fall_before`: the state before, where a row says fall. `sos`: what the row newly says of it:
    unknown where a level merely repeats. `rooms`: rows of room sensors, `presence` those of them
    that say presence, in order; `returned`: rows that end somebody's being away (all indices).
    """

    bedside: Bedside
    lent: Array
    beds: Bedside
    rooms: Array
    presence: Array
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
        self.run_from = device.sparse("run_from", np.int64, FOREVER)
        self.run_to = device.sparse("run_to", np.int64, NEVER)
        self.away = Away(state)
        self._presses = Presses(state)

    def seen_until(self, homes: Array, world: World) -> NDArray[np.int64]:
        """Until when somebody counts as seen in each home; NEVER where nobody is seen."""
        until = np.full(len(homes), NEVER, np.int64)
        which, sensor = world.room_sensors.expand(homes)
        seen = indices(self.presence[sensor] == 1)
        np.maximum.at(until, which[seen], self.presence_hold[sensor[seen]])
        return until

    def look(self, rows: Round, world: World) -> News:
        """What the rows would change; changes nothing itself."""
        role = world.roles[rows.device]
        bedside, own, lent = self._look_at_beds(rows, role, world)
        beds = bedside.part(indices((bedside.said != UNKNOWN) & (bedside.ts >= bedside.at)))
        room = indices(rows.live & (role & Role.ROOM_SENSOR > 0))
        presence, entered, left = self._look_at_rooms(rows, room)
        falls, fall_before, in_run = self._look_at_falls(rows)
        sos = self._presses.look(rows)
        arrived = (own & (rows.values["movement"] > 0)) | entered
        arrived |= rows.live & (sos == Sos.PRESSED)
        arrived[beds.row[(beds.before == 0) & (beds.said == 1)]] = True
        active = arrived | left
        active[beds.row[(beds.before == 1) & (beds.said == 0)]] = True
        return News(
            bedside=bedside,
            lent=lent,
            beds=beds,
            rooms=room,
            presence=presence,
            entered=entered,
            left=left,
            fall=falls,
            fall_before=fall_before,
            in_run=in_run,
            sos=sos,
            active=active,
            returned=self._look_at_away(rows, arrived, world),
        )

    def _look_at_beds(self, rows: Round, role: Array, world: World) -> tuple[Bedside, Bool, Array]:
        """The rows that may speak of a bed; which come from the elder's own, which from others."""
        own = rows.live & (role & Role.OWN_BED > 0)
        others = indices(rows.live & (role & Role.BED_SOURCE > 0) & ~own)
        others = others[rows.ts[others] > self.mattress_until[rows.elder[others]]]
        speaks = own
        if len(others):
            speaks = own.copy()
            speaks[others] = True
        row = indices(speaks)
        elder, ts, said = rows.elder[row], rows.ts[row], rows.values["in_bed"][row]
        before, at, hold = self.bed[elder], self.bed_at[elder], self.bed_hold[elder]
        known = (said == UNKNOWN) & (ts >= at) & (ts <= hold)
        in_bed = np.where(known, before, said) if known.any() else said
        bedside = Bedside(
            row=row,
            elder=elder,
            ts=ts,
            limit=np.maximum(ts, rows.watermark[row]),
            stale=ts + world.stale[rows.device[row]],
            said=said,
            in_bed=in_bed,
            before=before,
            at=at,
            hold=hold,
        )
        return bedside, own, others

    def _look_at_away(self, rows: Round, arrived: Bool, world: World) -> Array:
        """Rows in which somebody who is away does more than leave."""
        if not self.away.periods:
            return np.zeros(0, np.intp)
        row = indices(arrived)
        elder = world.speaks_for[rows.device[row]]
        row, elder = row[elder >= 0], elder[elder >= 0]
        return row[self.away.ends(elder, rows.ts[row])]

    def _look_at_rooms(self, rows: Round, room: Array) -> tuple[Array, Bool, Bool]:
        device, said = rows.device[room], rows.values["presence"][room]
        in_order = indices((said != UNKNOWN) & (rows.ts[room] >= self.presence_at[device]))
        before, said = self.presence[device[in_order]], said[in_order]
        entered, left = np.zeros(len(rows), bool), np.zeros(len(rows), bool)
        presence = room[in_order]
        entered[presence[(before == 0) & (said == 1)]] = True
        left[presence[(before == 1) & (said == 0)]] = True
        return presence, entered, left

    def _look_at_falls(self, rows: Round) -> tuple[Bool, Array, Bool]:
        words = rows.values["fall"]
        in_order, in_run = np.zeros(len(rows), bool), np.zeros(len(rows), bool)
        before = np.full(len(rows), Fall.NONE, np.int8)
        says = indices(words != UNKNOWN)
        if not len(says):
            return in_order, before, in_run
        said, device, ts = words[says], rows.device[says], rows.ts[says]
        over = (said == Fall.NONE) | (said == Fall.CLEARED)
        counts = rows.live[says] | (rows.retained[says] & ~rows.test[says] & over)
        in_order[says] = counts & (ts >= self.fall_at[device])
        before[says] = self.fall[device]
        confirmed = indices((said == Fall.CONFIRMED) & ~rows.fall_event[says])
        device, ts = device[confirmed], ts[confirmed]
        in_run[says[confirmed]] = (ts >= self.run_from[device]) & (ts < self.run_to[device])
        return in_order, before, in_run

    def adopt(self, rows: Round, news: News, world: World) -> None:
        """Take the rows' levels as the known ones."""
        self._adopt_bed(rows, news, world)
        self._adopt_rooms(rows, news, world)
        if len(news.returned):
            elder = world.speaks_for[rows.device[news.returned]]
            self.away.back.put(elder, rows.ts[news.returned])
        if news.fall.any():
            self._adopt_fall(rows, news.fall)
        self._presses.adopt(rows, world)

    def _adopt_bed(self, rows: Round, news: News, world: World) -> None:
        own = news.bedside.row[world.own_bed[rows.device[news.bedside.row]]]
        self.mattress_until.lift(rows.elder[own], rows.ts[own] + world.hold[rows.device[own]])
        beds = news.beds
        self.bed.put(beds.elder, beds.said)
        self.bed_at.put(beds.elder, beds.ts)
        self.bed_hold.put(beds.elder, beds.stale)

    def _adopt_rooms(self, rows: Round, news: News, world: World) -> None:
        device = rows.device[news.rooms]
        self.presence_hold.lift(device, rows.ts[news.rooms] + world.hold[device])
        device = rows.device[news.presence]
        self.presence.put(device, rows.values["presence"][news.presence])
        self.presence_at.put(device, rows.ts[news.presence])

    def _adopt_fall(self, rows: Round, in_order: Bool) -> None:
        said = indices(in_order)
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
