"""What the broker has delivered at QoS 1 and not yet had acknowledged."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ingest.mqtt.packets import Ids
from ingest.source import Mark, Messages


class Flight:
    """By packet id: topic and payload of the message that it stands for at present.

    Bounded by MQTT itself: there are 65,535 packet ids. The messages are those that are held
    anyway, no copies.
    """

    def __init__(self) -> None:
        self._messages: dict[int, tuple[bytes, bytes]] = {}

    def __len__(self) -> int:
        return len(self._messages)

    def admit(self, messages: Messages) -> Messages:
        """Without redeliveries (DUP) of what is still being worked on: the acknowledgement of the
        first copy settles both."""
        if messages.has(Mark.DUP).any():
            return messages.take(self._new(messages))
        asked = messages.take(messages.has(Mark.QOS1))
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
            elif packet:
                self._messages[packet] = content
        return new

    def settle(self, messages: Messages) -> Ids:
        """Forget what is committed; the packet ids to acknowledge.

        A packet id may stand for another message by now, where the broker began to number anew.
        That one is not committed: it is told by its topic, which is an object of its own in each
        delivery.
        """
        standing = self._messages
        settled = [
            packet
            for packet, topic in zip(messages.packets.tolist(), messages.topics, strict=True)
            if (content := standing.get(packet)) is not None and content[0] is topic
        ]
        for packet in settled:
            del standing[packet]
        return np.array(settled, np.int64)

    def forget(self) -> None:
        """The broker has kept no session: its packet ids mean nothing any more."""
        self._messages.clear()
