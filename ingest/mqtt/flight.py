"""What the broker has delivered at QoS 1 and not yet had acknowledged."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np
from numpy.typing import NDArray

from ingest.mqtt.packets import Ids
from ingest.source import Mark, Messages
from schemas.times import NEVER


class Flight:
    """By packet id: topic and payload of the message that it stands for at present.

    Bounded by MQTT itself: there are 65,535 packet ids. The messages are those that are held
    anyway, no copies.

    Some brokers (NATS) deliver again, within a connection, what is not acknowledged for a while. An
    acknowledgement that crosses such a redelivery frees the packet id, and the message comes once
    more under a new one: nobody could tell it from another that says the same. So what was
    delivered last long ago is not acknowledged when it is settled but when it comes again: then the
    next repetition is far away. A broker that is seen not to repeat itself is spared that, until
    it is seen to do so after all: it may only have been late.
    """

    def __init__(self) -> None:
        self._messages: dict[int, tuple[bytes, bytes]] = {}
        self._again: dict[int, int] = {}  # received (µs) of the last repetition
        self._settled: set[int] = set()  # and to be acknowledged when they come again
        self._due: list[int] = []
        self._repeats: bool | None = None  # whether the broker does; None: not seen yet
        self._before: set[int] = set()  # delivered over an earlier connection

    def __len__(self) -> int:
        return len(self._messages)

    def admit(self, messages: Messages) -> Messages:
        """Without redeliveries (DUP) of what is still being worked on: the acknowledgement of the
        first copy settles both."""
        if messages.has(Mark.DUP).any():
            return messages.take(self._new(messages))
        asked = messages.take(messages.has(Mark.QOS1))
        self._settled.difference_update(asked.packets.tolist())  # numbers given anew
        contents = zip(asked.topics, asked.payloads, strict=True)
        self._messages.update(zip(asked.packets.tolist(), contents, strict=True))
        return messages

    def _new(self, messages: Messages) -> NDArray[np.bool_]:
        """One by one, as a redelivery may stand right behind its first copy."""
        new = np.ones(len(messages), bool)
        packets, again = messages.packets.tolist(), messages.has(Mark.DUP).tolist()
        for place, content in enumerate(zip(messages.topics, messages.payloads, strict=True)):
            packet = packets[place]
            if again[place] and self._messages.get(packet) == content:
                new[place] = False
                self._repeated(packet, int(messages.received[place]))
            elif packet:
                self._messages[packet] = content
                self._settled.discard(packet)
        return new

    def _repeated(self, packet: int, received: int) -> None:
        if packet in self._before:
            self._before.discard(packet)  # every broker delivers again what a lost connection left
        else:
            self._repeats = True
        if packet in self._settled:
            self._due.append(packet)
            self._forget(packet)
        else:
            self._again[packet] = received

    def due(self) -> Ids:
        """Settled before, come again meanwhile: to be acknowledged now."""
        due, self._due = self._due, []
        return np.array(due, np.int64)

    def settle(self, messages: Messages, *, since: int = NEVER) -> Ids:
        """Forget what is committed; the packet ids to acknowledge.

        A packet id may stand for another message by now, where the broker began to number anew.
        That one is not committed: it is told by its topic, which is an object of its own in each
        delivery. Of a broker that may repeat itself, what it delivered last before `since` (µs) is
        kept back until it comes again, or the caller says that it is `late`.
        """
        standing = self._messages
        settled = [
            packet
            for packet, topic in zip(messages.packets.tolist(), messages.topics, strict=True)
            if (content := standing.get(packet)) is not None and content[0] is topic
        ]
        old = len(messages) > 0 and messages.received[0] < since
        if old and self._repeats is not False:
            settled = self._keep_back(settled, messages, since)
        if self._again:
            for packet in settled:
                self._again.pop(packet, None)
        for packet in settled:
            del standing[packet]
        if self._before:
            self._before.difference_update(settled)
        return np.array(settled, np.int64)

    def _keep_back(self, settled: list[int], messages: Messages, since: int) -> list[int]:
        """Those of the settled that may be acknowledged at once."""
        received: list[int] = messages.received.tolist()
        last = dict(zip(messages.packets.tolist(), received, strict=True)) | self._again
        early = {packet for packet in settled if last[packet] < since}
        self._settled |= early
        return [packet for packet in settled if packet not in early]

    def late(self, packets: Collection[int]) -> Ids:
        """Of those that were kept back, the ones that have not come again: acknowledge them."""
        late = [packet for packet in packets if packet in self._settled]
        if late and self._repeats is None:
            self._repeats = False
        for packet in late:
            self._forget(packet)
        return np.array(late, np.int64)

    @property
    def kept_back(self) -> frozenset[int]:
        return frozenset(self._settled)

    def _forget(self, packet: int) -> None:
        del self._messages[packet]
        self._again.pop(packet, None)
        self._settled.discard(packet)

    def reconnected(self) -> None:
        """What comes again from here on may do so for the first time."""
        self._before = set(self._messages)

    def forget(self) -> None:
        """The broker has kept no session: its packet ids mean nothing any more."""
        self._messages.clear()
        self._again.clear()
        self._settled.clear()
        self._due.clear()
        self._before.clear()
