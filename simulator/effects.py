"""What incidents do to people and devices while they last, as arrays over rows.

Two layers for each person: what lasts for days (an illness, an absence), and on top of it what
lasts for hours. The plan keeps a home's incidents of one layer apart. Where a fleet is too small
for the staged ones, what came first goes on, and the later only shows in what its own device says.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from schemas.directory import Directory
from schemas.times import DAY
from simulator.kinds import Incident, Kind
from simulator.roster import Int

_RAMP = 3 * DAY
"""An illness takes so long to reach its height."""
_NOTHING = -1


class Imposed(NamedTuple):
    """What one kind of incident imposes; -1: nothing.

    `bed`, `room`: 0 or 1. `heart`, `breath`: tenths of /min. `more_heart`, `more_breath`: tenths
    added at the height of an illness. `lifeless`: in bed without any sign.
    """

    bed: int = _NOTHING
    room: int = _NOTHING
    heart: int = _NOTHING
    breath: int = _NOTHING
    more_heart: int = 0
    more_breath: int = 0
    lifeless: int = 0


_ABSENT = Imposed(bed=0, room=0)
_ON_FLOOR = Imposed(bed=0, room=1)
ON_PERSON: dict[Kind, Imposed] = {
    Kind.HEART_RATE: Imposed(bed=1, room=0, heart=1380),
    Kind.FAST_BREATH: Imposed(bed=1, room=0, breath=280),
    Kind.NIGHT_ABSENCE: _ABSENT,
    Kind.WANDERING: _ON_FLOOR,
    Kind.FALL: _ON_FLOOR,
    Kind.LONG_LIE: _ON_FLOOR,
    Kind.SLOW_FALL: _ON_FLOOR,
    Kind.SUSPECTED_FALL: _ON_FLOOR,
    Kind.COLLAPSE: _ABSENT,
    Kind.DEATH: _ABSENT,
    Kind.DEATH_IN_BED: Imposed(bed=1, room=0, lifeless=1),
    Kind.TRIP: _ABSENT,
    Kind.HOSPITAL: _ABSENT,
    Kind.GONE: _ABSENT,
    Kind.CARER: Imposed(room=1),
    Kind.ILLNESS: Imposed(more_heart=60, more_breath=15),
    Kind.HEART_DECLINE: Imposed(more_heart=120, more_breath=10),
    Kind.BREATH_DECLINE: Imposed(more_heart=81, more_breath=30),
}
"""Rates of a decline follow those before a COPD exacerbation (heart +8.1, respiration +2.0 a minute
in the three days before; Respir Res 2022), a little stronger in the rate that gives its name."""
LASTING = frozenset({Kind.ILLNESS, Kind.HEART_DECLINE, Kind.BREATH_DECLINE})
"""Kinds of the lower layer: people live on with them."""


class Effect(NamedTuple):
    """Of some persons at some instants: the fields of `Imposed`, and for how much of the ramp."""

    fields: NDArray[np.int16]
    """Shape (n, 7), in the order of `Imposed`."""
    height: NDArray[np.float64]

    def of(self, name: str) -> NDArray[np.int16]:
        return np.asarray(self.fields[:, Imposed._fields.index(name)])


class _Layer:
    def __init__(self, n: int) -> None:
        self.since, self.until = np.zeros(n, np.int64), np.zeros(n, np.int64)
        self.fields = np.tile(np.array(Imposed(), np.int16), (n, 1))
        self.begun = np.zeros(n, bool)

    def begin(self, row: int, incident: Incident, imposed: Imposed) -> None:
        if self.until[row] <= incident.at:
            self.since[row], self.until[row] = incident.at, incident.ends
            self.fields[row], self.begun[row] = imposed, True

    def effect(self, who: Int, at: Int) -> Effect:
        on = (self.since[who] <= at) & (at < self.until[who])
        fields = np.where(on[:, None], self.fields[who], np.array(Imposed(), np.int16))
        return Effect(fields, np.clip((at - self.since[who]) / _RAMP, 0.0, 1.0))


class Effects:
    """State of the people and devices of a directory."""

    def __init__(self, directory: Directory) -> None:
        n, m = len(directory.elders), len(directory.devices)
        self._person = {e.id: row for row, e in enumerate(directory.elders)}
        self._device = {d.id: row for row, d in enumerate(directory.devices)}
        self._first = {e.home: row for row, e in reversed(list(enumerate(directory.elders)))}
        self.lasting, self.passing = _Layer(n), _Layer(n)
        self._mute = np.zeros((m, 2), np.int64)

    def begin(self, incident: Incident) -> None:
        """From `incident.at` on; may be told in advance, in the order of `at`."""
        if incident.kind is Kind.SILENT and incident.device is not None:
            self._mute[self._device[incident.device]] = incident.at, incident.ends
        row = self._who(incident)
        if isinstance(incident.kind, Kind) and incident.kind in ON_PERSON and row is not None:
            layer = self.lasting if incident.kind in LASTING else self.passing
            layer.begin(row, incident, ON_PERSON[incident.kind])

    def _who(self, incident: Incident) -> int | None:
        """The elder, or for a whole home's device the first who lives there."""
        if incident.elder is not None:
            return self._person[incident.elder]
        return self._first.get(incident.home or "")

    def touched(self, who: Int) -> NDArray[np.intp]:
        """Which of `who` anything has ever happened to: the others need no second look."""
        return (self.passing.begun[who] | self.lasting.begun[who]).nonzero()[0]

    def speaking(self, device: Int, at: Int) -> NDArray[np.bool_]:
        """False while a device is dead."""
        mute = (self._mute[device, 0] <= at) & (at < self._mute[device, 1])
        return np.asarray(~mute)
