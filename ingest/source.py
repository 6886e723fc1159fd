"""Where messages come from: what the rest of ingest asks of a source, and what it hands over.

A source hands over messages in the order it received them, marks those that come while it is
still catching up, and says when it has caught up. It forgets a message only when it is
acknowledged: until then the broker holds it.
"""

from collections.abc import Sequence
from hashlib import blake2b
from typing import NamedTuple, Protocol


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

    def digest(self) -> bytes:
        """8 bytes of BLAKE2b over topic and payload."""
        topic = self.topic.encode("utf-8", "surrogatepass")
        return blake2b(topic + b"\0" + self.payload, digest_size=8).digest()


class Batch(NamedTuple):
    deliveries: Sequence[Delivery]
    caught_up: int | None
    """µs UTC at which the session had caught up, behind the last delivery; else None."""


class Source(Protocol):
    def take(self, timeout: float) -> Batch:
        """The next batch; an empty one after `timeout` seconds without a message."""

    def ack(self, deliveries: Sequence[Delivery]) -> None:
        """Everything these said is committed. Acknowledging twice does no harm."""

    @property
    def catching_up(self) -> bool:
        """From connecting until caught up: time must stand still."""

    def close(self) -> None: ...
