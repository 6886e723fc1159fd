"""The bare subscriber: what a broker passes to somebody who only counts and acknowledges.

mosquitto_sub (C) where it is installed, else a raw socket that answers each PUBLISH with a
PUBACK. Run as `python -m bench.subscriber PORT COUNT`; prints `ready` once subscribed, and ends
when COUNT messages have come.
"""

import struct
import sys

from bench.generator import connect


def main() -> None:
    port, count = int(sys.argv[1]), int(sys.argv[2])
    link = connect(port, "bench-bare-subscriber")
    filter_ = b"vigil/#"
    body = struct.pack(">HH", 1, len(filter_)) + filter_ + b"\x01"
    link.sendall(b"\x82" + bytes([len(body)]) + body)
    seen, buffer = 0, bytearray()
    print("ready", flush=True)
    while seen < count:
        data = link.recv(1 << 18)
        if not data:
            raise ConnectionError("the broker closed the connection")
        buffer += data
        seen += _consume(buffer, link.sendall)


def _consume(buffer: bytearray, send: object) -> int:
    """Acknowledge and drop every whole packet; PUBLISH packets seen."""
    at = seen = 0
    answers = bytearray()
    end = len(buffer)
    while at + 5 <= end:
        size, shift, head = 0, 0, at + 1
        while True:
            byte = buffer[head]
            size |= (byte & 0x7F) << shift
            head, shift = head + 1, shift + 7
            if not byte & 0x80:
                break
        if head + size > end:
            break
        if buffer[at] & 0xF0 == 0x30:
            name = int.from_bytes(buffer[head : head + 2], "big")
            answers += b"\x40\x02" + buffer[head + 2 + name : head + 4 + name]
            seen += 1
        at = head + size
    del buffer[:at]
    if answers:
        send(bytes(answers))  # type: ignore[operator]
    return seen


if __name__ == "__main__":
    main()
