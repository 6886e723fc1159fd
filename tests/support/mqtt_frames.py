"""MQTT packets in a stream of bytes, for a proxy that alters them and for a fast publisher."""

import socket
from collections.abc import Iterable, Iterator
from itertools import islice

from tests.support.proxy import Filter

_PUBLISH, _DUP = 0x30, 0x08


def length(size: int) -> bytes:
    """The remaining length as MQTT writes it."""
    out = bytearray()
    while True:
        size, low = divmod(size, 128)
        out.append(low | (0x80 if size else 0))
        if not size:
            return bytes(out)


def first(data: bytes | bytearray) -> tuple[int, int] | None:
    """Where the body of the first packet begins and where it ends; None while that is unknown."""
    size = 0
    for place, byte in enumerate(data[1:5]):
        size |= (byte & 0x7F) << (7 * place)
        if not byte & 0x80:
            return place + 2, place + 2 + size
    return None


def publish(topic: str, payload: bytes, packet: int, *, retain: bool = False) -> bytes:
    """A PUBLISH at QoS 1."""
    name = topic.encode()
    body = len(name).to_bytes(2, "big") + name + packet.to_bytes(2, "big") + payload
    return bytes([0x32 | retain]) + length(len(body)) + body


def publish_all(port: int, messages: Iterable[tuple[str, bytes]], *, retain: bool = False) -> int:
    """Publish as fast as a broker on loopback takes it; back when all are acknowledged."""
    sent = 0
    with socket.create_connection(("127.0.0.1", port), timeout=60) as link:
        link.sendall(b"\x10\x10\x00\x04MQTT\x04\x02\x00\x3c\x00\x04many")
        answers = link.makefile("rb")
        assert answers.read(4)[0] == 0x20
        for window in _windows(messages, 500):
            numbered = enumerate(window, 1)
            link.sendall(b"".join(publish(t, p, n, retain=retain) for n, (t, p) in numbered))
            assert len(answers.read(4 * len(window))) == 4 * len(window)
            sent += len(window)
        answers.close()
        link.sendall(b"\xe0\x00")
    return sent


def _windows(messages: Iterable[tuple[str, bytes]], size: int) -> Iterator[list[tuple[str, bytes]]]:
    rest = iter(messages)
    while window := list(islice(rest, size)):
        yield window


class ForgetsDup(Filter):
    """A broker's redeliveries lose their DUP flag on the way; each is noted in `forgotten`."""

    def __init__(self, forgotten: list[int]) -> None:
        self._rest, self._forgotten = bytearray(), forgotten

    def down(self, data: bytes) -> bytes:
        self._rest += data
        out = bytearray()
        while (found := first(self._rest)) is not None and len(self._rest) >= found[1]:
            packet, self._rest = self._rest[: found[1]], self._rest[found[1] :]
            if packet[0] & 0xF0 == _PUBLISH and packet[0] & _DUP:
                packet[0] &= ~_DUP
                self._forgotten.append(len(packet))
            out += packet
        return bytes(out)
