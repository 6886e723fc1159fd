"""The devices' latest state, carried to the store at most once a second, beside the hot path.

It is for people to look at, and gives way: however many devices speak, it takes a fifth of the time
at most. `observe` never waits. What cannot be written now is kept, some dozen rows a device at
most, and written with the next attempt; what is lost by a kill, the batch log shows again at the
start.
"""

from collections.abc import Callable
from threading import Event, Lock, Thread

import psycopg
import structlog

from schemas.readings import Readings
from store import device_state

logger = structlog.get_logger(__name__)

_HELD = 100_000
"""Rows observed before they are thinned out."""
_REST, _MOST_S = 4, 30.0
"""It rests so many times as long as it was at work, but no longer than that."""


class Latest:
    """Give it every committed batch; a thread of its own does the rest until `close`."""

    def __init__(
        self,
        connect: Callable[[], psycopg.Connection],
        *,
        monotonic: Callable[[], float],
        every_s: float = 1.0,
    ) -> None:
        self._connect, self._monotonic, self._every_s = connect, monotonic, every_s
        self._lock, self._stopping = Lock(), Event()
        self._parts: list[Readings] = []
        self._held = 0
        self._connection: psycopg.Connection | None = None
        self._thread = Thread(target=self._run, name="latest", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def close(self) -> None:
        """Write what is left, if the store lets us, and end."""
        self._stopping.set()
        if self._thread.ident is not None:
            self._thread.join()

    def observe(self, readings: Readings) -> None:
        """Rows that have committed, in the order of receipt."""
        with self._lock:
            self._parts.append(readings)
            self._held += len(readings)
            if self._held > _HELD:
                self._parts = [device_state.keep(Readings.concat(self._parts))]
                self._held = 0

    def _run(self) -> None:
        rest = self._every_s
        while not self._stopping.wait(rest):
            began = self._monotonic()
            self._flush()
            rest = max(self._every_s, min(_REST * (self._monotonic() - began), _MOST_S))
        self._flush()
        self._disconnect()

    def _flush(self) -> None:
        with self._lock:
            parts, self._parts, self._held = self._parts, [], 0
        if not parts:
            return
        rows = Readings.concat(parts)
        try:
            if self._connection is None:
                self._connection = self._connect()
            device_state.write(self._connection, rows)
        except psycopg.Error as error:
            logger.warning("the devices' latest state could not be written", error=str(error))
            self._disconnect()
            with self._lock:
                self._parts.insert(0, device_state.keep(rows))

    def _disconnect(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None
