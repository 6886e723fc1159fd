"""The watch over commits: a thread that sees to it that emergencies get out when the store is not
there to take them.

It looks through what ingest holds uncommitted and listens aside for the rest. What the store has
not taken in time goes into the journal and then to every station of its ladder. It waits neither
for the store nor for the ingest thread, and ends its listening by itself when commits come
through again.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import NamedTuple, Protocol

import structlog

from ingest.clock import Clock
from ingest.emergency.aside import Aside
from ingest.emergency.cards import Routes, letters
from ingest.emergency.ear import Ear
from ingest.emergency.journal import Heard
from ingest.emergency.ledger import Entry, Ledger, Way
from ingest.emergency.progress import Patience, Progress, Stage, stage
from ingest.log import digest
from ingest.metrics import Metrics
from ingest.source import Mark, Messages
from schemas.alerts import Alert, fold

logger = structlog.get_logger(__name__)

_TICK_S = 0.05
_AT_ONCE = 500  # messages looked at before the watch looks round again
_LINGER_S = 10.0  # the session aside stays so long after the store is well: it may not last
_DRAINED_S = 60.0  # after which no QoS 1 copy can still come (NATS: its ack_wait, 30 s)
_NARROW = 500  # a window that one burst fills, before anybody could begin to listen aside
_STOPPED_S = 1.0  # between two looks: the process itself was stopped


class Holding(Protocol):
    """What the watch asks of a source: see `ingest.source.Source`."""

    @property
    def unacknowledged(self) -> int: ...

    @property
    def catching_up(self) -> bool: ...

    def waiting(self) -> list[Messages]: ...


class Parts(NamedTuple):
    """What the watch is put together from."""

    progress: Progress
    source: Holding
    ear: Ear
    ledger: Ledger
    aside: Aside
    clock: Clock
    metrics: Metrics
    lost: Callable[[], bool]
    """Another copy has taken over: what is held here is in its hands."""


class Watch:
    """From `start` to `close`."""

    def __init__(self, parts: Parts, patience: Patience) -> None:
        self._parts, self._patience = parts, patience
        self._clock, self._metrics = parts.clock, parts.metrics
        self._routes: Routes | None = None
        self._looked_until = 0  # received, µs
        self._last_look = self._clock.monotonic()
        self._awake_since = self._trouble_at = self._unsettled_at = self._last_look
        self._sent: list[tuple[int, Callable[[], None]]] = []
        self._others: list[tuple[Alert, Callable[[], None]]] = []
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._run, name="watch", daemon=True)

    def follow(self, routes: Routes) -> None:
        self._routes = routes

    def tell(self, alert: Alert, done: Callable[[], None]) -> None:
        """Send an alert that is in the store to its ladder; `done` once the broker has it."""
        self._others.append((alert, done))

    def start(self) -> None:
        self._thread.start()

    def close(self) -> None:
        self._ending.set()
        if self._thread.is_alive():
            self._thread.join(5)
        self._parts.aside.close()

    def _run(self) -> None:
        while not self._ending.is_set():
            try:
                self._look_round()
            except Exception:  # whatever fails once, the next emergency must get out
                logger.exception("the watch over commits stumbled")
                self._ending.wait(_TICK_S)

    # One look round

    def _look_round(self) -> None:
        now = self._clock.monotonic()
        if now - self._last_look > _STOPPED_S:
            self._awake_since = now
        self._last_look = now
        found = self._stage(now)
        if found is not Stage.WELL or self._patience.window < _NARROW:
            self._trouble_at = now
            self._parts.aside.listen()
        if found is not Stage.WELL:
            self._look_through_held()
        self._listen()
        self._let_go(found, self._clock.monotonic())
        self._send_others()
        self._rest(found, now)
        self._metrics.listening_aside.set(self._parts.aside.listening)
        self._metrics.journal.set(len(self._parts.ledger))

    def _stage(self, now: float) -> Stage:
        """A process that was stopped gets its time anew: it may have lost its partition, and
        another copy may have committed what it still holds."""
        at_work = self._parts.progress.at_work
        stuck = None if at_work is None else now - max(at_work[0], self._awake_since)
        unacknowledged = self._parts.source.unacknowledged
        return stage(stuck, unacknowledged=unacknowledged, patience=self._patience)

    def _look_through_held(self) -> None:
        """What came over QoS 1 and is not committed: at work, and behind it."""
        for messages in [*self._parts.progress.held, *self._parts.source.waiting()]:
            if not len(messages) or messages.received[-1] <= self._looked_until:
                continue
            new = messages.take(messages.received > self._looked_until)
            self._looked_until = int(new.received[-1])
            for place in self._parts.ear.places(new):
                if not int(new.marks[place]) & Mark.RETAIN:
                    found = new.topics[place], new.payloads[place]
                    self._hear(*found, int(new.received[place]), "held")

    def _listen(self) -> None:
        if not self._parts.aside.listening:
            self._ending.wait(_TICK_S)
            return
        timeout = _TICK_S
        for _ in range(_AT_ONCE):
            heard = self._parts.aside.take(timeout)
            if heard is None:
                return
            timeout = 0
            self._hear(heard.topic, heard.payload, heard.received, "aside")

    def _hear(self, topic: bytes, payload: bytes, received: int, way: Way) -> None:
        mark = digest(topic, payload).hex()
        if self._parts.ledger.joins(mark, received, way):
            return
        verdict = self._parts.ear.hear(topic, payload, received)
        if verdict is None:
            return
        ids = tuple(change.id for change in verdict.changes)
        heard = Heard(mark, topic.decode("utf-8", "replace"), received, ids)
        since = self._clock.monotonic()
        self._parts.ledger.add(Entry(heard, since, verdict.changes, {way}))

    # Out

    def _let_go(self, found: Stage, now: float) -> None:
        """What waits for too long, or all that is heard while the store does not take anything."""
        if now - self._awake_since < self._patience.ahead_s or self._parts.lost():
            return
        before = now if found is Stage.AHEAD else now - self._patience.ahead_s
        for entry in self._parts.ledger.go(heard_before=before):
            for change in entry.changes:
                alert = fold(None, change, raised=self._clock.now(), station=None)
                logger.warning("alert goes ahead of the store", alert=alert.id, rule=alert.rule)
                self._send(alert, stored=False)
                self._metrics.ahead.inc()

    def _send_others(self) -> None:
        while self._others:
            alert, done = self._others.pop(0)
            logger.warning("no stations copy takes an alert", alert=alert.id, rule=alert.rule)
            self._send(alert, stored=True, done=done)
            self._metrics.unattended.inc()
        left = []
        for number, done in self._sent:
            if self._parts.aside.has_taken(number):
                done()
            else:
                left.append((number, done))
        self._sent = left

    def _send(self, alert: Alert, *, stored: bool, done: Callable[[], None] = lambda: None) -> None:
        ladder = self._routes.ladder(alert.home, alert.gateway) if self._routes else ()
        if not ladder:
            logger.error("no station to tell: the directory holds none", alert=alert.id)
        sent = [self._parts.aside.send(letter) for letter in letters(alert, ladder, stored=stored)]
        self._sent += [(number, lambda: None) for number in sent[:-1]]
        self._sent += [(number, done) for number in sent[-1:]]

    # Back to rest

    def _rest(self, found: Stage, now: float) -> None:
        aside, ledger, source = self._parts.aside, self._parts.ledger, self._parts.source
        busy = self._sent or ledger.pending() or now - self._trouble_at < _LINGER_S
        if aside.is_open and not busy:
            aside.close()
        filling = 4 * source.unacknowledged >= self._patience.window
        if found is not Stage.WELL or filling or source.catching_up:
            self._unsettled_at = now
        if len(ledger) and not ledger.pending() and now - self._unsettled_at > _DRAINED_S:
            left = ledger.forget()
            logger.warning("what went ahead of the store never came to it", messages=left)
