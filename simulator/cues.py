"""Incidents as single readings to come: which device says what, and when.

A cue becomes a row only when it is played, since its number in the device's own counter depends on
what was said before.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np

from schemas.directory import DeviceKind
from schemas.quantities import Fall, Sos
from schemas.readings import Readings
from schemas.times import MINUTE, SECOND
from simulator.household import CANONICAL
from simulator.kinds import Incident, Kind
from simulator.speakers import Speaker

REPEAT_AFTER = 8 * SECOND
AGAIN_AFTER = 2 * MINUTE
CONFIRM_AFTER = 51 * SECOND

Said = tuple[str, int]
"""A quantity and its code."""


class Cue(NamedTuple):
    """One reading at `at` by row `row` of a speaker's group."""

    at: int
    speaker: Speaker
    row: int
    said: Said

    @property
    def device(self) -> int:
        """The directory row, whose counter the reading takes a number of."""
        return int(self.speaker.group.row[self.row])

    def play(self) -> Readings:
        rows = np.array([self.row])
        readings = self.speaker.blank(rows, np.array([self.at]))
        name, code = self.said
        getattr(readings, name)[:] = code
        if name == "sos":
            readings.battery[:] = self.speaker.battery[rows]
        return readings


class Cues:
    """Cues of incidents, by the speakers of a run."""

    def __init__(self, speakers: list[Speaker]) -> None:
        self._of = {d.id: (s, k) for s in speakers for k, d in enumerate(s.group.devices)}

    def of(self, incident: Incident) -> list[Cue]:
        """In time order; none for what shows only in regular reports, or in their absence."""
        words = _WORDS.get(incident.kind)
        if words is None or incident.device not in self._of:
            return []
        speaker, row = self._of[incident.device]
        if speaker.group.kind not in (DeviceKind.SOS_BUTTON, DeviceKind.FALL_SENSOR):
            return []
        return [
            Cue(at, speaker, row, said)
            for at, said in words(incident)
            if speaker.group.profile == CANONICAL or said != _SUSPECTED
        ]


_PRESSED, _TEST = ("sos", int(Sos.PRESSED)), ("sos", int(Sos.TEST))
_SUSPECTED, _CONFIRMED = ("fall", int(Fall.SUSPECTED)), ("fall", int(Fall.CONFIRMED))
_CLEARED = ("fall", int(Fall.CLEARED))

Words = Iterator[tuple[int, Said]]


def _press(incident: Incident) -> Words:
    yield incident.at, _PRESSED
    if incident.repeat:
        yield incident.at + REPEAT_AFTER, _PRESSED


def _press_again(incident: Incident) -> Words:
    yield incident.at, _PRESSED
    yield incident.at + AGAIN_AFTER, _PRESSED


def _press_test(incident: Incident) -> Words:
    yield incident.at, _TEST


def _fall(incident: Incident) -> Words:
    yield incident.at, _CONFIRMED
    yield incident.ends, _CLEARED


def _slow_fall(incident: Incident) -> Words:
    yield incident.at, _SUSPECTED
    yield incident.at + CONFIRM_AFTER, _CONFIRMED
    yield incident.ends, _CLEARED


def _suspected_fall(incident: Incident) -> Words:
    yield incident.at, _SUSPECTED
    yield incident.ends, _CLEARED


_WORDS: dict[str, Callable[[Incident], Words]] = {
    Kind.SOS: _press,
    Kind.SOS_PHANTOM: _press,
    Kind.SOS_AGAIN: _press_again,
    Kind.SOS_TEST: _press_test,
    Kind.FALL: _fall,
    Kind.LONG_LIE: _fall,
    Kind.SLOW_FALL: _slow_fall,
    Kind.SUSPECTED_FALL: _suspected_fall,
}
