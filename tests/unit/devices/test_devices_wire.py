"""The canonical wire, beyond what its examples show."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.decoded import FIRST_TS, LAST_TS, Decoded, DecodeError
from devices.payload import Limits
from devices.wire import decode_status, decode_up
from schemas.quantities import QUANTITIES, Number
from schemas.readings import Flag
from schemas.times import format_rfc3339


def up(record: object, device: str | None = "m1") -> Decoded:
    return decode_up(json.dumps(record).encode(), device)


def refused(payload: bytes, device: str | None = "m1") -> DecodeError:
    with pytest.raises(DecodeError) as caught:
        decode_up(payload, device)
    return caught.value


@st.composite
def records(draw: st.DrawFn) -> tuple[dict[str, Any], dict[str, float | int]]:
    """A reading as JSON values, and the values it must give."""
    record: dict[str, Any] = {}
    values: dict[str, float | int] = {}
    for name in draw(st.sets(st.sampled_from(list(QUANTITIES)))):
        quantity = QUANTITIES[name]
        if isinstance(quantity, Number):
            number = draw(st.floats(-1e9, 1e9) | st.integers(-(10**9), 10**9))
            record[name] = values[name] = number
        else:
            code = draw(st.integers(0, len(quantity.values) - 1))
            record[name] = bool(code) if quantity.is_bool else quantity.values[code]
            values[name] = code
        if draw(st.booleans()):
            record[name] = None
            del values[name]
    return record, values


@given(
    records(),
    st.integers(FIRST_TS, LAST_TS),
    st.integers(0, 2**63 - 1),
    st.booleans(),
    st.booleans(),
)
def test_what_is_written_is_read(
    made: tuple[dict[str, Any], dict[str, float | int]],
    ts: int,
    seq: int,
    test: bool,
    ascii_only: bool,
) -> None:
    record, values = made
    record |= {"ts": format_rfc3339(ts), "seq": seq, "test": test, "备注": 'a: "b"\\ :'}
    decoded = decode_up(json.dumps(record, ensure_ascii=ascii_only).encode(), "m1")
    (reading,) = decoded.readings
    assert reading.values == values
    assert (reading.device, reading.ts, reading.key) == ("m1", ts, seq)
    assert reading.flags == (Flag.TEST if test else 0)
    assert decoded.unknown_keys == 1
    assert decoded.rejects == decoded.faults == []


@given(records(), st.sampled_from(list(QUANTITIES)), st.integers(0, 3))
def test_a_key_that_stands_twice_is_always_seen(
    made: tuple[dict[str, Any], dict[str, float | int]], name: str, space: int
) -> None:
    """Also with white space before the colon, and with colons in texts to confuse a count."""
    record = {k: v for k, v in made[0].items() if k not in ("sos", "fall")}
    record["ts"] = "2026-01-01T00:00:00+08:00"
    inside = json.dumps(record)[1:-1]
    twice = f'"{name}"{" " * space}:null'
    error = refused(f"{{{twice},{inside},{twice}}}".encode())
    assert error.code == "duplicate"


def test_a_key_twice_loses_only_its_own_reading_of_an_array() -> None:
    decoded = decode_up(b'[{"movement":1},{"movement":1,"movement":2},{"movement":3}]', "m1")
    assert [r.values["movement"] for r in decoded.readings] == [1, 3]
    assert [(e.code, e.index) for e in decoded.rejects] == [("duplicate", 1)]


def test_a_press_with_a_key_twice_is_kept() -> None:
    decoded = decode_up(b'{"movement":1,"movement":2,"sos":"pressed"}', "b1")
    assert decoded.readings[0].values["sos"] == 1
    assert [e.code for e in decoded.faults] == ["duplicate"]


@pytest.mark.parametrize(
    ("field", "code"),
    [
        ('"heart_rate":"60"', "type"),
        ('"heart_rate":true', "type"),
        ('"heart_rate":[60]', "type"),
        ('"heart_rate":1e31', "value"),
        ('"heart_rate":1e999', "json"),
        ('"heart_rate":-Infinity', "json"),
        ('"heart_rate":' + "9" * 400, "value"),
        ('"heart_rate":' + "9" * 5000, "json"),
        ('"in_bed":1', "type"),
        ('"in_bed":1.0', "type"),
        ('"in_bed":"true"', "type"),
        ('"fall":2', "type"),
        ('"fall":"FALLEN"', "value"),
        ('"sos":{}', "type"),
        ('"ts":"2026-01-01"', "time"),
        ('"ts":""', "time"),
        ('"ts":"0001-01-01T00:00:00+08:00"', "time"),
        ('"ts":"9999-12-31T23:59:59-08:00"', "time"),
        ('"ts":253402300800000', "time"),
        ('"ts":true', "time"),
        ('"ts":1e300', "time"),
        ('"ts":' + "9" * 400, "time"),
        ('"ts":-62135596800001', "time"),
        ('"seq":-1', "key"),
        ('"seq":1.5', "key"),
        ('"seq":"7"', "key"),
        ('"seq":true', "key"),
        ('"seq":9223372036854775808', "key"),
        ('"test":"yes"', "type"),
        ('"device":"m2"', "device"),
        ('"device":""', "device"),
        ('"device":7', "device"),
    ],
)
def test_a_bad_value_refuses_the_reading_but_never_the_press(field: str, code: str) -> None:
    error = refused(f"{{{field}}}".encode())
    assert error.code == code
    if code == "json":
        return
    assert error.device == "m1"
    name = field.split('"')[1]
    assert f"`{name}`" in error.message
    if name in ("sos", "fall"):
        return
    for emergency, value in (('"sos":"pressed"', "sos"), ('"fall":"confirmed"', "fall")):
        decoded = decode_up(f"{{{field},{emergency}}}".encode(), "m1")
        assert set(decoded.readings[0].values) == {value}
        assert [e.code for e in decoded.faults] == [code]


@pytest.mark.parametrize(
    ("payload", "code"),
    [
        (b"", "empty"),
        (b"   ", "json"),
        (b"\x00", "json"),
        (b"\xef\xbb\xbf{}", "json"),
        (b'{"a":"\xff"}', "utf8"),
        (b"[" * 60_000, "json"),
        (b"{" + b" " * 65_536, "size"),
        (b"null", "shape"),
        (b'"sos"', "shape"),
        (b"true", "shape"),
        (b"[" + b"{}," * 1_000 + b"{}]", "size"),
    ],
)
def test_what_is_no_reading_is_refused(payload: bytes, code: str) -> None:
    assert refused(payload).code == code


@pytest.mark.parametrize("depth", [900, 1_500, 9_000, 30_000])
def test_deep_nesting_is_a_reject_however_much_the_interpreter_bears(depth: int) -> None:
    nested = b"[" * depth + b"]" * depth
    assert refused(b'{"heart_rate":' + nested + b"}").code in ("json", "type")
    assert refused(b'{"x":1,"x":' + nested + b"}").code in ("json", "duplicate")


def test_a_full_array_is_read() -> None:
    assert len(up([{"movement": 1}] * 1_000).readings) == 1_000


def test_limits_are_arguments() -> None:
    with pytest.raises(DecodeError, match="at most 8 are read"):
        decode_up(b'{"movement":1}', "m1", Limits(bytes=8))
    with pytest.raises(DecodeError, match="at most 1 are read"):
        decode_up(b"[{},{}]", "m1", Limits(readings=1))


def test_each_entry_of_an_array_is_refused_alone() -> None:
    decoded = up([{"device": "a", "movement": 1}, 7, {"movement": 2}, {"device": "b"}], None)
    assert [r.device for r in decoded.readings] == ["a", "b"]
    assert [(e.code, e.index) for e in decoded.rejects] == [("shape", 1), ("device", 2)]


def test_an_array_of_which_nothing_is_good_says_so_entry_by_entry() -> None:
    decoded = up(["x", None])
    assert decoded.readings == []
    assert [e.index for e in decoded.rejects] == [0, 1]


def test_an_object_with_its_device_is_read_on_the_gateways_own_topic() -> None:
    assert up({"device": "a:b", "movement": 1}, None).readings[0].device == "a:b"


def test_milliseconds_and_text_are_the_same_time() -> None:
    text = up({"ts": "2026-01-01T08:00:00.123+08:00"}).readings[0]
    number = up({"ts": 1_767_225_600_123}).readings[0]
    assert text.ts == number.ts == 1_767_225_600_123_000


def test_unknown_keys_are_counted_whatever_they_hold() -> None:
    decoded = up({"x": None, "y": {"z": [1]}, "movement": 3})
    assert decoded.unknown_keys == 2
    assert decoded.readings[0].values == {"movement": 3}


@pytest.mark.parametrize(
    ("payload", "online"),
    [
        (b'{"online":true}', True),
        (b'{"online": false, "since": 5}', False),
        (b"online", True),
        (b" OFFLINE\n", False),
    ],
)
def test_status(payload: bytes, online: bool) -> None:
    status = decode_status(payload).status
    assert status is not None
    assert status.online is online


@pytest.mark.parametrize(
    ("payload", "code"),
    [
        (b"", "empty"),
        (b"on", "json"),
        (b'{"online":1}', "shape"),
        (b'{"online":null}', "shape"),
        (b"true", "shape"),
        (b'"online"', "shape"),
        (b"[]", "shape"),
        (b"\xff", "json"),
    ],
)
def test_a_status_that_is_none(payload: bytes, code: str) -> None:
    with pytest.raises(DecodeError) as caught:
        decode_status(payload)
    assert caught.value.code == code
