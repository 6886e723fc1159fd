"""The little of protocol buffers that a reader needs: bytes → (tag, value) pairs.

A tag is the field's number and its wire type, as they stand on the wire. A varint or a fixed-size
number is an int, a length-delimited value bytes. Groups, which nobody writes any more, are refused.
"""

from devices.decoded import DecodeError

Field = tuple[int, int | bytes]

VARINT, FIXED64, BYTES, FIXED32 = 0, 1, 2, 5
_SIZES = {FIXED64: 8, FIXED32: 4}
_LAST_SHIFT = 63
_MASK = 2**64 - 1


def tag(number: int, wire: int) -> int:
    return number << 3 | wire


def fields(data: bytes) -> list[Field]:
    """The fields of one message, in order; DecodeError `protobuf` where the bytes are none."""
    try:
        return _fields(data)
    except IndexError:
        text = "not protobuf, or cut off: a field ends past the payload"
        raise DecodeError("protobuf", text) from None


def _fields(data: bytes) -> list[Field]:
    """IndexError where the data end within a field. Most numbers are of one byte."""
    found: list[Field] = []
    at, end = 0, len(data)
    while at < end:
        key = data[at]
        at += 1
        if key >= 0x80:
            key, at = varint(data, at, key)
        wire = key & 7
        if wire == VARINT:
            value = data[at]
            at += 1
            if value >= 0x80:
                value, at = varint(data, at, value)
            found.append((key, value))
        elif wire == BYTES:
            size = data[at]
            at += 1
            if size >= 0x80:
                size, at = varint(data, at, size)
            found.append((key, _cut(data, at, at + size)))
            at += size
        elif wire in _SIZES:
            size = _SIZES[wire]
            found.append((key, int.from_bytes(_cut(data, at, at + size), "little")))
            at += size
        else:
            raise DecodeError("protobuf", f"not protobuf: wire type {wire}")
        if key < 8:
            raise DecodeError("protobuf", "not protobuf: a field without a number")
    return found


def _cut(data: bytes, start: int, end: int) -> bytes:
    if end > len(data):
        raise IndexError
    return data[start:end]


def varint(data: bytes, at: int, value: int) -> tuple[int, int]:
    """(value modulo 2^64, where the next thing begins); `value` is the byte before `at`."""
    value &= 0x7F
    shift = 7
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value & _MASK, at
        shift += 7
        if shift > _LAST_SHIFT:
            raise DecodeError("protobuf", "not protobuf: a number does not end")
