"""Payload bytes → JSON values or text; every fault becomes a `DecodeError`.

NaN and Infinity are not JSON. Integers may be of any size: whoever takes a number checks it.
"""

import json
from typing import NamedTuple

import msgspec

from devices.decoded import DecodeError

MAX_BYTES = 64 * 1024
MAX_READINGS = 1_000


class Limits(NamedTuple):
    """What one message may hold; more is refused whole (I4)."""

    bytes: int = MAX_BYTES
    readings: int = MAX_READINGS


_decode = msgspec.json.Decoder().decode


def check_size(payload: bytes, limit: int = MAX_BYTES) -> None:
    """DecodeError for an empty payload or one of more than `limit` bytes."""
    if not payload:
        raise DecodeError("empty", "the payload is empty")
    if len(payload) > limit:
        raise DecodeError("size", f"{len(payload)} bytes; at most {limit} are read")


def parse_json(payload: bytes | str) -> object:
    """The JSON value; of a key that stands twice the last one counts."""
    try:
        return _decode(payload)
    except UnicodeDecodeError:
        raise DecodeError("utf8", "the text in this JSON is not UTF-8") from None
    except RecursionError:
        raise DecodeError("json", "this JSON is nested too deeply") from None
    except ValueError as error:
        raise DecodeError("json", f"not JSON: {error}") from None


def parse_text(payload: bytes) -> str:
    """UTF-8 text without surrounding white space."""
    try:
        return payload.decode().strip()
    except UnicodeDecodeError:
        raise DecodeError("utf8", "the payload is not UTF-8 text") from None


class _Pairs(list[tuple[str, object]]):
    """An object as the list of its pairs, so that a key that stands twice is not lost."""


def doubled(payload: bytes) -> set[int]:
    """Which records of a JSON text, known to be readable, name a key twice; a lone one is 0.

    Slow (the standard library's parser): only for payloads that a cheap count could not clear.
    """
    try:
        value = json.loads(payload, object_pairs_hook=_Pairs)
    except (ValueError, RecursionError):
        raise DecodeError("json", "this JSON is beyond what is read here") from None
    records = [value] if isinstance(value, _Pairs) else value
    return {
        index
        for index, record in enumerate(records)
        if isinstance(record, _Pairs) and len(record) != len({key for key, _ in record})
    }
