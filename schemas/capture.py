"""A capture: MQTT traffic as JSON Lines, in the form `mosquitto_sub -F %j` writes.

So any broker's traffic can be recorded with the standard tool and replayed here. Our own captures
add `payload_hex` where the payload is not UTF-8, and ingest's own recording what `Captured` says of
`backlog` and `heard`. `tst` is the received time; its zone comes in the
form `2026-01-31T08:00:00.123456Z+0800` (local time, a `Z` that means nothing, the offset).
"""

from typing import NamedTuple

import msgspec

from schemas.times import format_rfc3339, parse_rfc3339


class Captured(NamedTuple):
    """One message of a capture. `received`: µs UTC.

    `backlog`: received while ingest was catching up, so that it moved no time. `heard`: when it
    was first heard (µs UTC), if its alert went out before it could be stored.
    """

    received: int
    topic: str
    payload: bytes
    qos: int
    retain: bool
    backlog: bool = False
    heard: int | None = None


class CaptureError(ValueError):
    """A line that is not a captured message; the text says why."""


class _Line(msgspec.Struct):
    tst: str
    topic: str
    qos: int = 0
    retain: int | bool = 0
    payload: msgspec.Raw = msgspec.Raw(b"null")
    payload_hex: str | None = None
    backlog: int | bool = 0
    heard: str | None = None


_decoder = msgspec.json.Decoder(_Line)


def parse_line(line: bytes) -> Captured:
    """One line; CaptureError for anything else.

    The payload is a JSON string (`%j`), or any other JSON value (`%J`), whose bytes are taken as
    they stand.
    """
    try:
        found = _decoder.decode(line)
        received = parse_rfc3339(_plain(found.tst))
        payload = _payload(found)
        heard = None if found.heard is None else parse_rfc3339(found.heard)
    except (msgspec.DecodeError, UnicodeDecodeError, ValueError) as error:
        raise CaptureError(f"not a captured message: {error}") from None
    retain, backlog = bool(found.retain), bool(found.backlog)
    return Captured(received, found.topic, payload, found.qos, retain, backlog, heard)


def format_line(message: Captured) -> bytes:
    """The line of a message, newline included."""
    line: dict[str, object] = {
        "tst": format_rfc3339(message.received),
        "topic": message.topic,
        "qos": message.qos,
        "retain": int(message.retain),
        "payloadlen": len(message.payload),
    }
    if message.backlog:
        line["backlog"] = 1
    if message.heard is not None:
        line["heard"] = format_rfc3339(message.heard)
    try:
        line["payload"] = message.payload.decode("utf-8")
    except UnicodeDecodeError:
        line["payload_hex"] = message.payload.hex()
    return msgspec.json.encode(line) + b"\n"


def _plain(tst: str) -> str:
    """Without the `Z` that stands before an offset."""
    head, mark, offset = tst.partition("Z")
    return head + offset if mark and offset else tst


def _payload(line: _Line) -> bytes:
    if line.payload_hex is not None:
        return bytes.fromhex(line.payload_hex)
    raw = bytes(line.payload)
    if raw == b"null":
        return b""
    if raw.startswith(b'"'):
        return msgspec.json.decode(raw, type=str).encode("utf-8")
    return raw
