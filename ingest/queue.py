"""The bounded queue between the session's thread and the ingest thread.

Whoever puts in asks whether it is full, and then reads no more from the broker: QoS 1 is held back
by the in-flight window long before, QoS 0 by TCP. One chunk of the network may go beyond the
bound; nothing is dropped here (I4).
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from ingest.source import Batch, Messages


class Limits(NamedTuple):
    messages: int
    payload: int  # bytes


class CaughtUp(NamedTuple):
    """Stands in the queue behind the last message of the backlog."""

    at: int


class _Held(NamedTuple):
    messages: Messages
    payload: int  # bytes
    since: float  # monotonic
    urgent: bool


_LOOKS = 5  # at whether others still come, while the first one waits for them


class BatchQueue:
    """Messages in order, taken in batches bounded by count, bytes and age.

    The first of a batch waits for others: `age` seconds at most, while they keep coming, and not
    with something `urgent` among them.
    """

    def __init__(
        self,
        *,
        held: Limits,
        batch: Limits,
        age: float,
        monotonic: Callable[[], float],
        urgent: Callable[[Messages], bool] = lambda _: False,
    ) -> None:
        self._held, self._batch, self._age = held, batch, age
        self._monotonic, self._urgent = monotonic, urgent
        self._items: deque[_Held | CaughtUp] = deque()
        self._count = self._size = 0
        self._pressing = 0  # items that nothing is to wait behind
        self._closed = False
        self._changed = threading.Condition()

    def __len__(self) -> int:
        """Messages held."""
        return self._count

    @property
    def size(self) -> int:
        """Payload bytes held."""
        return self._size

    @property
    def full(self) -> bool:
        return self._count >= self._held.messages or self._size >= self._held.payload

    def put(self, item: Messages | CaughtUp) -> None:
        """Add at the end; never waits."""
        with self._changed:
            if isinstance(item, CaughtUp):
                self._items.append(item)
                self._pressing += 1
            else:
                self._add(item)
            if len(self._items) == 1 or self._ready():
                self._changed.notify()

    def _add(self, messages: Messages) -> None:
        payload = sum(map(len, messages.payloads))
        held = _Held(messages, payload, self._monotonic(), self._urgent(messages))
        self._items.append(held)
        self._pressing += held.urgent
        self._count += len(messages)
        self._size += payload

    def take(self, timeout: float) -> Batch:
        """Up to a batch of one session, ended by a CaughtUp; empty after `timeout` seconds with
        nothing."""
        with self._changed:
            self._changed.wait_for(lambda: self._items or self._closed, timeout)
            self._linger()
            return self._pop()

    def take_full(self) -> Batch | None:
        """The next batch, if it is full."""
        with self._changed:
            return self._pop() if self._enough() else None

    def waiting(self) -> list[Messages]:
        """What is held, in order; it stays."""
        with self._changed:
            return [item.messages for item in self._items if isinstance(item, _Held)]

    def close(self) -> None:
        """Let nobody wait any more."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def _linger(self) -> None:
        """Give others a moment to join the first one, as long as there is no hurry."""
        first, seen = self._items[0] if self._items else None, 0
        while isinstance(first, _Held) and len(self._items) > seen:
            seen = len(self._items)
            left = first.since + self._age - self._monotonic()
            if left <= 0 or self._changed.wait_for(self._ready, min(left, self._age / _LOOKS)):
                return

    def _ready(self) -> bool:
        """Nothing is worth waiting for any more."""
        return self._closed or self._enough() or self._pressing > 0

    def _enough(self) -> bool:
        return self._count >= self._batch.messages or self._size >= self._batch.payload

    def _pop(self) -> Batch:
        taken: list[Messages] = []
        room, space = self._batch
        while self._items and room > 0 and space > 0:
            item = self._items[0]
            if isinstance(item, CaughtUp):
                self._items.popleft()
                self._pressing -= 1
                return Batch(_joined(taken), item.at)
            if taken and item.messages.session != taken[0].session:
                break
            part = self._cut(item, room, space)
            taken.append(part.messages)
            room -= len(part.messages)
            space -= part.payload
        return Batch(_joined(taken), None)

    def _cut(self, first: _Held, room: int, space: int) -> _Held:
        """Take as many messages off the front as fit, one at least."""
        self._items.popleft()
        self._pressing -= first.urgent
        part = first
        if len(first.messages) > room or first.payload > space:
            sizes = np.cumsum([len(payload) for payload in first.messages.payloads])
            fits = min(room, max(1, int(np.searchsorted(sizes, space, side="right"))))
            part = first._replace(
                messages=first.messages.take(slice(fits)), payload=int(sizes[fits - 1])
            )
            rest = first.messages.take(slice(fits, None))
            if len(rest):
                left = first.payload - part.payload
                self._items.appendleft(first._replace(messages=rest, payload=left))
                self._pressing += first.urgent
        self._count -= len(part.messages)
        self._size -= part.payload
        return part


def _joined(parts: list[Messages]) -> Messages:
    if not parts:
        return Messages.none()
    if len(parts) == 1:
        return parts[0]
    return Messages(
        [topic for part in parts for topic in part.topics],
        [payload for part in parts for payload in part.payloads],
        np.concatenate([part.received for part in parts]),
        np.concatenate([part.packets for part in parts]),
        np.concatenate([part.marks for part in parts]),
        parts[0].session,
    )
