"""A publisher fast enough not to be the limit: QoS 1 over a raw socket, packets made beforehand.

Run as a process of its own: `python -m bench.generator PORT COUNT RATE DEVICES_FILE`. Says
`begin` when its packets are made. RATE 0: as fast as the broker takes them.
"""

import json
import selectors
import socket
import struct
import sys
import time
from pathlib import Path

_WINDOW = 4_000  # unacknowledged at most
_CHUNK = 200  # packets a write


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


def packets(topics: list[str], count: int, start_ms: int) -> list[bytes]:
    """`count` single readings of a mattress, spread evenly over its topics."""
    out = []
    for n in range(count):
        reading = {
            "ts": start_ms + n // len(topics),
            "seq": n,
            "in_bed": True,
            "heart_rate": 60 + n % 20,
            "respiratory_rate": 14.5,
            "movement": n % 7,
        }
        payload = json.dumps(reading, separators=(",", ":")).encode()
        out.append(publish_packet(topics[n % len(topics)], payload, n % 65_535 + 1))
    return out


def send(link: socket.socket, made: list[bytes], rate: float) -> None:
    """Until the broker has acknowledged all of them."""
    link.setblocking(False)
    waiting = selectors.DefaultSelector()
    waiting.register(link, selectors.EVENT_READ | selectors.EVENT_WRITE)
    began = time.perf_counter()
    sent = received = 0
    unsent = b""
    while received < 4 * len(made):
        for _, ready in waiting.select(0.05):
            if ready & selectors.EVENT_READ:
                received += len(link.recv(65_536))
            if ready & selectors.EVENT_WRITE:
                if not unsent and sent < len(made) and sent - received // 4 < _WINDOW:
                    due = len(made) if rate == 0 else int((time.perf_counter() - began) * rate)
                    until = min(sent + _CHUNK, due, len(made))
                    unsent, sent = b"".join(made[sent:until]), max(sent, until)
                if unsent:
                    unsent = unsent[link.send(unsent) :]
                elif rate:
                    time.sleep(0.001)


def _length(n: int) -> bytes:
    out = bytearray()
    while True:
        n, low = divmod(n, 128)
        out.append(low | (0x80 if n else 0))
        if not n:
            return bytes(out)


def main() -> None:
    port, count, rate, topics_file = sys.argv[1:5]
    topics = json.loads(Path(topics_file).read_text())
    made = packets(topics, int(count), time.time_ns() // 1_000_000)
    link = connect(int(port), f"bench-{time.time_ns()}")
    print("begin", flush=True)
    send(link, made, float(rate))


if __name__ == "__main__":
    main()
