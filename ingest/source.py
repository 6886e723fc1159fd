"""Where messages come from: what the rest of ingest asks of a source, and what it hands over.

A source hands over messages in the order it received them, marks those that come while it is
still catching up, and says when it has caught up. It forgets a message only when it is
acknowledged: until then the broker holds it.

A batch is parallel columns: at fifty thousand messages a second an object for each would cost more
than everything else that is done with it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntFlag
from itertools import compress
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray


class Mark(IntFlag):
    """What is known of a message beside its words; bits as the first byte of an MQTT PUBLISH has
    them."""

    RETAIN = 0x01
    QOS1 = 0x02
    DUP = 0x08
    BACKLOG = 0x10
    """Received while catching up: does not move the watermark."""


# Plain integers: an operation on members of an enumeration takes a microsecond.
_RETAIN, _DUP, _BACKLOG = int(Mark.RETAIN), int(Mark.DUP), int(Mark.BACKLOG)


class Delivery(NamedTuple):
    """One message as the broker delivered it."""

    topic: str
    payload: bytes
    received: int
    """µs UTC, from the composition root's clock."""
    qos: int
    retain: bool
    dup: bool
    packet: int
    """MQTT packet id; 0 for QoS 0."""
    session: int
    """Which broker session numbered the packet; ids of another session mean nothing."""
    backlog: bool
    """Received while catching up: does not move the watermark."""


@dataclass(frozen=True, slots=True)
class Messages:
    """Messages in the order they were received, as columns of one length; all of one session."""

    topics: list[bytes]
    """As they came: a broker should have refused what is not UTF-8, but may not have."""
    payloads: list[bytes]
    received: NDArray[np.int64]
    """µs UTC, strictly increasing, from batch to batch too."""
    packets: NDArray[np.int64]
    """What the source calls each message: MQTT's packet id; 0 for QoS 0."""
    marks: NDArray[np.uint8]
    """`Mark` bits."""
    session: int
    """Which broker session numbered the packets; ids of another session mean nothing."""

    @classmethod
    def of(cls, deliveries: Sequence[Delivery]) -> Messages:
        """Of single messages of one session: for a replay, or a test."""
        return cls(
            [d.topic.encode("utf-8", "surrogatepass") for d in deliveries],
            [d.payload for d in deliveries],
            np.array([d.received for d in deliveries], np.int64),
            np.array([d.packet for d in deliveries], np.int64),
            np.array([_marks(d) for d in deliveries], np.uint8),
            deliveries[0].session if deliveries else 0,
        )

    @classmethod
    def none(cls, session: int = 0) -> Messages:
        nothing = np.zeros(0, np.int64)
        return cls([], [], nothing, nothing, np.zeros(0, np.uint8), session)

    def __len__(self) -> int:
        return len(self.payloads)

    def __getitem__(self, place: int) -> Delivery:
        """One message as an object, for what is not done for whole columns."""
        marks = int(self.marks[place])
        return Delivery(
            self.topics[place].decode("utf-8", "replace"),
            self.payloads[place],
            int(self.received[place]),
            marks >> 1 & 3,
            bool(marks & _RETAIN),
            bool(marks & _DUP),
            int(self.packets[place]),
            self.session,
            bool(marks & _BACKLOG),
        )

    def has(self, mark: Mark) -> NDArray[np.bool_]:
        """Which messages carry a mark: bool, one a message."""
        found: NDArray[np.bool_] = (self.marks & mark.value) != 0
        return found

    def take(self, rows: slice | NDArray[np.bool_]) -> Messages:
        """Those in a range, or where a mask is true."""
        if isinstance(rows, slice):
            topics, payloads = self.topics[rows], self.payloads[rows]
        elif rows.all():
            return self
        else:
            kept = rows.tolist()
            topics, payloads = (
                list(compress(self.topics, kept)),
                list(compress(self.payloads, kept)),
            )
        return Messages(
            topics,
            payloads,
            self.received[rows],
            self.packets[rows],
            self.marks[rows],
            self.session,
        )

    def deliveries(self) -> list[Delivery]:
        """All of them as objects."""
        return [self[place] for place in range(len(self))]


def _marks(delivery: Delivery) -> int:
    return (
        delivery.retain * Mark.RETAIN
        | delivery.qos << 1
        | delivery.dup * Mark.DUP
        | delivery.backlog * Mark.BACKLOG
    )


class Batch(NamedTuple):
    messages: Messages
    caught_up: int | None
    """µs UTC at which the session had caught up, behind the last message; else None."""


class Source(Protocol):
    """A broker session or a log. One thread takes and acknowledges."""

    def take(self, timeout: float) -> Batch:
        """The next batch; an empty one after `timeout` seconds without a message."""

    def take_full(self) -> Batch | None:
        """The next batch, if it is full; None while there is room in it."""

    def ack(self, messages: Messages) -> None:
        """Everything that these said is committed. Twice does no harm."""

    @property
    def catching_up(self) -> bool:
        """From connecting until caught up: time must stand still."""

    @property
    def unacknowledged(self) -> int:
        """Messages that the broker waits to have acknowledged, taken or not."""

    def waiting(self) -> list[Messages]:
        """What is held and not yet taken, in order; it stays. For any thread."""

    def close(self) -> None:
        """Leave at once; the broker holds what was not acknowledged. For any thread."""
