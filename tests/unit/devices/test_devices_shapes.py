"""Shapes of payloads beyond the plain one: lists, pairs, nested records, frames, variants."""

import base64
import json
from collections.abc import Callable
from typing import Any

import pytest

from devices.decoded import Decoded, DecodeError
from schemas.quantities import Fall
from schemas.times import parse_rfc3339

Read = Callable[[str, bytes], Decoded]
Trial = Callable[[str], Read]


def readings(read: Read, topic: str, payload: Any) -> list[tuple[str, dict[str, float | int]]]:
    body = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
    return [(r.device, r.values) for r in read(topic, body).readings]


def test_lists_and_pairs(trial: Trial) -> None:
    read = trial(
        """
        [[message]]
        topic = "list/{id}"
        payload = "list"
        value.heart_rate = { at = "$[0]", unknown = "-" }
        value.battery.at = "$[-1]"
        [[message]]
        topic = "pairs/{id}"
        payload = "pairs"
        separator = "<br>"
        equals = ":"
        value.heart_rate.at = "HR"
        """
    )
    assert readings(read, "list/1", b"61, x , 80") == [("1", {"heart_rate": 61, "battery": 80})]
    assert readings(read, "list/1", b"-,7") == [("1", {"battery": 7})]
    assert readings(read, "pairs/1", b"A: 1 <br>\r\nHR: 62<br>") == [("1", {"heart_rate": 62})]
    with pytest.raises(DecodeError, match="no pairs"):
        read("pairs/1", b"HR 62")


def test_form_fields_are_unquoted(trial: Trial) -> None:
    read = trial('[[message]]\ntopic = "f"\npayload = "form"\ndevice = "d"\nvalue.battery.at="b"\n')
    assert readings(read, "f", b"d=%E5%BA%8A+1&b=7&empty=") == [("床_1", {"battery": 7})]
    for wrong in (b"d", b"d=%ff&b=1"):
        with pytest.raises(DecodeError):
            read("f", wrong)


def test_records_in_records_and_under_their_ids(trial: Trial) -> None:
    read = trial(
        """
        [[message]]
        topic = "nested"
        each = "rooms[].sensors"
        device = "id"
        value.battery.at = ["b", "^.b", "$.b"]
        [[message]]
        topic = "keyed"
        each = "seen{}"
        device = "{key}"
        value.battery.at = "b"
        """
    )
    rooms = [
        {"sensors": [{"id": "a", "b": 1}, {"id": "b"}], "b": 2},
        {},
        {"sensors": [{"id": "c"}]},
    ]
    assert readings(read, "nested", {"rooms": rooms, "b": 3}) == [
        ("a", {"battery": 1}),
        ("b", {"battery": 2}),
        ("c", {"battery": 3}),
    ]
    broken = read("nested", b'{"rooms":[{"sensors":5},{"sensors":[{"id":"a"}]}]}')
    assert [e.code for e in broken.rejects] == ["shape"]
    assert len(broken.readings) == 1
    seen = {"0x1": {"b": 5}, "0x2": {"b": 6}}
    assert readings(read, "keyed", {"seen": seen}) == [
        ("0x1", {"battery": 5}),
        ("0x2", {"battery": 6}),
    ]
    with pytest.raises(DecodeError, match="an object of records"):
        read("keyed", b'{"seen":[]}')


def test_several_places_of_records_keep_keys_apart(trial: Trial) -> None:
    read = trial(
        """
        [[message]]
        topic = "t/{id}"
        each = ["$", "events", "old"]
        time = [{ at = "at", format = "epoch" }, { at = "$.time" }]
        key = { at = "$.id", kind = "id" }
        history = { at = "at", present = true }
        value.battery.at = "battery"
        value.fall = { at = "alarm", words = { 0 = "confirmed", 1 = "none" } }
        """
    )
    payload = {
        "id": "x",
        "time": "2026-01-02T00:00:00Z",
        "battery": 50,
        "events": [{"alarm": 0}, {"alarm": 1}],
        "old": [{"alarm": 0, "at": 1767312000}],
    }
    found = read("t/1", json.dumps(payload).encode()).readings
    falls = [r.values.get("fall") for r in found]
    assert falls == [None, Fall.CONFIRMED, Fall.NONE, Fall.CONFIRMED]
    assert len({(r.ts, r.key) for r in found}) == 4
    again = read("t/1", json.dumps(payload).encode()).readings
    assert [r.key for r in again] == [r.key for r in found]
    assert [bool(r.flags) for r in found] == [False, False, False, True]
    assert len(read("t/1", b'{"id":"x","battery":1}').readings) == 1


def test_picks_bits_clamps_and_joined_ids(trial: Trial) -> None:
    read = trial(
        """
        [[message]]
        topic = "t/{side}"
        device = "{gateway}-{side}"
        value.battery = { at = "dp[code=va].value", scale = 0.1, least = 0, most = 100 }
        value.tamper = { at = "state", bit = 3 }
        value.fall = { at = "state", bit = 0, words = { 1 = "confirmed", 0 = "none" } }
        """
    )
    said = {"dp": [{"code": "x"}, 4, {"code": "VA", "value": 1100}], "state": 9}
    expected = {"battery": 100, "tamper": 1, "fall": Fall.CONFIRMED}
    assert readings(read, "t/left", said) == [("gw0001-left", expected)]
    assert readings(read, "t/left", {"dp": [], "state": "0"})[0][1] == {"tamper": 0, "fall": 0}
    with pytest.raises(DecodeError, match="bit of a whole number"):
        read("t/left", b'{"state":1.5}')


