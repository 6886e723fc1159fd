"""What a profile.toml can say, each on a profile of its own."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from devices.decoded import Decoded, DecodeError, hashed_key
from schemas.readings import Flag
from schemas.times import parse_rfc3339

Read = Callable[[str, bytes], Decoded]
Trial = Callable[[str], Read]


def values(read: Read, topic: str, payload: Any) -> dict[str, float | int]:
    body = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
    (reading,) = read(topic, body).readings
    return reading.values


def code(read: Read, topic: str, payload: Any) -> str:
    with pytest.raises(DecodeError) as caught:
        read(topic, json.dumps(payload).encode())
    return caught.value.code


def test_paths_with_alternatives_indexes_quotes_and_the_whole_payload(trial: Trial) -> None:
    read = trial(
        """
        [[message]]
        topic = "t/{id}"
        [message.value.battery]
        at = ["a.b", 'list[1]."dotted.key"', "$"]
        """
    )
    assert values(read, "t/1", {"a": {"b": 1}, "list": [0, {"dotted.key": 2}]}) == {"battery": 1}
    assert values(read, "t/1", {"a": {"b": None}, "list": [0, {"dotted.key": 2}]}) == {"battery": 2}
    assert values(read, "t/1", 3) == {"battery": 3}
    assert code(read, "t/1", {"a": 5}) == "type"


def test_numbers_scale_shift_and_come_as_text(trial: Trial) -> None:
    read = trial(
        """
        [[message]]
        topic = "t/{id}"
        [message.value.heart_rate]
        at = "hr"
        scale = 0.1
        offset = 2
        unknown = [-1, 255, "--"]
        """
    )
    assert values(read, "t/1", {"hr": " 600 "}) == {"heart_rate": 62}
    for sentinel in (-1, -1.0, "-1", 255, "255", "--", None):
        assert values(read, "t/1", {"hr": sentinel}) == {}
    for wrong in ("sixty", "nan", "1_0", "٣", True, [60], ""):
        assert code(read, "t/1", {"hr": wrong}) == "type"
    assert code(read, "t/1", {"hr": "1e99"}) == "value"


def test_booleans_enumerations_and_thresholds(trial: Trial) -> None:
    read = trial(
        """
        [[message]]
        topic = "t/{id}"
        [message.value.presence]
        at = "room"
        words = { occupied = true, vacant = false }
        [message.value.in_bed]
        at = "weight"
        above = 20
        [message.value.tamper]
        at = "open"
        [message.value.fall]
        at = "fall"
        words = { 0 = "none", 1 = "suspected", 2 = "confirmed" }
        otherwise = "unknown"
        """
    )
    said = {"room": "Occupied", "weight": 21, "open": "TRUE", "fall": "2"}
    assert values(read, "t/1", said) == {"presence": 1, "in_bed": 1, "tamper": 1, "fall": 2}
    assert values(read, "t/1", {"fall": 9, "weight": 20}) == {"in_bed": 0}
    assert code(read, "t/1", {"room": "crowded"}) == "value"
    assert code(read, "t/1", {"open": 1}) == "value"


def test_absence_may_stand_for_a_value(trial: Trial) -> None:
    read = trial(
        """
        [[message]]
        topic = "t/{id}"
        [message.value.battery]
        at = "level"
        absent = 0
        unless = "mains"
        """
    )
    assert values(read, "t/1", {}) == {"battery": 0}
    assert values(read, "t/1", {"mains": False}) == {"battery": 0}
    assert values(read, "t/1", {"mains": True}) == {}


def test_one_topic_per_quantity_in_plain_text(trial: Trial) -> None:
    read = trial(
        """
        [[message]]
        topic = "/bed/{id}/hr"
        payload = "text"
        value.heart_rate.at = "$"
        [[message]]
        topic = "/bed/{id}/{side}"
        payload = "text"
        value.in_bed = { at = "$" }
        """
    )
    assert values(read, "/bed/7/hr", b" 61\n") == {"heart_rate": 61}
    assert values(read, "/bed/7/left", b"true") == {"in_bed": 1}
    with pytest.raises(DecodeError, match="UTF-8"):
        read("/bed/7/hr", b"\xff")


def test_form_fields(trial: Trial) -> None:
    read = trial(
        """
        [[message]]
        topic = "push"
        payload = "form"
        device = "imei"
        time = { at = "date_str", format = "local", layout = "%Y%m%d%H%M%S" }
        value.presence = { at = "people", words = { 1 = true, 0 = false } }
        """
    )
    (reading,) = read("push", b"imei=861234567890123&people=1&date_str=20260103120000").readings
    assert (reading.device, reading.values) == ("861234567890123", {"presence": 1})
    assert reading.ts == parse_rfc3339("2026-01-03T12:00:00+08:00")
    with pytest.raises(DecodeError) as caught:
        read("push", b"no fields")
    assert caught.value.code == "shape"


def test_json_inside_json(trial: Trial) -> None:
    read = trial(
        """
        [[message]]
        topic = "lan"
        device = "sid"
        embedded = "data"
        value.presence = { at = "data.status", words = { motion = true } }
        value.battery = { at = "data.mv", scale = 0.02 }
        """
    )
    assert values(read, "lan", {"sid": "1", "data": '{"status":"motion"}'}) == {"presence": 1}
    assert values(read, "lan", {"sid": "1", "data": {"mv": 3000}}) == {"battery": 60}
    assert values(read, "lan", {"sid": "1"}) == {}
    assert code(read, "lan", {"sid": "1", "data": "{"}) == "json"


def test_records_with_their_own_device_and_the_payloads_time(trial: Trial) -> None:
    read = trial(
        """
        [[message]]
        topic = "gw/{gw}"
        each = "data.list"
        device = "mac"
        time = { at = ["t", "$.time"], format = "epoch_s" }
        value.battery.at = "bat"
        """
    )
    records = [{"mac": "a", "bat": 1, "t": 10}, {"bat": 2}, {"mac": "b", "bat": "x"}, {"mac": 12}]
    decoded = read("gw/9", json.dumps({"time": 5, "data": {"list": records}}).encode())
    assert [(r.device, r.ts, r.values) for r in decoded.readings] == [
        ("a", 10_000_000, {"battery": 1}),
        ("12", 5_000_000, {}),
    ]
    assert [(e.code, e.index, e.device) for e in decoded.rejects] == [
        ("device", 1, None),
        ("type", 2, "b"),
    ]
    assert read("gw/9", b'{"data":{"list":[]}}').ignored
    assert code(read, "gw/9", {"data": {"list": {}}}) == "shape"
    assert code(read, "gw/9", {"data": {"list": [{}] * 1001}}) == "size"


def test_folded_keys_and_named_fields_in_cases(trial: Trial) -> None:
    read = trial(
        """
        [[message]]
        topic = "t/{id}"
        fold_keys = true
        fields = { kind = ["event_type", "inner.event_type"] }
        otherwise = "nothing"
        [[message.case]]
        when = { kind = ["enter", 1], sub_type = true }
        set = { presence = true, movement = 50 }
        [[message.case]]
        when = { kind = "leave" }
        set = { presence = false }
        """
    )
    both = {"presence": 1, "movement": 50}
    assert values(read, "t/1", {"eventType": "ENTER", "Sub-Type": True}) == both
    assert values(read, "t/1", {"Inner": {"event type": 1}, "subtype": "true"}) == both
    assert values(read, "t/1", {"event_type": "leave"}) == {"presence": 0}
    assert values(read, "t/1", {"event_type": "enter"}) == {}
    with pytest.raises(DecodeError, match="nested too deeply"):
        read("t/1", b'{"a":' * 300 + b"1" + b"}" * 300)


def test_variants_of_one_topic(trial: Trial) -> None:
    read = trial(
        """
        [[message]]
        topic = "t/{id}"
        when = { fw = [1, "1.1"] }
        value.heart_rate = { at = "hr", scale = 0.1 }
        [[message]]
        topic = "t/{id}"
        when = { fw = 2 }
        value.heart_rate = { at = "rate" }
        """
    )
    assert values(read, "t/1", {"fw": 1.1, "hr": 600}) == {"heart_rate": 60}
    assert values(read, "t/1", {"fw": "2", "rate": 61}) == {"heart_rate": 61}
    with pytest.raises(DecodeError, match="no variant") as caught:
        read("t/1", b'{"fw":3}')
    assert caught.value.device == "1"


def test_keys_marks_and_required_places(trial: Trial) -> None:
    read = trial(
        """
        [[message]]
        topic = "s/{id}"
        key = { at = "n", kind = "sequence" }
        test = { at = "simulated" }
        history = { at = "frame", is = ["stored", 2] }
        require = [{ at = "body", hint = "set up the codec" }]
        value.sos = { at = "sos", words = { 1 = "pressed" } }
        [[message]]
        topic = "i/{id}"
        key = { at = "uid", kind = "id" }
        """
    )
    (reading,) = read("s/1", b'{"n":7,"simulated":true,"frame":"Stored","body":0}').readings
    assert (reading.key, reading.flags) == (7, Flag.TEST | Flag.HISTORY)
    (reading,) = read("s/1", b'{"simulated":"no","frame":1,"body":0}').readings
    assert (reading.key, reading.flags) == (None, 0)
    assert code(read, "s/1", {"n": -1, "body": 0}) == "key"
    with pytest.raises(DecodeError, match="set up the codec"):
        read("s/1", b"{}")
    assert values(read, "s/1", {"sos": 1}) == {"sos": 1}
    (reading,) = read("i/1", b'{"uid":"Ab-1"}').readings
    assert reading.key == hashed_key("Ab-1") != hashed_key("ab-1")
    assert reading.key is not None
    assert -(2**63) <= reading.key < 0
    assert code(read, "i/1", {"uid": {}}) == "key"


@pytest.mark.parametrize(
    ("time", "raw", "ts"),
    [
        ('format = "rfc3339"', "2026-01-02T03:04:05.123456789+08:00",
         "2026-01-01T19:04:05.123456Z"),
        ('format = "epoch_s"', 1_767_323_045, "2026-01-02T03:04:05Z"),
        ('format = "epoch_s"', "1767323045.5", "2026-01-02T03:04:05.5Z"),
        ('format = "epoch_ms"', 1_767_323_045_250, "2026-01-02T03:04:05.25Z"),
        ('format = "senml"', -5, "2025-12-31T23:59:55Z"),
        ('format = "senml"', 1_767_323_045, "2026-01-02T03:04:05Z"),
        ('format = "local"', "2026-01-02 03:04:05", "2026-01-01T19:04:05Z"),
        ('format = "local", layout = "%d/%m/%Y %H:%M"', "02/01/2026 03:04", "2026-01-01T19:04:00Z"),
        ('format = "local", layout = "%Y-%m-%d %H:%M:%S.%f"', "2026-1-2 3:4:5.5",
         "2026-01-01T19:04:05.5Z"),
        ('format = "epoch_s", unknown = [0]', 0, None),
        ('format = "rfc3339"', "", None),
        ('format = "rfc3339"', None, None),
    ],
)  # fmt: skip
def test_time_formats(trial: Trial, time: str, raw: object, ts: str | None) -> None:
    read = trial(f'[[message]]\ntopic = "t/{{id}}"\ntime = {{ at = "t", {time} }}\n')
    (reading,) = read("t/1", json.dumps({"t": raw}).encode()).readings
    assert reading.ts == (None if ts is None else parse_rfc3339(ts))


@pytest.mark.parametrize(
    ("time", "raw"),
    [
        ('format = "rfc3339"', "2026-01-02 03:04"),
        ('format = "rfc3339"', 1_767_323_045),
        ('format = "epoch_s"', 1e12),
        ('format = "epoch_ms"', 10**29),
        ('format = "senml"', -1e12),
        ('format = "local"', "2026-02-30 00:00:00"),
        ('format = "local"', "0000-01-01 00:00:00"),
        ('format = "local"', "0001-01-01 00:00:00"),
        ('format = "rfc3339"', "0001-01-01T00:00:00+08:00"),
        ('format = "rfc3339"', "9999-12-31T23:59:59-08:00"),
        ('format = "local"', "02.01.2026"),
        ('format = "local"', 20260102),
    ],
)
def test_times_that_are_none(trial: Trial, time: str, raw: object) -> None:
    read = trial(f'[[message]]\ntopic = "t/{{id}}"\ntime = {{ at = "t", {time} }}\n')
    assert code(read, "t/1", {"t": raw}) == "time"


def test_availability_of_bridge_and_device(trial: Trial) -> None:
    read = trial(
        """
        [[message]]
        topic = "b/{id}/lwt"
        payload = "any"
        availability = { of = "device", at = ["s", "$"], online = [1, "up"], offline = 0 }
        [[message]]
        topic = "b/state"
        payload = "text"
        availability = {}
        """
    )
    assert "7 is online" in (read("b/7/lwt", b"UP").ignored or "")
    assert "7 is offline" in (read("b/7/lwt", b'{"s":0}').ignored or "")
    status = read("b/state", b"Offline").status
    assert status is not None
    assert not status.online
    for topic in ("b/7/lwt", "b/state"):
        with pytest.raises(DecodeError) as caught:
            read(topic, b"maybe")
        assert caught.value.code == "value"


def test_ids_are_made_fit_for_the_registry(trial: Trial) -> None:
    read = trial('[[message]]\ntopic = "t/#"\ndevice = ["a", "b"]\n')
    (reading,) = read("t/x", '{"b":" 卧室 the/1+#\\u0000 "}'.encode()).readings
    assert reading.device == "卧室_the_1___"
    assert read("t/x", b'{"a":12}').readings[0].device == "12"
    assert len(read("t/x", json.dumps({"a": "x" * 99}).encode()).readings[0].device) == 64
    wrongs: list[object] = [{}, {"a": ""}, {"a": "  "}, {"a": True}, {"a": 1.5}, {"a": []}]
    for wrong in wrongs:
        assert code(read, "t/x", wrong) == "device"


def test_units_behind_numbers(trial: Trial) -> None:
    read = trial(
        """
        [[message]]
        topic = "t/{id}"
        [message.value.battery]
        at = "b"
        suffix = "%"
        [message.value.heart_rate]
        at = "hr"
        suffix = ["bpm", "次/分"]
        unknown = ["--"]
        """
    )
    said = {"b": "80 %", "hr": "61BPM"}
    assert values(read, "t/1", said) == {"battery": 80, "heart_rate": 61}
    assert values(read, "t/1", {"b": 80, "hr": "61 次/分"}) == {"battery": 80, "heart_rate": 61}
    assert values(read, "t/1", {"hr": "--"}) == {}
    assert code(read, "t/1", {"hr": "bpm"}) == "type"
    assert code(read, "t/1", {"b": "80 V"}) == "type"


def test_date_and_clock_apart(trial: Trial) -> None:
    read = trial(
        """
        [[message]]
        topic = "t/{id}"
        time = { at = "date", clock = "clock", format = "local", layout = "%d.%m.%Y %H:%M:%S" }
        """
    )
    (reading,) = read("t/1", b'{"date":"07.03.2026","clock":"02:14:05"}').readings
    assert reading.ts == parse_rfc3339("2026-03-06T18:14:05Z")
    assert reading.flags == Flag.ZONE_ASSUMED
    (reading,) = read("t/1", b'{"date":"07.03.2026"}').readings
    assert reading.ts is None
    assert code(read, "t/1", {"date": "07.03.2026", "clock": "noon"}) == "time"


def test_a_frame_that_is_the_whole_text(trial: Trial) -> None:
    read = trial(
        """
        [[message]]
        topic = "t/{id}"
        payload = "text"
        value.heart_rate.at = "frame.hr"
        [[message.frame]]
        at = "$"
        encoding = "hex"
        entries = [{ tag = "aa55", read = ["hr:u8"] }]
        """
    )
    assert values(read, "t/1", b"AA55 3D") == {"heart_rate": 61}
    with pytest.raises(DecodeError) as caught:
        read("t/1", b"hello")
    assert caught.value.code == "frame"
