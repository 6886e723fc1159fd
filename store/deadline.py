"""An end to waiting for a store that does not answer.

TCP ends a connection whose peer is gone (see `store.connect`). It cannot see a link that stays
open and carries nothing any more: a load balancer, a pooler, a tunnel that hangs. Whoever works
under a deadline gets psycopg.OperationalError then, as from any lost connection.
"""

import os
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import psycopg

_MOST = 32  # times as long


class Deadline:
    """Ends the connection at work after `seconds` to 1.5 × `seconds` without an end of the work.

    After each time it has done so it waits twice as long, up to 32 times, until it is told that
    the work was `done`: what only takes long must not be cut short for ever. One thread looks twice
    in that time; work itself costs no more than a counter. It says nothing about how far the work
    had come: ask `store.partition.settle`.
    """

    def __init__(self, seconds: float) -> None:
        self._pause = seconds / 2
        self._closed = threading.Event()
        self._lock = threading.Lock()
        self._turn = 0  # odd: at work
        self._longer = 1
        self._connection: psycopg.Connection | None = None
        self._thread = threading.Thread(target=self._watch, name="store deadline", daemon=True)
        self._thread.start()

    @contextmanager
    def on(self, connection: psycopg.Connection) -> Iterator[None]:
        """Work on a connection; not nested."""
        with self._lock:
            self._connection = connection
            self._turn += 1
        try:
            yield
        finally:
            with self._lock:
                self._connection = None
                self._turn += 1

    def done(self) -> None:
        """What had to be done is done: the next work gets no more than its usual time."""
        self._longer = 1

    def close(self) -> None:
        self._closed.set()
        self._thread.join()

    def _watch(self) -> None:
        seen, looks = 0, 0
        while not self._closed.wait(self._pause):
            with self._lock:
                looks = looks + 1 if self._turn == seen else 1
                seen = self._turn
                if self._connection is not None and looks > 2 * self._longer:
                    self._longer = min(2 * self._longer, _MOST)
                    _cut(self._connection)
                    self._connection = None


def _cut(connection: psycopg.Connection) -> None:
    """Both directions of the socket; the thread that waits on it is told at once."""
    gone = suppress(OSError, psycopg.OperationalError)
    with gone, socket.socket(fileno=os.dup(connection.fileno())) as link:
        link.shutdown(socket.SHUT_RDWR)
