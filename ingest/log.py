"""What a transaction leaves in the batch log: enough to judge it again, and to know it again.

The rows as the rules saw them, the moves of the clock, and which packets were in it, so that a
redelivery of a committed message is recognised after a restart (I2).
"""

from hashlib import blake2b
from typing import NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from ingest.source import Mark, Messages
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
    """Of `Packets`, like the next two."""
    digests: bytes
    passed: int = 0

    def rows(self) -> Readings:
        return Readings.from_bytes(self.readings)

    def known(self) -> "Packets":
        return Packets(self.passed or len(self.packets), self.packets, self.digests)


def encode(entry: Entry) -> bytes:
    return msgspec.msgpack.encode(entry)


def decode(content: bytes) -> Entry:
    """msgspec.ValidationError for content of another form."""
    return msgspec.msgpack.decode(content, type=Entry)


class Packets(NamedTuple):
    """The packets of a batch that have to be known again, should they be delivered again.

    Those with a device time are known by the store's key on (ts, device, key) already.
    """

    passed: int
    """How many packets the batch had, these and others."""
    numbers: list[int]
    digests: bytes
    """8 bytes for each of `numbers`, in the same order: BLAKE2b over topic and payload."""

    def hex_digests(self) -> list[str]:
        return [self.digests[at : at + 8].hex() for at in range(0, len(self.digests), 8)]


def packets(messages: Messages, timeless: NDArray[np.bool_]) -> Packets:
    """`timeless`: which of the messages no key of the store would know again."""
    numbered = messages.has(Mark.QOS1)
    kept = messages.take(numbered & timeless)
    digests = b"".join(map(digest, kept.topics, kept.payloads))
    return Packets(int(numbered.sum()), kept.packets.tolist(), digests)


def digest(topic: bytes, payload: bytes) -> bytes:
    """8 bytes of BLAKE2b over topic and payload."""
    return blake2b(topic + b"\0" + payload, digest_size=8).digest()


_REMEMBERED = 30_000


class CommittedPackets:
    """What was in the packets committed last, by packet id: less than half of the 65,535 ids.

    Brokers number packets round and round. Older ones must be forgotten: their ids come to stand
    for other messages, which may say the very same (a button's "" after each press).
    """

    def __init__(self) -> None:
        self._passed = 0
        self._known: dict[int, tuple[bytes, int]] = {}
        """Digest, and how many packets had passed before its batch; oldest first."""

    def __len__(self) -> int:
        return len(self._known)

    def add(self, packets: Packets) -> None:
        for place, number in enumerate(packets.numbers):
            self._known.pop(number, None)
            self._known[number] = packets.digests[8 * place : 8 * place + 8], self._passed
        self._passed += packets.passed
        while self._known:
            number, (_, passed) = next(iter(self._known.items()))
            if self._passed - passed <= _REMEMBERED:
                return
            del self._known[number]

    def repeated(self, messages: Messages) -> NDArray[np.bool_]:
        """Which messages are redeliveries (DUP) of what is committed already: bool, one each."""
        found = messages.has(Mark.DUP)
        for place in np.flatnonzero(found).tolist():
            known = self._known.get(int(messages.packets[place]))
            found[place] = known is not None and known[0] == digest(
                messages.topics[place], messages.payloads[place]
            )
        return found

    def forget(self) -> None:
        """The broker has begun a new session and numbers its packets anew."""
        self._known.clear()