def test_variants_by_what_is_there_and_by_kind_of_payload(trial: Trial) -> None:
    read = trial(
        """
        [[message]]
        topic = ["t/{id}", "s/{id}"]
        has = "new.hr"
        lacks = "old"
        value.heart_rate.at = "new.hr"
        [[message]]
        topic = "t/{id}"
        has = "hr"
        value.heart_rate = { at = "hr", scale = 0.1 }
        [[message]]
        topic = "t/{id}"
        payload = "text"
        value.heart_rate = { at = "$" }
        """
    )
    assert readings(read, "t/1", {"new": {"hr": 61}})[0][1] == {"heart_rate": 61}
    assert readings(read, "s/1", {"new": {"hr": 61}})[0][1] == {"heart_rate": 61}
    assert readings(read, "t/1", {"hr": 610, "old": 1, "new": {"hr": 1}})[0][1] == {
        "heart_rate": 61
    }
    assert readings(read, "t/1", b"62")[0][1] == {"heart_rate": 62}


FRAME = """
[[message]]
topic = "t/{id}"
value.battery.at = ["object.battery", "frame.battery"]
value.respiratory_rate.at = "frame.rate"
[message.value.fall]
at = "frame.events[-1].status"
words = { 1 = "confirmed", 2 = "cleared" }
[[message.frame]]
at = "data"
unless = "object"
[[message.frame.entries]]
tag = "0175"
read = ["battery:u8"]
[[message.frame.entries]]
tag = "08b1"
read = [":skip1", "rate:u16*0.01"]
[[message.frame.entries]]
tag = "06fb"
list = "events"
read = ["id:u16", "type:u8", "status:u8", "region:i8"]
"""


def frame(text: str) -> dict[str, str]:
    return {"data": base64.b64encode(bytes.fromhex(text)).decode()}


def test_a_frame_by_its_table(trial: Trial) -> None:
    read = trial(FRAME)
    body = frame("01755008b1020f0506fb0100000101" + "06fb02000002ff")
    assert readings(read, "t/1", body)[0][1] == {
        "battery": 80,
        "respiratory_rate": pytest.approx(12.95),
        "fall": Fall.CLEARED,
    }
    assert readings(read, "t/1", body | {"object": {"battery": 9}})[0][1] == {"battery": 9}
    assert readings(read, "t/1", body | {"object": {}})[0][1]["battery"] == 80


def test_what_a_frame_says_before_an_unknown_tag_counts(trial: Trial) -> None:
    read = trial(FRAME)
    decoded = read("t/1", json.dumps(frame("017550ff99010203")).encode())
    assert decoded.readings[0].values == {"battery": 80}
    assert [(f.code, f.device) for f in decoded.faults] == [("frame", "1")]
    for nothing in (frame("ff99"), {"data": "§"}, {"data": 5}, frame("0175")):
        with pytest.raises(DecodeError) as caught:
            read("t/1", json.dumps(nothing).encode())
        assert caught.value.code == "frame"
        assert caught.value.device == "1"


def test_a_whole_binary_payload(trial: Trial) -> None:
    read = trial(
        """
        [[message]]
        topic = "t/{id}"
        payload = "binary"
        value.battery.at = "frame.battery"
        value.signal.at = "frame.rssi"
        time = { at = "frame.t", format = "epoch" }
        [[message.frame]]
        at = "hex"
        encoding = "hex"
        entries = [{ tag = "", read = ["battery:u8", "rssi:i8", "t:u32be", "serial:hex2"] }]
        """
    )
    (reading,) = read("t/1", bytes.fromhex("40c469570000beef")).readings
    assert reading.values == {"battery": 64, "signal": -60}
    assert reading.ts == 0x69570000 * 1_000_000


@pytest.mark.parametrize(
    ("raw", "ts"),
    [
        (1_767_323_045, "2026-01-02T03:04:05Z"),
        (1_767_323_045_250, "2026-01-02T03:04:05.25Z"),
        ("1767323045250000", "2026-01-02T03:04:05.25Z"),
        (1_767_323_045_250_000_000, "2026-01-02T03:04:05.25Z"),
    ],
)
def test_an_epoch_of_any_size(trial: Trial, raw: object, ts: str) -> None:
    read = trial('[[message]]\ntopic = "t/{id}"\ntime = { at = "t", format = "epoch" }\n')
    (reading,) = read("t/1", json.dumps({"t": raw}).encode()).readings
    assert reading.ts == parse_rfc3339(ts)


def test_keys_that_are_left_out_or_text(trial: Trial) -> None:
    read = trial(
        '[[message]]\ntopic = "t/{id}"\nkey = { at = "n", kind = "sequence", absent = 0 }\n'
    )
    keys = [read("t/1", p).readings[0].key for p in (b"{}", b'{"n":"7"}', b'{"n":8.0}')]
    assert keys == [0, 7, 8]
