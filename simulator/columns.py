"""What a fleet says, as columns: the one stream from which captures and messages are written.

Time is cut into windows of some ten thousand readings. What is said does not depend on how it is
cut: behaviour is a function of the instant, and counters only of what was said before.
"""

from __future__ import annotations

from collections.abc import Iterator
from heapq import heappop, heappush
from itertools import count

import numpy as np

from schemas.directory import Directory
from schemas.readings import Flag, Readings
from schemas.times import MINUTE, SECOND
from simulator.cues import Cue, Cues
from simulator.faults.apply import Troubles
from simulator.incidents import Plan
from simulator.kinds import Incident
from simulator.roster import Int
from simulator.speakers import Speaker, make_speaker
from simulator.statuses import statuses
from simulator.world import STATUS_SPAN, Bool, World

_AT_ONCE = 60_000
"""Readings a window at most, about; bounds memory."""
_WINDOWS = (30 * SECOND, 15 * SECOND, 5 * SECOND, SECOND, SECOND // 5, SECOND // 20)
_OLDEST = 1_577_836_800_000_000
_AHEAD = 5 * MINUTE


def columns(
    directory: Directory, *, seed: int, start: int, until: int | None, plan: Plan
) -> Iterator[Readings]:
    """Everything the fleet says in [start, until) (µs UTC), a window at a time.

    Rows are those of `Registry.build(directory)`, `received` strictly increases, `key` is the
    device's own number. Times are settled as ingest settles them: a device's time before 2020 or
    more than five minutes ahead becomes the received one, flagged CLOCK_SUSPECT. One row a
    reading: where a vendor says one press in several messages, it is one row here. A gateway's
    status is a row without a device. ValueError for a device that the simulator cannot speak for.
    """
    run = Run(directory, seed=seed, start=start)
    for said in run.play(plan, until=until, window=best_window(run.speakers)):
        yield settled(said)


def settled(said: Readings) -> Readings:
    """With the times that are believed."""
    good = (said.ts >= _OLDEST) & (said.ts <= said.received + _AHEAD)
    if good.all():
        return said
    wrong = (~good).nonzero()[0]
    said.ts[wrong] = said.received[wrong]
    said.flags[wrong] |= np.int16(Flag.CLOCK_SUSPECT)
    return said


def best_window(speakers: list[Speaker]) -> int:
    """The longest window (µs) that stays within one tick a device and the memory bound."""
    shortest = min((s.cadence.interval for s in speakers), default=_WINDOWS[0])
    rate = sum(len(s.group.devices) / s.cadence.interval for s in speakers)
    fitting = [w for w in _WINDOWS if w <= shortest and w * rate <= _AT_ONCE]
    return max(fitting, default=_WINDOWS[-1])


class Run:
    """One run: the world and what is waiting to be said. `play` may be called once."""

    def __init__(self, directory: Directory, *, seed: int, start: int) -> None:
        self._start, self._seed = start, seed
        self.directory = directory
        self.world = World(directory, seed=seed, start=start)
        self.speakers = [make_speaker(self.world, g) for g in self.world.roster.groups]
        self._cues = Cues(self.speakers)
        self._waiting: list[tuple[int, int, Cue]] = []
        self._number = count()
        self._last = 0
        self._troubles: Troubles | None = None
        self.reached = start
        """Everything before this instant has been yielded."""

    def play(self, plan: Plan, *, until: int | None, window: int) -> Iterator[Readings]:
        """Device times as the devices write them, right or wrong."""
        troubles = self._troubles = Troubles(self.directory, plan.faults, seed=self._seed)
        incidents = iter(plan)
        coming = next(incidents, None)
        begin = self._start
        while until is None or begin < until:
            end = begin - begin % window + window
            end = end if until is None else min(end, until)
            while coming is not None and coming.at < end:
                self._begin(coming, troubles)
                coming = next(incidents, None)
            self.reached = end
            yield self._in_order(troubles.upon(self._window(begin, end), begin, end))
            begin = end

    def renewed(self, device: Int, at: Int) -> Bool:
        """Whether devices speak as a changed firmware does."""
        none = np.zeros(len(device), bool)
        return none if self._troubles is None else self._troubles.renewed(device, at)

    def _begin(self, incident: Incident, troubles: Troubles) -> None:
        self.world.effects.begin(incident)
        troubles.begin(incident)
        for cue in self._cues.of(incident):
            heappush(self._waiting, (cue.at, next(self._number), cue))

    def _window(self, begin: int, end: int) -> Readings:
        """Cues before and after their device's regular report take numbers in that order."""
        due = [cue for cue in self._due(end) if cue.at >= begin]
        late = [cue for cue in due if cue.at >= _tick(cue, begin)]
        parts = [self._statuses(begin, end)]
        parts += [cue.play() for cue in due if cue.at < _tick(cue, begin)]
        parts += [speaker.speak(begin, end) for speaker in self.speakers]
        parts += [cue.play() for cue in late]
        return Readings.concat(parts)

    def _in_order(self, said: Readings) -> Readings:
        """By time of arrival; what would arrive together arrives a microsecond apart."""
        order = np.argsort(said.received, kind="stable")
        said = said.take(order)
        place = np.arange(len(said))
        apart = np.maximum.accumulate(np.maximum(said.received - place, self._last + 1))
        said.received = apart + place
        if len(said):
            self._last = int(said.received[-1])
        return said

    def _due(self, end: int) -> list[Cue]:
        due = []
        while self._waiting and self._waiting[0][0] < end:
            due.append(heappop(self._waiting)[2])
        return due

    def _statuses(self, begin: int, end: int) -> Readings:
        """Gateways come online one after another in the first seconds."""
        n = len(self.directory.gateways)
        first = min(n, -(-max(0, begin - self._start) * n // STATUS_SPAN))
        last = min(n, -(-max(0, end - self._start) * n // STATUS_SPAN))
        who = np.arange(first, last)
        return statuses(who, self._start + who * STATUS_SPAN // n, online=True)


def _tick(cue: Cue, begin: int) -> int:
    return cue.speaker.cadence.next_tick(cue.row, begin)
