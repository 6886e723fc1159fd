"""What incidents do to people and devices while they last, as arrays over rows.

One at a time for each person and device: the plan keeps a home's incidents apart. Where a fleet is
too small for the staged ones, what came first goes on, and the later only shows in what its own
device says.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from schemas.directory import Directory
from simulator.kinds import Incident, Kind
from simulator.roster import Int

_HEART = 1380
"""Tenths: 138 a minute, above the rule's 131."""


class Effect(NamedTuple):
    """-1 where nothing is imposed: `bed` and `room` 0 or 1, `heart` in tenths of /min."""

    bed: NDArray[np.int8]
    room: NDArray[np.int8]
    heart: NDArray[np.int16]


_ON_PERSON = {
    Kind.HEART_RATE: (1, 0, _HEART),
    Kind.NIGHT_ABSENCE: (0, 0, -1),
    Kind.FALL: (0, 1, -1),
    Kind.SLOW_FALL: (0, 1, -1),
    Kind.SUSPECTED_FALL: (0, 1, -1),
}


class Overlay:
    """State of `n` persons and devices of a directory."""

    def __init__(self, directory: Directory) -> None:
        n, m = len(directory.elders), len(directory.devices)
        self._person = {e.id: row for row, e in enumerate(directory.elders)}
        self._device = {d.id: row for row, d in enumerate(directory.devices)}
        self._first = {e.home: row for row, e in reversed(list(enumerate(directory.elders)))}
        self._since, self._until = np.zeros(n, np.int64), np.zeros(n, np.int64)
        self._bed, self._room = np.full(n, -1, np.int8), np.full(n, -1, np.int8)
        self._heart = np.full(n, -1, np.int16)
        self._mute = np.zeros((m, 2), np.int64)

    def begin(self, incident: Incident) -> None:
        """From `incident.at` on; may be told in advance, in the order of `at`."""
        if incident.kind is Kind.SILENT:
            self._mute[self._device[incident.device]] = incident.at, incident.ends
        row = self._who(incident) if incident.kind in _ON_PERSON else None
        if row is not None and self._until[row] <= incident.at:
            self._since[row], self._until[row] = incident.at, incident.ends
            self._bed[row], self._room[row], self._heart[row] = _ON_PERSON[incident.kind]

    def _who(self, incident: Incident) -> int | None:
        """The elder, or for a whole home's device the first who lives there."""
        if incident.elder is not None:
            return self._person[incident.elder]
        return self._first.get(incident.home)

    def effect(self, who: Int, at: Int) -> Effect:
        """What is imposed on persons `who` at instants `at`."""
        on = (self._since[who] <= at) & (at < self._until[who])
        return Effect(
            bed=np.where(on, self._bed[who], np.int8(-1)),
            room=np.where(on, self._room[who], np.int8(-1)),
            heart=np.where(on, self._heart[who], np.int16(-1)),
        )

    def speaking(self, device: Int, at: Int) -> NDArray[np.bool_]:
        """False while a device is dead."""
        mute = (self._mute[device, 0] <= at) & (at < self._mute[device, 1])
        return np.asarray(~mute)
