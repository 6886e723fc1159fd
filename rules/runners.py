"""Runs of calm rows (see `rules.calm`): found in a batch, kept by device, settled when needed.

The rows of a home are calm up to its first row in the batch that is not. There its runs are
settled, and the rows that follow are judged one after another (see `frame.rounds`); their own
devices' runs end. Those of the home's other devices go on: nothing that one device says of itself,
or of a room, shortens for how long another's word stays calm. Who speaks of a bed that is another
device's does (`close`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rules.calm import LOUD, Calm, Runs, Sayings
from rules.columns import State
from rules.groups import Groups, firsts, indices, stable_order
from rules.limits import FOREVER, HISTORY_AGE
from rules.world import World
from schemas.quantities import UNKNOWN, Fall
from schemas.readings import Flag, Readings
from schemas.times import NEVER

Array = NDArray[Any]
Bool = NDArray[np.bool_]
Int64 = NDArray[np.int64]

ROLE = {False: 1, True: 2}
"""Of devices whose rows may be calm (`World.runs`): elders' only own beds, and others."""
WIDTH = 31
"""Bits of all words together: with more, no row is calm."""
_QUIET = 2**31 - 1
_ODD = np.int16(Flag.HISTORY | Flag.RETAINED | Flag.TEST | Flag.SOS_LEVEL | Flag.FALL_EVENT)


@dataclass(slots=True)
class _Heard:
    """Rows of one role with their marks. `same`: says what the device's row before said, in order
    and in time; `calm`: and nothing waits; `news`: first rows, by index, that may begin a run."""

    rows: Sayings
    mark: Array
    same: Bool
    calm: Bool
    news: NDArray[np.intp]


