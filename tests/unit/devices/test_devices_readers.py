"""SenML and Sparkplug B: what the code readers make of bytes, and what they refuse."""

import json
import struct
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.decoded import DecodeError
from devices.language import spec
from devices.readers import READERS
from devices.readers.senml import read_senml
from devices.readers.sparkplug_b import SIGNED, read_sparkplug_b


def senml(*records: dict[str, Any]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = read_senml(json.dumps(records).encode())["records"]
    return found


def test_base_fields_carry_on_and_one_moment_is_one_record() -> None:
    records = senml(
        {"bn": "urn:dev:mac:01:", "bt": 1_700_000_000, "n": "heart_rate", "v": 61, "bv": 1},
        {"n": "in_bed", "vb": True},
        {"n": "heart_rate", "t": 10, "v": 62},
        {"bn": "urn:dev:mac:02/", "n": "label", "vs": "x"},
    )
    assert records == [
        {"device": "urn:dev:mac:01", "t": 1_700_000_000, "v": {"heart_rate": 62, "in_bed": True}},
        {"device": "urn:dev:mac:01", "t": 1_700_000_010, "v": {"heart_rate": 63}},
        {"device": "urn:dev:mac:02", "t": 1_700_000_000, "v": {"label": "x"}},
    ]


def test_names_without_a_base_are_split_at_the_end() -> None:
    assert senml({"n": "bed-7/in_bed", "vb": False}) == [
        {"device": "bed-7", "v": {"in_bed": False}}
    ]
    assert senml({"bn": "bed-7", "u": "beat/min", "v": 60}) == [
        {"device": "bed-7", "v": {"beat/min": 60}}
    ]
    assert senml({"n": "a:b", "s": 5, "bs": 1}) == [{"device": "a", "v": {"b.sum": 6}}]
    assert senml({"n": "a:b", "bv": 4}) == [{"device": "a", "v": {"b": 4}}]
    assert senml({"bn": "x:"}) == []


@pytest.mark.parametrize(
    "pack",
    [
        {},
        [1],
        [{"n": "a:b", "v": "1"}],
        [{"n": "a:b", "v": True}],
        [{"n": 5, "v": 1}],
        [{"n": "a:b", "v": 1, "t": "now"}],
        [{"n": "a:b", "vb": 1}],
        [{"n": "a:b", "v": 1, "must_": 1}],
        [{"n": "a:b", "v": 1, "bver": 11}],
        [{}] * 1_001,
    ],
)
def test_what_is_no_senml(pack: Any) -> None:
    with pytest.raises(DecodeError):
        read_senml(json.dumps(pack).encode())


def varint(value: int) -> bytes:
    out = b""
    while value > 0x7F:
        out += bytes([value & 0x7F | 0x80])
        value >>= 7
    return out + bytes([value])


def field(number: int, value: int | bytes) -> bytes:
    if isinstance(value, bytes):
        return varint(number << 3 | 2) + varint(len(value)) + value
    return varint(number << 3) + varint(value)


def metric(*parts: tuple[int, int | bytes], extra: bytes = b"") -> bytes:
    return field(2, b"".join(field(n, v) for n, v in parts) + extra)


def test_sparkplug_by_hand() -> None:
    payload = (
        field(1, 1_768_000_000_123)
        + metric((1, b"heart_rate"), (3, 1_768_000_000_000), (4, 3), (10, 61))
        + metric((1, b"signal"), (4, 2), (10, 2**32 - 60))
        + metric((2, 7), (5, 1), extra=varint(12 << 3 | 5) + struct.pack("<f", 14.5))
        + metric((1, b"ratio"), extra=varint(13 << 3 | 1) + struct.pack("<d", 0.25))
        + metric((1, b"fall"), (4, 11), (14, 1))
        + metric((1, b"state"), (15, b"fallen"))
        + metric((1, b"nothing"), (7, 1), (10, 5))
        + field(3, 9)
    )
    root = read_sparkplug_b(payload)
    assert (root["timestamp"], root["seq"]) == (1_768_000_000_123, 9)
    assert root["values"] == {
        "heart_rate": 61,
        "signal": -60,
        "ratio": 0.25,
        "fall": True,
        "state": "fallen",
    }
    assert root["metrics"][2] == {"alias": 7, "is_historical": True, "value": 14.5}
    assert root["metrics"][6] == {"name": "nothing", "is_null": True}


def test_sparkplug_as_bridges_render_it() -> None:
    text = '{"seq":1,"metrics":[{"name":"a","dataType":"Int32","value":5,"isHistorical":true}]}'
    root = read_sparkplug_b(text.encode())
    assert root["metrics"] == [
        {"name": "a", "datatype": "Int32", "value": 5, "is_historical": True}
    ]
    assert root["values"] == {"a": 5}


@pytest.mark.parametrize(
    "payload",
    [
        b"\x00",
        b"\x0b",
        b"\x08",
        b"\x08" + b"\xff" * 11,
        b"\x12\x05ab",
        field(1, b"text"),
        metric((1, b"\xff")),
        metric((1, b"a")) * 1_001,
        b'{"metrics":5}',
    ],
)
def test_what_is_no_sparkplug(payload: bytes) -> None:
    with pytest.raises(DecodeError):
        read_sparkplug_b(payload)


def test_what_nobody_knows_is_passed_over() -> None:
    """A newer edition's field, or a known one of another type, is no reason to lose the rest."""
    unknown = field(4, 5) + metric((1, b"heart_rate"), (4, 3), (10, 61), (20, b"new"), (14, b"x"))
    assert read_sparkplug_b(field(1, b"text") + unknown)["values"] == {"heart_rate": 61}


@given(st.integers(0, 2**64 - 1), st.sampled_from(sorted(SIGNED)))
def test_signed_numbers_come_back(raw: int, datatype: int) -> None:
    bits = SIGNED[datatype]
    known = raw % 2**bits - 2 ** (bits - 1)
    payload = metric((1, b"a"), (4, datatype), (11, known % 2**64))
    assert read_sparkplug_b(payload)["values"] == {"a": known}


@given(st.sampled_from(sorted(READERS)), st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(name: str, payload: bytes) -> None:
    with suppress(DecodeError):  # anything else fails the test
        assert isinstance(READERS[name](payload), dict)


def test_every_reader_is_a_payload_of_the_language() -> None:
    kinds = spec.Message.model_fields["payload"].annotation
    assert set(READERS) <= set(getattr(kinds, "__args__", ()))
