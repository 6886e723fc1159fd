"""Captures: what mosquitto_sub writes is read, what we write is read, the rest says why."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.capture import Captured, CaptureError, format_line, parse_line

EIGHT = 1_767_225_600_123_456  # 2026-01-01T08:00:00.123456+08:00


@pytest.mark.parametrize(
    "tst",
    [
        "2026-01-01T08:00:00.123456Z+0800",
        "2026-01-01T00:00:00.123456Z+0000",
        "2026-01-01T00:00:00.123456Z",
        "2026-01-01T08:00:00.123456+08:00",
        "2025-12-31T19:30:00.123456Z-0430",
    ],
)
def test_received_time_in_the_forms_that_occur(tst: str) -> None:
    line = f'{{"tst":"{tst}","topic":"a/b","qos":1,"retain":0,"payloadlen":2,"payload":"{{}}"}}'
    assert parse_line(line.encode()) == Captured(EIGHT, "a/b", b"{}", 1, retain=False)


def test_a_json_payload_as_it_stands() -> None:
    line = b'{"tst":"2026-01-01T00:00:00Z","topic":"a","payload":{"sos": "pressed"}}'
    assert parse_line(line).payload == b'{"sos": "pressed"}'


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"{",
        b"[]",
        b'{"topic":"a","payload":"x"}',
        b'{"tst":"yesterday","topic":"a","payload":"x"}',
        b'{"tst":"2026-01-01T00:00:00","topic":"a","payload":"x"}',
        b'{"tst":"2026-01-01T00:00:00Z","topic":"a","payload_hex":"0g"}',
        b'{"tst":"2026-01-01T00:00:00Z","topic":"a","payload":"\xff"}',
    ],
)
def test_a_line_that_is_no_message_says_why(line: bytes) -> None:
    with pytest.raises(CaptureError, match="not a captured message"):
        parse_line(line)


@given(st.binary(max_size=80), st.integers(0, 2), st.booleans())
def test_our_own_captures_keep_any_payload(payload: bytes, qos: int, retain: bool) -> None:
    message = Captured(EIGHT, "vigil/v1/a/g/up/d", payload, qos, retain)
    assert parse_line(format_line(message)) == message
