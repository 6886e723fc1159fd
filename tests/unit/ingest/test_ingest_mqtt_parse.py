"""The stream is cut right wherever the network cuts it; what is no MQTT is said."""

import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.mqtt import packets
from ingest.mqtt.packets import Login, ProtocolError, RefusedError
from ingest.mqtt.parse import Parsed, Parser

Message = tuple[bytes, bytes, int, int]
"""Topic, payload, packet id, first byte."""


def wire(message: Message) -> bytes:
    topic, payload, packet, first = message
    number = struct.pack(">H", packet) if first & 6 else b""
    body = struct.pack(">H", len(topic)) + topic + number + payload
    return bytes([first]) + packets._length(len(body)) + body


@st.composite
def message(draw: st.DrawFn) -> Message:
    first = draw(st.sampled_from([0x30, 0x31, 0x32, 0x33, 0x3A, 0x3B]))
    packet = draw(st.integers(1, 65_535)) if first & 6 else 0
    size = draw(st.sampled_from([0, 1, 120, 127, 128, 300, 16_383, 16_400]))
    return draw(st.binary(max_size=9)), bytes(size), packet, first


def columns(parsed: list[Parsed]) -> list[Message]:
    return [
        found
        for p in parsed
        for found in zip(p.topics, p.payloads, p.packets, p.firsts, strict=True)
    ]


@given(
    st.lists(st.one_of(message(), st.sampled_from([b"\xd0\x00", b"\x40\x02\x00\x07"]))),
    st.lists(st.integers(1, 20_000), max_size=30),
)
def test_any_cuts_give_the_same(items: list[Message | bytes], cuts: list[int]) -> None:
    stream = b"".join(item if isinstance(item, bytes) else wire(item) for item in items)
    parser, parsed, at = Parser(), [], 0
    for size in [*cuts, len(stream) + 1]:
        parsed.append(parser.feed(stream[at : at + size]))
        at += size
    assert columns(parsed) == [item for item in items if not isinstance(item, bytes)]
    others = [bytes([first, len(body)]) + body for p in parsed for first, body in p.others]
    assert others == [item for item in items if isinstance(item, bytes)]


@given(st.binary(max_size=200), st.lists(st.integers(1, 7)))
def test_garbage_is_read_or_refused_whatever_it_is(stream: bytes, cuts: list[int]) -> None:
    parser, at = Parser(largest=64), 0
    for size in [*cuts, len(stream)]:
        try:
            parser.feed(stream[at : at + size])
        except ProtocolError:
            return
        at += size


@given(st.integers(1, 5_000), st.lists(st.integers(1, 700), max_size=40))
def test_a_message_beyond_the_limit_is_cut_off_the_same_in_any_cuts(
    beyond: int, cuts: list[int]
) -> None:
    huge, following = (b"t", bytes(1_000 + beyond), 7, 0x32), (b"u", b"next", 8, 0x32)
    stream = wire(huge) + wire(following)
    parser, parsed, at = Parser(largest=1_000), [], 0
    for size in [*cuts, len(stream)]:
        parsed.append(parser.feed(stream[at : at + size]))
        assert sum(map(len, parser._waiting)) <= 1_000 + 3  # and the first bytes
        at += size
    assert columns(parsed) == [(b"t", bytes(1_000 - 5), 7, 0x32), following]


def test_waiting_for_the_rest_of_a_large_packet_costs_one_joining() -> None:
    """Not one for each read: a thousand reads would copy it a thousand times."""
    content = wire((b"t", bytes(100_000), 1, 0x32))
    parser = Parser()
    for at in range(0, len(content), 100):
        parsed = parser.feed(content[at : at + 100])
        assert len(parser._waiting) in {0, at // 100 + 1}
    assert len(parsed.payloads[0]) == 100_000


@pytest.mark.parametrize(
    ("stream", "why"),
    [
        (b"\x32\x03\x00\x09t", "shorter than its own fields"),
        (b"\x32\x04\x00\x01t\x00", "shorter than its own fields"),
        (b"\x30\x01\x00", "shorter than its own fields"),
        (b"\x32\xff\xff\xff\xff\x01", "more than four bytes"),
    ],
)
def test_what_is_no_mqtt_is_refused(stream: bytes, why: str) -> None:
    with pytest.raises(ProtocolError, match=why):
        Parser().feed(stream)


def test_a_topic_that_is_no_text_comes_as_it_is() -> None:
    assert Parser().feed(wire((b"\xff\xfe", b"", 1, 0x32))).topics == [b"\xff\xfe"]


# The packets that are sent, byte by byte as the standard draws them


def test_connect() -> None:
    assert packets.connect(Login("c", keepalive=30)) == (
        b"\x10\x0d" + b"\x00\x04MQTT\x04" + b"\x00" + b"\x00\x1e" + b"\x00\x01c"
    )
    login = Login("c", 30, clean=True, username="u", password="密")  # no secret
    assert packets.connect(login)[9:] == b"\xc2\x00\x1e\x00\x01c\x00\x01u\x00\x03\xe5\xaf\x86"


def test_subscribe_publish_and_puback() -> None:
    assert packets.subscribe(1, ["a/#", "b"], qos=1) == (
        b"\x82\x0c" + b"\x00\x01" + b"\x00\x03a/#\x01" + b"\x00\x01b\x01"
    )
    assert packets.publish(258, "t", b"xy") == b"\x32\x07\x00\x01t\x01\x02xy"
    assert packets.pubacks(np.array([1, 258])) == b"\x40\x02\x00\x01\x40\x02\x01\x02"


def test_the_answers() -> None:
    assert packets.session_kept(b"\x01\x00")
    assert not packets.session_kept(b"\x00\x00")
    with pytest.raises(RefusedError, match="user name or password"):
        packets.session_kept(b"\x00\x04")
    with pytest.raises(ProtocolError):
        packets.session_kept(b"\x00")
    assert packets.refused(b"\x00\x01\x01\x80", ["a", "b"]) == ["b"]
    with pytest.raises(ProtocolError):
        packets.refused(b"\x00\x01\x01", ["a", "b"])
