"""A publisher fast enough not to be the limit: QoS 1 over a raw socket, packets made beforehand.

Run as a process of its own: `python -m bench.generator PORT COUNT RATE SPEAKERS_FILE`. Says
`begin` and the time (time.time) when its packets are made, and ends when the broker has
acknowledged all of them. RATE in messages a second; 0: as fast as the broker takes them.
SPEAKERS_FILE: a list of [topic, [device, ...]]; with devices, a message is an array of a reading
for each.

At a rate, a reading's device time is the moment at which it is due, so that the time from then
to its commit includes whatever waits on the way.
"""

import json
import selectors
import socket
import struct
import sys
import time
from collections.abc import Sequence
from pathlib import Path

_WINDOW = 4_000  # unacknowledged at most
_CHUNK = 200  # packets a write
_UNHURRIED = 50_000  # device times a second, where messages have no due time
_MAKING_S = 30e-6  # time to make a reading, generously: the first is due after all are made

Speaker = tuple[str, list[str]]
"""A topic, and the devices of its arrays; none: single readings."""


def connect(port: int, client_id: str) -> socket.socket:
    """An MQTT 3.1.1 session on loopback, clean, without keep-alive."""
    link = socket.create_connection(("127.0.0.1", port))
    link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    name = client_id.encode()
    body = b"\x00\x04MQTT\x04\x02\x00\x00" + struct.pack(">H", len(name)) + name
    link.sendall(b"\x10" + _length(len(body)) + body)
    if link.recv(4)[:1] != b"\x20":
        raise ConnectionError("the broker refused the generator")
    return link


def publish_packet(topic: str, payload: bytes, packet: int) -> bytes:
    name = topic.encode()
    body = struct.pack(">H", len(name)) + name + struct.pack(">H", packet) + payload
    return b"\x32" + _length(len(body)) + body


def reading(n: int, ts_ms: int) -> dict[str, object]:
    """What a mattress says; the key (ts, device, seq) never comes twice."""
    return {
        "ts": ts_ms,
        "seq": n,
        "in_bed": True,
        "heart_rate": 60 + n % 20,
        "respiratory_rate": 14.5,
        "movement": n % 7,
    }


def packets(speakers: Sequence[Speaker], times_ms: Sequence[int]) -> list[bytes]:
    """A message for each time, the speakers taking turns."""
    out = []
    for n, ts_ms in enumerate(times_ms):
        topic, devices = speakers[n % len(speakers)]
        said: object = reading(n, ts_ms)
        if devices:
            said = [{"device": device, **reading(n, ts_ms)} for device in devices]
        payload = json.dumps(said, separators=(",", ":")).encode()
        out.append(publish_packet(topic, payload, n % 65_535 + 1))
    return out


def send(link: socket.socket, made: list[bytes], *, rate: float, begin: float) -> None:
    """Until the broker has acknowledged all of them; at a rate from `begin` (time.time) on."""
    link.setblocking(False)
    waiting = selectors.DefaultSelector()
    waiting.register(link, selectors.EVENT_READ)
    sent = received = 0
    unsent = b""
    while received < 4 * len(made):
        due = len(made) if rate == 0 else min(len(made), int((time.time() - begin) * rate))
        if not unsent and sent < due and sent - received // 4 < _WINDOW:
            until = min(sent + _CHUNK, due)
            unsent, sent = b"".join(made[sent:until]), until
        if unsent:
            unsent = unsent[_sent(link, unsent) :]
        for _ in waiting.select(0 if unsent or (rate == 0 and sent < due) else 0.001):
            received += len(link.recv(65_536))


def _sent(link: socket.socket, content: bytes) -> int:
    try:
        return link.send(content)
    except BlockingIOError:
        return 0


def _length(n: int) -> bytes:
    out = bytearray()
    while True:
        n, low = divmod(n, 128)
        out.append(low | (0x80 if n else 0))
        if not n:
            return bytes(out)


def main() -> None:
    port, count, rate = int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3])
    speakers: list[Speaker] = json.loads(Path(sys.argv[4]).read_text())
    readings = count * max(1, len(speakers[0][1]))
    begin = time.time() + (0.5 + readings * _MAKING_S if rate else 0)
    step = 1_000 / (rate or _UNHURRIED)
    made = packets(speakers, [int(1_000 * begin + n * step) for n in range(count)])
    link = connect(port, f"bench-{time.time_ns()}")
    print("begin", max(begin, time.time()), flush=True)
    send(link, made, rate=rate, begin=begin)


if __name__ == "__main__":
    main()
