"""The fleet's messages, in time order, without end if wanted.

Time is cut into windows of a few thousand messages. What is said does not depend on how it is
cut: behaviour is a function of the instant, and counters only of what was said before.
"""

from __future__ import annotations

from collections.abc import Iterator
from heapq import heappop, heappush
from itertools import count
from operator import itemgetter

import numpy as np

from schemas import topics
from schemas.directory import Directory, Gateway
from schemas.times import SECOND
from simulator.cues import Cue, Cues
from simulator.incidents import Plan
from simulator.kinds import Incident
from simulator.message import Message
from simulator.speakers import Speaker, make_speaker
from simulator.world import STATUS_SPAN, World

__all__ = ["Message", "Run", "messages"]

_AT_ONCE = 20_000
"""Messages a window at most, about; bounds memory."""
_WINDOWS = (30 * SECOND, 15 * SECOND, 5 * SECOND, SECOND, SECOND // 5, SECOND // 20)


def messages(
    directory: Directory, *, seed: int, start: int, until: int | None, plan: Plan
) -> Iterator[Message]:
    """Everything the fleet publishes in [start, until) (µs UTC), in the order of `at`.

    Gateways say that they are online (retained) in the first seconds; then devices report on
    their own phases, and the plan's incidents happen. ValueError for a directory with a device
    that the simulator cannot speak for.
    """
    run = Run(directory, seed=seed, start=start)
    window = best_window(run.speakers)
    return run.play(plan, until=until, window=window)


def best_window(speakers: list[Speaker]) -> int:
    """The longest window (µs) that stays within one tick a device and the memory bound."""
    shortest = min((s.cadence.interval for s in speakers), default=_WINDOWS[0])
    rate = sum(len(s.group.devices) / s.cadence.interval for s in speakers)
    fitting = [w for w in _WINDOWS if w <= shortest and w * rate <= _AT_ONCE]
    return max(fitting, default=_WINDOWS[-1])


class Run:
    """One run: the world and what is waiting to be said. `play` may be called once."""

    def __init__(self, directory: Directory, *, seed: int, start: int) -> None:
        self._start = start
        self._world = World(directory, seed=seed, start=start)
        self.speakers = [make_speaker(self._world, g) for g in self._world.roster.groups]
        self._gateways = directory.gateways
        self._cues = Cues(self._world)
        self._waiting: list[tuple[int, int, Cue]] = []
        self._number = count()
        self._cadence = {
            int(row): (s.cadence, k)
            for s in self.speakers
            for k, row in enumerate(s.group.row.tolist())
        }

    def play(self, plan: Plan, *, until: int | None, window: int) -> Iterator[Message]:
        incidents = iter(plan)
        coming = next(incidents, None)
        begin = self._start
        while until is None or begin < until:
            end = begin - begin % window + window
            end = end if until is None else min(end, until)
            while coming is not None and coming.at < end:
                self._begin(coming)
                coming = next(incidents, None)
            yield from self._window(begin, end)
            begin = end

    def _begin(self, incident: Incident) -> None:
        self._world.overlay.begin(incident)
        for cue in self._cues.of(incident):
            heappush(self._waiting, (cue.at, next(self._number), cue))

    def _window(self, begin: int, end: int) -> list[Message]:
        """Cues before and after their device's regular report take numbers in that order."""
        made = list(self._statuses(begin, end))
        due = [cue for cue in self._due(end) if cue.at >= begin]
        late = [cue for cue in due if cue.at >= self._tick(cue, begin)]
        made += [self._play(cue) for cue in due if cue.at < self._tick(cue, begin)]
        for speaker in self.speakers:
            made += speaker.speak(begin, end)
        made += map(self._play, late)
        made.sort(key=itemgetter(0))
        return made

    def _due(self, end: int) -> list[Cue]:
        due = []
        while self._waiting and self._waiting[0][0] < end:
            due.append(heappop(self._waiting)[2])
        return due

    def _tick(self, cue: Cue, begin: int) -> int:
        cadence, row = self._cadence[cue.device]
        return cadence.next_tick(row, begin)

    def _play(self, cue: Cue) -> Message:
        (number,) = self._world.count(np.array([cue.device])).tolist()
        return Message(cue.at, cue.topic, cue.write(number))

    def _statuses(self, begin: int, end: int) -> Iterator[Message]:
        n = len(self._gateways)
        first = -(-max(0, begin - self._start) * n // STATUS_SPAN)
        last = -(-max(0, end - self._start) * n // STATUS_SPAN)
        for k in range(first, min(last, n)):
            yield _online(self._gateways[k], self._start + k * STATUS_SPAN // n)


def _online(gateway: Gateway, at: int) -> Message:
    return Message(at, topics.status(gateway.area, gateway.id), b'{"online":true}', retain=True)
