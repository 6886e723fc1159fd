"""The MQTT source that ingest sees: a session on an event loop in a thread of its own.

The thread goes on reading, and answering the broker's keep-alive, however long a commit takes;
full, the queue makes it stop reading. The ingest thread takes and acknowledges; nothing else is
shared between the two.
"""

from __future__ import annotations

import asyncio
import random
import threading
from collections.abc import Callable
from contextlib import suppress

from ingest.mqtt.session import BrokerAddress, Session, SessionOptions
from ingest.queue import BatchQueue
from ingest.source import Batch, Messages

_LEAVE_WITHIN = 10.0  # seconds


class MqttSource:
    """See `ingest.source.Source`. `now` gives µs UTC; `rng` spreads the attempts to reconnect.

    `may_connect` is asked before every attempt, on the session's thread: a copy that does not own
    its partition must not take the session from the one that does.
    """

    def __init__(
        self,
        address: BrokerAddress,
        options: SessionOptions,
        *,
        queue: BatchQueue,
        now: Callable[[], int],
        rng: random.Random,
        may_connect: Callable[[], bool] = lambda: True,
    ) -> None:
        self._queue = queue
        self._session = Session(
            address, options, queue=queue, now=now, rng=rng, may_connect=may_connect
        )
        self._loop = asyncio.new_event_loop()
        self._held: asyncio.Task[None] | None = None
        self._thread = threading.Thread(target=self._run, name="mqtt session", daemon=True)

    def open(self) -> None:
        """Begin to connect; goes on trying until closed."""
        self._held = self._loop.create_task(self._session.run())
        self._thread.start()

    def take(self, timeout: float) -> Batch:
        batch = self._queue.take(timeout)
        if self._held is not None and self._held.done() and not self._held.cancelled():
            self._held.result()  # a mistake of ours ended the thread: it ends ingest too
        self._read_on()
        return batch

    def take_full(self) -> Batch | None:
        batch = self._queue.take_full()
        self._read_on()
        return batch

    def _read_on(self) -> None:
        """Where there is room again."""
        if self._session.paused and not self._queue.full:
            self._tell(self._session.resume)

    def ack(self, messages: Messages) -> None:
        if len(messages):
            self._tell(self._session.settle, messages)

    def waiting(self) -> list[Messages]:
        """What is held and not yet taken, in order; for any thread."""
        return self._queue.waiting()

    @property
    def catching_up(self) -> bool:
        return self._session.catching_up

    @property
    def connected(self) -> bool:
        return self._session.connected

    @property
    def reading(self) -> bool:
        """False while the queue is full: the broker is made to wait."""
        return not self._session.paused

    @property
    def connections(self) -> int:
        """How often the broker has accepted us."""
        return self._session.connections

    @property
    def queued(self) -> int:
        """Messages that wait to be taken."""
        return len(self._queue)

    @property
    def queued_bytes(self) -> int:
        """Their payload."""
        return self._queue.size

    @property
    def session(self) -> int:
        return self._session.number

    @property
    def unacknowledged(self) -> int:
        return self._session.unacknowledged

    def close(self) -> None:
        """Leave at once; the broker keeps the session and holds what was not acknowledged.

        For any thread, any number of times.
        """
        self._queue.close()
        if self._held is None:
            self._loop.close()
        else:
            self._tell(self._held.cancel)
            self._thread.join(_LEAVE_WITHIN)

    def _tell(self, what: Callable[..., object], *arguments: object) -> None:
        with suppress(RuntimeError):  # the loop is closed: nobody is left to do it
            self._loop.call_soon_threadsafe(what, *arguments)

    def _run(self) -> None:
        if self._held is not None:
            self._loop.run_until_complete(asyncio.wait([self._held]))
        self._loop.close()
        self._queue.close()
