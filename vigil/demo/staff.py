"""Simulated duty workers: they answer some homes' incidents through the acks topic."""

import json
from collections.abc import Callable
from heapq import heappop, heappush
from queue import Empty, SimpleQueue
from random import Random

from schemas import topics
from schemas.directory import Directory, Role
from schemas.times import SECOND

_STEPS = ("acknowledge", "called", "on_the_way", "on_site", "close")
_GAPS = ((2, 8), (3, 10), (5, 15), (20, 60), (30, 120))  # seconds before each step


class SimulatedStaff:
    """`answers(home)` says whose incidents they take; the others are left to climb."""

    def __init__(
        self, directory: Directory, *, answers: Callable[[str], bool], rng: Random
    ) -> None:
        self._answers, self._rng = answers, rng
        self._worker = {s.station: s.id for s in reversed(directory.staff) if s.role is Role.DUTY}
        self._cards: SimpleQueue[tuple[str, bytes]] = SimpleQueue()
        self._taken: set[str] = set()
        self._due: list[tuple[int, str, str, int]] = []

    def on_message(self, topic: str, payload: bytes) -> None:
        self._cards.put((topic.split("/")[3], payload))

    def due(self, now: int) -> list[tuple[str, bytes]]:
        """Acknowledgements to publish now (µs UTC): topic and payload."""
        self._read(now)
        out = []
        while self._due and self._due[0][0] <= now:
            _, station, incident, step = heappop(self._due)
            out.append((topics.station_acks(station), self._word(station, incident, step)))
            if step + 1 < len(_STEPS):
                self._plan(now, station, incident, step + 1)
        return out

    def _read(self, now: int) -> None:
        while True:
            try:
                station, payload = self._cards.get_nowait()
            except Empty:
                return
            card = json.loads(payload)
            incident, home = card.get("incident"), card.get("home")
            wanted = card.get("state") == "open" and home is not None and incident is not None
            if wanted and incident not in self._taken and self._answers(home):
                self._taken.add(incident)
                self._plan(now, station, incident, 0)

    def _plan(self, now: int, station: str, incident: str, step: int) -> None:
        least, most = _GAPS[step]
        after = round(self._rng.uniform(least, most) * SECOND)
        heappush(self._due, (now + after, station, incident, step))

    def _word(self, station: str, incident: str, step: int) -> bytes:
        word = {"alert": incident, "staff": self._worker[station], "action": _STEPS[step]}
        if _STEPS[step] == "close":
            outcome = self._rng.choice(["genuine", "genuine", "false_alarm"])
            word |= {"outcome": outcome, "reached": "seen"}
        return json.dumps(word).encode()
