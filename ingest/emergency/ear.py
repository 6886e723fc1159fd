"""Finds presses and confirmed falls in single messages, and has the rules judge them at once.

The judge is one of its own with the emergency rules only. It is kept where the committed readings
are (a fall that is open, a press a few seconds ago), so that what goes ahead of the store is what
the rules will say again later: the same ids, collapsed in the same windows. What is unknown or
misplaced alerts as it does otherwise (I7).
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ingest import batch as batches
from ingest.decode import Decoder
from ingest.source import Messages
from ingest.stranger import Runs, Stranger
from ingest.stranger import alerts as stranger_alerts
from ingest.urgent import are_ours, says_so
from schemas.alerts import Change, ChangeKind, Severity
from schemas.judge import Judge
from schemas.quantities import UNKNOWN, Fall, Sos
from schemas.readings import Flag, Readings
from schemas.registry import Registry
from store.strangers import Run, StrangerKey

_STRANGERS = 10_000  # remembered emergencies of unknown devices
_AT_ONCE = 128  # messages looked through by one call, which keeps all other threads waiting


class Verdict(NamedTuple):
    """What a message with an emergency sets off; nothing where it belongs to an earlier one."""

    changes: list[Change]


class Ear:
    """For any thread; `decoder` is one of its own, as decoders are not for two threads."""

    def __init__(self, judge: Judge) -> None:
        self._judge = judge
        self._lock = threading.Lock()
        self._decoder: Decoder | None = None
        self._down: frozenset[int] = frozenset()
        """Devices whose last word was a confirmed fall."""
        self._strangers: dict[StrangerKey, int] = {}
        self._runs: dict[StrangerKey, Run] = {}

    # Following what is committed

    def follow(self, registry: Registry, decoder: Decoder) -> None:
        with self._lock:
            self._judge.set_registry(registry)
            self._decoder = decoder

    def restore(self, snapshot: bytes) -> None:
        """The state of the whole engine: what the emergency rules have in it is taken over."""
        with self._lock:
            self._judge.restore(snapshot)

    def learn(self, rows: Readings, strangers: Sequence[Stranger] = ()) -> None:
        """These are committed. Nearly always nothing in them is worth a thought."""
        worth = self._worth(rows)
        if not (worth.any() or strangers):
            return
        with self._lock:
            self._apply(rows.take(worth))
            self._new_of(strangers)

    def _worth(self, rows: Readings) -> NDArray[np.bool_]:
        worth = (rows.sos != UNKNOWN) | (rows.fall == Fall.CONFIRMED)
        if down := self._down:
            worth |= np.isin(rows.device, list(down)) & (rows.fall != UNKNOWN)
        return np.asarray(worth)

    def _apply(self, rows: Readings) -> list[Change]:
        try:
            changes = self._judge.apply(rows)
        except BaseException:
            self._judge.rollback()
            raise
        self._judge.commit()
        known = rows.fall != UNKNOWN
        for device, said in zip(rows.device[known].tolist(), rows.fall[known], strict=True):
            down = {device} if said == Fall.CONFIRMED else set()
            self._down = (self._down - {device}) | down
        return changes

    # Listening

    def matters(self, topic: bytes, payload: bytes) -> bool:
        """Whether a message can hold an emergency, or belong to one that is open: a cheap look at
        its bytes, never a false no."""
        return not are_ours([topic]) or self._may_be(payload)

    def _may_be(self, payload: bytes) -> bool:
        return says_so(payload) or (bool(self._down or self._runs) and b"fall" in payload)

    def places(self, messages: Messages) -> list[int]:
        """Of the messages that matter. Nearly always none does: one look at many of them tells."""
        found: list[int] = []
        for start in range(0, len(messages), _AT_ONCE):
            some = slice(start, start + _AT_ONCE)
            found += [start + place for place in self._places(messages.take(some))]
        return found

    def _places(self, messages: Messages) -> list[int]:
        if are_ours(messages.topics) and not self._may_be(b"".join(messages.payloads)):
            return []
        pairs = zip(messages.topics, messages.payloads, strict=True)
        return [place for place, pair in enumerate(pairs) if self.matters(*pair)]

    def hear(self, topic: bytes, payload: bytes, received: int) -> Verdict | None:
        """What a message sets off, taken to be received then (µs UTC); None without an emergency
        in it. Red alerts only: a test, or a press of the day before, can wait for the store."""
        with self._lock:
            if self._decoder is None:
                return None
            work = batches.prepare(
                self._decoder,
                _one(topic, payload, received),
                after=received - 1,
                resumed=None,
                advanced=None,
            )
            changes = self._apply(work.columns.take(self._worth(work.columns)))
            changes += self._new_of(work.draft.strangers)
            if not (_emergencies(work.columns) or _press(work.draft.strangers)):
                return None
        return Verdict([c for c in changes if _red(c)])

    def _new_of(self, strangers: Sequence[Stranger]) -> list[Change]:
        runs = Runs(self._runs)
        changes = stranger_alerts(strangers, seen=self._seen, runs=runs)
        for stranger in strangers:
            if not stranger.word.ends:
                self._strangers.pop(stranger.key, None)
                self._strangers[stranger.key] = stranger.at
        for key, run in runs.changed.items():
            self._runs.pop(key, None)
            if run is not None:
                self._runs[key] = run
        for memory in (self._strangers, self._runs):
            while len(memory) > _STRANGERS:
                del memory[next(iter(memory))]
        return changes

    def _seen(self, key: StrangerKey, *, onset: int, window: int) -> bool:
        last = self._strangers.get(key)
        return last is not None and abs(onset - last) < window


def _one(topic: bytes, payload: bytes, received: int) -> Messages:
    return Messages(
        [topic],
        [payload],
        np.array([received], np.int64),
        np.zeros(1, np.int64),
        np.zeros(1, np.uint8),
        0,
    )


def _emergencies(rows: Readings) -> bool:
    said = (rows.sos == Sos.PRESSED) | (rows.fall == Fall.CONFIRMED)
    return bool((said & ~rows.has(Flag.TEST)).any())


def _press(strangers: Sequence[Stranger]) -> bool:
    return any(not stranger.word.ends for stranger in strangers)


def _red(change: Change) -> bool:
    return change.kind is ChangeKind.RAISED and change.severity is Severity.RED and not change.test