class Runners:
    """Columns by device: the run's `mark` (all words), its newest row `at` (NEVER: none yet), and
    `until` when its likes are calm (NEVER: no run)."""

    def __init__(self, state: State) -> None:
        column = state.device.column
        self._at = column("calm/at", np.int64, NEVER)
        self._until = column("calm/until", np.int64, NEVER)
        self._mark = column("calm/mark", np.int32, LOUD)
        self._parts: list[tuple[Calm, int]] = []  # with where their words begin in a mark
        self._width = 0

    def add(self, part: Calm) -> None:
        """Parts settle in the order in which they were added."""
        self._parts.append((part, self._width))
        self._takers = [(one, shift) for one, shift in self._parts if one.TAKES]
        self._settlers = [(one, shift) for one, shift in self._parts if one.SETTLES]
        self._width += part.WORD

    def follow(self, world: World) -> None:
        """Only with nothing put off."""
        devices = world.registry.devices
        self._world = world
        self._home = devices.home
        self._homes = len(world.registry.homes.ids)
        self._noise = np.full(self._homes + 1, _QUIET, np.int32)  # the last stands for no home
        """Where in a batch each home's first row is that is not calm; only while it is split."""
        self._behind = Groups(devices.home, devices.active & (world.runs > 0), self._homes)

    # A batch

    def split(self, readings: Readings, clock: Int64, lateness: int, use: Int64) -> Int64:
        """Take the calm rows among `use`, as far as they come first in their homes; the others,
        in order, are to be judged in rounds: their homes' runs are closed."""
        if self._width > WIDTH or not len(use):
            return use
        use = use[stable_order(readings.device[use])]
        device = readings.device.take(use).astype(np.intp)
        home = self._home.take(device).astype(np.intp)
        ts, watermark = readings.ts.take(use), clock.take(use) - lateness
        role = self._world.runs.take(device) * self._plain(readings, clock).take(use)
        self._interrupt(home, use, role == 0)
        columns = use, device, home, ts, np.maximum(ts, watermark)
        heard = [self._hear(readings, columns, role, beds) for beds in (True, False)]
        self.settle(np.concatenate([h.rows.home[h.news] for h in heard]))
        for one in heard:
            self._begin(one)
            self._interrupt(one.rows.home, one.rows.at, ~one.calm)
        for one in heard:
            self._take(one)
        loud = indices(use >= self._noise[home])
        self._break_off(device[loud], home[loud])
        self._noise[home[loud]] = _QUIET
        return np.sort(use[loud])

    def _plain(self, readings: Readings, clock: Int64) -> Bool:
        """Rows that any part may find calm."""
        plain = (readings.flags & _ODD) == 0
        plain &= readings.ts >= clock - HISTORY_AGE
        plain &= readings.sos == UNKNOWN
        plain &= (readings.fall == UNKNOWN) | (readings.fall == Fall.NONE)
        return np.asarray(plain)

    def _interrupt(self, home: Array, at: Int64, noisy: Bool) -> None:
        """From its first noisy row on no row of a home is calm."""
        few = indices(noisy)
        np.minimum.at(self._noise, home[few], at[few].astype(np.int32))

    def _hear(
        self, readings: Readings, columns: tuple[Array, ...], role: Array, beds: bool
    ) -> _Heard:
        """The rows of one role, and which of them go on with a run."""
        at, device, home, ts, limit = columns
        which = indices(role == ROLE[beds])
        at, device, home, ts, limit = (column.take(which) for column in columns)
        elder = self._world.registry.devices.elder.take(device).astype(np.intp)
        first = firsts(device)
        single = bool(first.all())
        rows = Sayings(readings, beds, at, device, elder, home, ts, limit, single)
        return self._goes_on(rows, self._marks(rows), first)

    def _marks(self, rows: Sayings) -> Array:
        mark = np.zeros(len(rows), np.int32)
        for part, shift in self._parts:
            if part.WORD and (rows.beds or not part.BEDS):
                mark |= np.left_shift(part.word(rows), shift, dtype=np.int32)
        return mark

    def _goes_on(self, rows: Sayings, mark: Array, first: Bool) -> _Heard:
        device, known = rows.device, self._at[rows.device]
        same, since = mark == self._mark[device], known
        if not rows.single:
            same[~first] = mark[~first] == mark[:-1][~first[1:]]
            since = np.where(first, known, _before(rows.ts))
        same &= mark >= 0
        span = self._world.stale if rows.beds else self._world.hold
        same &= (rows.ts >= since) & (rows.ts <= since + span[device])
        calm = same & (rows.limit < self._until[device])
        news = indices(first & ~calm & (mark >= 0))
        return _Heard(rows, mark, same, calm, news)

    def _begin(self, heard: _Heard) -> None:
        """Let those of the news begin a run that may; their homes are settled."""
        if not len(heard.news):
            return
        began = self._open(heard.rows.part(heard.news), heard.mark[heard.news])
        heard.news = heard.news[began]
        heard.same[heard.news] = True
        heard.calm = heard.same & (heard.rows.limit < self._until[heard.rows.device])

    def _open(self, rows: Sayings, mark: Array) -> Array:
        """Which rows (by index) begin a run of their own, of which nothing is put off yet."""
        until = np.full(len(rows), FOREVER, np.int64)
        for part, word in self._words(mark, rows.beds, self._parts):
            until = np.minimum(until, part.calm_until(rows, word))
        began = indices(until > rows.limit)
        device = rows.device[began]
        self._at.put(device, np.int64(NEVER))
        self._until.put(device, until[began])
        self._mark.put(device, mark[began])
        return began

    def _take(self, heard: _Heard) -> None:
        rows, mark = heard.rows, heard.mark
        calm = rows.at < self._noise[rows.home]
        new = heard.news[calm[heard.news]]
        if len(new):
            beginners = rows.part(new)
            for part, word in self._words(mark[new], rows.beds, self._takers):
                part.begin(beginners, word)
        if calm.all():
            self._at.put(rows.device, rows.ts)
        else:
            few = indices(calm)
            self._at.put(rows.device[few], rows.ts[few])
        for part, word in self._words(mark, rows.beds, self._takers):
            part.take(rows, word, calm)

    def _words(
        self, mark: Array, beds: bool, parts: Sequence[tuple[Calm, int]]
    ) -> Iterator[tuple[Calm, Array]]:
        for part, shift in parts:
            if beds or not part.BEDS:
                yield part, (mark >> np.int32(shift)) & np.int32((1 << part.WORD) - 1)

    # What was put off

    def settle(self, homes: Array) -> None:
        """Make up what was put off in these homes (repeats and -1 are fine); runs go on."""
        self._settle(self._of(homes))

    def close(self, homes: Array) -> None:
        """Settle, and end the homes' runs."""
        self._close(self._of(homes))

    def _break_off(self, device: NDArray[np.intp], home: Array) -> None:
        """Rows (by device) are to be judged one by one."""
        self.settle(home)
        device = device[firsts(device)]
        self._end(device[self._until[device] != NEVER])

    def disturb(self, elders: Array) -> None:
        """Close the homes of elders whose state something else than a row is about to change."""
        self.close(self._world.registry.elders.home[elders])

    def close_all(self) -> None:
        self._close(np.arange(len(self._home)))

    def settle_all(self) -> None:
        self._settle(np.arange(len(self._home)))

    def _of(self, homes: Array) -> NDArray[np.intp]:
        homes = np.unique(homes)
        return self._behind.expand(homes[homes >= 0])[1]

    def _close(self, device: NDArray[np.intp]) -> None:
        device = device[self._until[device] != NEVER]
        if len(device):
            self._settle(device)
            self._end(device)

    def _end(self, device: NDArray[np.intp]) -> None:
        self._at.put(device, np.int64(NEVER))
        self._until.put(device, np.int64(NEVER))
        self._mark.put(device, np.int32(LOUD))

    def _settle(self, device: NDArray[np.intp]) -> None:
        """Whatever was settled before is settled again, which changes nothing."""
        device = device[self._at[device] != NEVER]
        for beds in (True, False):
            mine = device[self._world.runs[device] == ROLE[beds]]
            if len(mine):
                elder = self._world.registry.devices.elder[mine].astype(np.intp)
                home = self._home[mine].astype(np.intp)
                runs = Runs(beds, mine, elder, home, self._at[mine])
                for part, word in self._words(self._mark[mine], beds, self._settlers):
                    part.settle(runs, word)


def _before(values: Array) -> Array:
    shifted = np.empty_like(values)
    shifted[1:], shifted[:1] = values[:-1], values[:1]
    return shifted
