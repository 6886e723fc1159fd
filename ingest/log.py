"""What a transaction leaves in the batch log: enough to judge it again, and to know it again.

The rows as the rules saw them, the moves of the clock, and which packets were in it, so that a
redelivery of a committed message is recognised after a restart (I2).
"""

from collections.abc import Iterable

import msgspec

from ingest.source import Delivery
from schemas.readings import Readings


class Entry(msgspec.Struct, array_like=True):
    """One committed batch. `advanced` and `resumed` are µs UTC, None where the clock stood."""

    readings: bytes
    resumed: int | None
    advanced: int | None
    last_received: int
    session: str
    """Names the broker session that numbered the packets; ids of another one mean nothing."""
    packets: list[int]
    digests: bytes
    """8 bytes for each packet, in the same order."""

    def rows(self) -> Readings:
        return Readings.from_bytes(self.readings)


def encode(entry: Entry) -> bytes:
    return msgspec.msgpack.encode(entry)


def decode(content: bytes) -> Entry:
    """msgspec.ValidationError for content of another form."""
    return msgspec.msgpack.decode(content, type=Entry)


_REMEMBERED = 30_000


class CommittedPackets:
    """The packets committed last, by packet id: less than half of the 65,535 ids.

    Brokers number packets round and round. Older ones must be forgotten: their ids come to stand
    for other messages, which may say the very same (a button's "" after each press).
    """

    def __init__(self) -> None:
        self._digests: dict[int, bytes] = {}  # oldest first

    def add(self, packets: Iterable[int], digests: bytes) -> None:
        for place, packet in enumerate(packets):
            self._digests.pop(packet, None)
            self._digests[packet] = digests[8 * place : 8 * place + 8]
        while len(self._digests) > _REMEMBERED:
            del self._digests[next(iter(self._digests))]

    def holds(self, delivery: Delivery) -> bool:
        """Whether a redelivery (DUP) repeats what is committed already."""
        return delivery.dup and self._digests.get(delivery.packet) == delivery.digest()

    def forget(self) -> None:
        """The broker has begun a new session and numbers its packets anew."""
        self._digests.clear()
