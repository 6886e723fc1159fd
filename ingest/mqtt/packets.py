"""MQTT 3.1.1 as bytes: the few packets that a consumer sends, and the answers it must understand.

Section numbers are those of the OASIS standard (mqtt-v3.1.1). QoS 2 is not spoken: nobody here
subscribes with it.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

CONNACK, PUBLISH, PUBACK, SUBACK, PINGRESP = 0x20, 0x30, 0x40, 0x90, 0xD0
"""The upper half of a packet's first byte."""

PINGREQ = b"\xc0\x00"
DISCONNECT = b"\xe0\x00"

Ids = NDArray[np.int64]
"""Packet ids."""

_KEEP_SESSION, _CLEAN_SESSION, _PASSWORD, _USERNAME = 0x00, 0x02, 0x40, 0x80

_REFUSALS = {
    1: "it does not speak MQTT 3.1.1",
    2: "it does not accept the client id",
    3: "it is not available",
    4: "user name or password is wrong",
    5: "this client may not connect",
}


class ProtocolError(Exception):
    """What came is no MQTT 3.1.1, or not what this client asked for."""


class RefusedError(ConnectionError):
    """The broker answers, and does not want us."""


class Login(NamedTuple):
    """What a CONNECT says (3.1). `keepalive` in seconds."""

    client_id: str
    keepalive: int
    clean: bool = False
    username: str | None = None
    password: str | None = None


def connect(login: Login) -> bytes:
    flags = _CLEAN_SESSION if login.clean else _KEEP_SESSION
    fields = [_text(login.client_id)]
    if login.username is not None:
        flags |= _USERNAME
        fields.append(_text(login.username))
        if login.password is not None:  # none without a user name (3.1.2.9)
            flags |= _PASSWORD
            fields.append(_text(login.password))
    head = _text("MQTT") + struct.pack(">BBH", 4, flags, login.keepalive)
    return _packet(0x10, head + b"".join(fields))


def subscribe(packet: int, filters: Sequence[str], *, qos: int) -> bytes:
    wanted = b"".join(_text(filter_) + bytes([qos]) for filter_ in filters)
    return _packet(0x82, struct.pack(">H", packet) + wanted)


def publish(packet: int, topic: str, payload: bytes) -> bytes:
    """At QoS 1."""
    return _packet(PUBLISH | 0x02, _text(topic) + struct.pack(">H", packet) + payload)


def pubacks(ids: Ids) -> bytes:
    """An acknowledgement for each packet id, in their order, as one piece."""
    out = np.empty((len(ids), 4), np.uint8)
    out[:, 0], out[:, 1] = PUBACK, 2
    out[:, 2], out[:, 3] = ids >> 8, ids & 0xFF
    return out.tobytes()


def session_kept(connack: bytes) -> bool:
    """What the body of a CONNACK says (3.2); RefusedError where the broker refuses."""
    if len(connack) != 2:
        raise ProtocolError("a CONNACK of a wrong length")
    kept, code = connack
    if code:
        raise RefusedError(_REFUSALS.get(code, f"return code {code}"))
    return bool(kept & 1)


def refused(suback: bytes, filters: Sequence[str]) -> list[str]:
    """The filters that the body of a SUBACK (3.9) refuses."""
    if len(suback) != 2 + len(filters):
        raise ProtocolError("a SUBACK of a wrong length")
    return [filter_ for filter_, code in zip(filters, suback[2:], strict=True) if code & 0x80]


def _packet(first: int, body: bytes) -> bytes:
    return bytes([first]) + _length(len(body)) + body


def _length(size: int) -> bytes:
    """The remaining length: seven bits a byte, the lowest first (2.2.3)."""
    out = bytearray()
    while size > 0x7F:
        out.append(size & 0x7F | 0x80)
        size >>= 7
    out.append(size)
    return bytes(out)


def _text(content: str) -> bytes:
    encoded = content.encode()
    return struct.pack(">H", len(encoded)) + encoded
