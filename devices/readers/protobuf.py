"""The little of protocol buffers that a reader needs: bytes → (field number, value) pairs.

A varint or a fixed-size number is an int as it stands on the wire, a length-delimited one bytes.
Groups, which nobody writes any more, are refused.
"""

from collections.abc import Iterator

from devices.decoded import DecodeError

Value = int | bytes

_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
_LONGEST_VARINT = 10
_MASK = 2**64 - 1


def fields(data: bytes) -> Iterator[tuple[int, Value]]:
    """The fields of one message, in order; DecodeError `protobuf` where the bytes are none."""
    at = 0
    while at < len(data):
        tag, at = _varint(data, at)
        number, wire = tag >> 3, tag & 7
        if not number:
            raise DecodeError("protobuf", "not protobuf: a field without a number")
        if wire == _VARINT:
            value, at = _varint(data, at)
            yield number, value
            continue
        if wire == _BYTES:
            size, at = _varint(data, at)
        elif wire in (_FIXED32, _FIXED64):
            size = 4 if wire == _FIXED32 else 8
        else:
            raise DecodeError("protobuf", f"not protobuf: wire type {wire}")
        end = at + size
        if end > len(data):
            raise DecodeError("protobuf", "not protobuf, or cut off: a field ends past the payload")
        raw = data[at:end]
        yield number, raw if wire == _BYTES else int.from_bytes(raw, "little")
        at = end


def _varint(data: bytes, at: int) -> tuple[int, int]:
    """(value modulo 2^64, where the next thing begins)."""
    value = 0
    for shift, byte in enumerate(data[at : at + _LONGEST_VARINT]):
        value |= (byte & 0x7F) << (7 * shift)
        if byte < 0x80:
            return value & _MASK, at + shift + 1
    raise DecodeError("protobuf", "not protobuf, or cut off: a number does not end")
