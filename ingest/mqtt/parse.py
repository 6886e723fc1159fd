"""The stream of a broker to messages, a whole received chunk at a time.

Brokers send hundreds of PUBLISH packets in one read. One loop cuts them out of the chunk into
parallel lists; nothing else happens to a message here. A packet that is not yet whole waits for
its rest. One larger than the limit is cut off at it and its rest is dropped as it comes, so that
no message can fill the memory; being far beyond what a decoder takes, it ends as a reject.
"""

from __future__ import annotations

from typing import NamedTuple

from ingest.mqtt.packets import PUBLISH, ProtocolError

LARGEST = 8 * 1024 * 1024
"""Bytes of a packet that are kept."""


class Parsed(NamedTuple):
    """What a chunk completed: its messages as parallel columns, and the packets between them."""

    topics: list[bytes]
    payloads: list[bytes]
    packets: list[int]
    """Packet id of each message; 0 at QoS 0."""
    firsts: bytearray
    """First byte of each PUBLISH: DUP, QoS and RETAIN are its lower half."""
    others: list[tuple[int, bytes]]
    """First byte and body of what is no PUBLISH, in order."""

    @classmethod
    def nothing(cls) -> Parsed:
        return cls([], [], [], bytearray(), [])


class Parser:
    """Of one connection: fed with what the socket gave, in whatever cuts."""

    def __init__(self, largest: int = LARGEST) -> None:
        self._largest = largest
        self._waiting: list[bytes] = []  # pieces of a packet that is not whole yet
        self._held = self._needed = 0  # bytes in them; bytes without which parsing is no use
        self._to_drop = 0  # bytes still to come of a packet that was cut off

    def feed(self, data: bytes) -> Parsed:
        """Everything that is whole by now. ProtocolError for what is no MQTT."""
        out = Parsed.nothing()
        if self._to_drop:
            dropped = min(self._to_drop, len(data))
            self._to_drop -= dropped
            data = data[dropped:]
        if self._waiting:
            self._waiting.append(data)
            self._held += len(data)
            if self._held < self._needed:
                return out
            data = b"".join(self._waiting)
            self._waiting.clear()
        self._keep(data, self._cut(data, out))
        return out

    def _keep(self, data: bytes, start: int) -> None:
        if start < len(data):
            rest = data[start:]
            self._waiting, self._held = [rest], len(rest)

    def _cut(self, data: bytes, out: Parsed) -> int:
        """Cut out what is whole; where the rest begins. One loop, as it runs for every message."""
        topics, payloads, packets, firsts, others = out
        at, end = 0, len(data)
        while at + 2 <= end:
            first, size, body = data[at], data[at + 1], at + 2
            if size > 0x7F:
                if at + 2 < end and data[at + 2] < 0x80:
                    size, body = size & 0x7F | data[at + 2] << 7, at + 3
                else:
                    size, body = _long_size(data, at + 1)
                if body < 0:
                    self._needed = end - at + 1
                    break
            stop = kept = body + size
            if size > self._largest:
                kept = body + self._largest
            if kept > end:
                self._needed = kept - at
                break
            if first & 0xF0 != PUBLISH:
                others.append((first, data[body:kept]))
            else:
                name = body + 2
                start = name + (data[body] << 8 | data[body + 1]) if size >= 2 else stop + 1
                packet = 0
                topic_end = start
                if first & 0x06:
                    start += 2
                    if start <= kept:
                        packet = data[topic_end] << 8 | data[topic_end + 1]
                if start > kept:
                    raise ProtocolError("a PUBLISH that is shorter than its own fields")
                topics.append(data[name:topic_end])
                payloads.append(data[start:kept])
                packets.append(packet)
                firsts.append(first)
            if stop > end:
                self._to_drop, stop = stop - end, end
            at = stop
        return at


def _long_size(data: bytes, at: int) -> tuple[int, int]:
    """A remaining length of more than one byte, and where the body begins; -1 while it is not
    whole."""
    size = shift = 0
    for place in range(at, min(at + 4, len(data))):
        byte = data[place]
        size |= (byte & 0x7F) << shift
        shift += 7
        if not byte & 0x80:
            return size, place + 1
    if len(data) >= at + 4:
        raise ProtocolError("a remaining length of more than four bytes")
    return 0, -1
