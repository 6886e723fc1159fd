"""The bounded queue between the network thread and the ingest thread.

Full, it makes the network thread wait, and so the broker: QoS 1 is held back by the in-flight
window long before, QoS 0 by TCP. Nothing is dropped here (I4).
"""

import threading
from collections import deque
from collections.abc import Callable
from typing import NamedTuple

from ingest.source import Batch, Delivery, Messages


class Limits(NamedTuple):
    messages: int
    payload: int  # bytes


class CaughtUp(NamedTuple):
    """Stands in the queue behind the last message of the backlog."""

    at: int


class BatchQueue:
    """Deliveries in order, taken in batches bounded by count, bytes and age."""

    def __init__(
        self, *, held: Limits, batch: Limits, age: float, monotonic: Callable[[], float]
    ) -> None:
        self._held, self._batch, self._age = held, batch, age
        self._monotonic = monotonic
        self._items: deque[Delivery | CaughtUp] = deque()
        self._size = 0
        self._closed = False
        self._changed = threading.Condition()

    def __len__(self) -> int:
        return len(self._items)

    @property
    def size(self) -> int:
        """Payload bytes held."""
        return self._size

    def put(self, item: Delivery | CaughtUp) -> None:
        """Add at the end; waits while the queue is full, unless it is closed."""
        with self._changed:
            self._changed.wait_for(self._has_room)
            self._items.append(item)
            if isinstance(item, Delivery):
                self._size += len(item.payload)
            self._changed.notify_all()

    def take(self, timeout: float) -> Batch:
        """Up to a batch, ended by a CaughtUp; empty after `timeout` seconds with nothing."""
        with self._changed:
            self._changed.wait_for(lambda: self._items or self._closed, timeout)
            self._linger()
            taken, caught_up = self._pop()
            self._changed.notify_all()
            return Batch(Messages.of(taken), caught_up)

    def _pop(self) -> tuple[list[Delivery], int | None]:
        taken: list[Delivery] = []
        size = 0
        while self._items and len(taken) < self._batch.messages and size < self._batch.payload:
            item = self._items.popleft()
            if isinstance(item, CaughtUp):
                return taken, item.at
            if taken and item.session != taken[0].session:
                self._items.appendleft(item)
                break
            taken.append(item)
            size += len(item.payload)
            self._size -= len(item.payload)
        return taken, None

    def close(self) -> None:
        """Let nobody wait any more."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def _has_room(self) -> bool:
        room = len(self._items) < self._held.messages and self._size < self._held.payload
        return room or self._closed

    def _linger(self) -> None:
        """Give others a moment to join the first one, unless the batch is full already."""
        if not self._items or self._age <= 0:
            return
        until = self._monotonic() + self._age
        while len(self._items) < self._batch.messages and self._size < self._batch.payload:
            left = until - self._monotonic()
            if left <= 0 or self._closed or not self._changed.wait(left):
                return
