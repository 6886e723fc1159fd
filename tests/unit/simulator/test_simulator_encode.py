"""What goes on the wire, in each vendor's own shape."""

import json
from uuid import UUID

import numpy as np

from schemas.times import parse_rfc3339
from simulator.encode import canonical, chirpstack, easydoc, milesight, zigbee2mqtt

AT = parse_rfc3339("2026-02-03T21:04:05.678901Z")
ZONE = "Asia/Shanghai"


def test_canonical_stamps_in_both_forms() -> None:
    ts = np.array([AT, AT])
    offset = np.array([8 * 3600 * 1_000_000, -(3 * 3600 + 1800) * 1_000_000])
    as_text = canonical.stamps(ts, offset, np.array([True, True]))
    assert as_text == ['"2026-02-04T05:04:05.678+08:00"', '"2026-02-03T17:34:05.678-03:30"']
    as_number = canonical.stamps(ts, offset, np.array([False, False]))
    assert as_number == [str(AT // 1000)] * 2
    for text in as_text:
        assert parse_rfc3339(json.loads(text)) == AT // 1000 * 1000


def test_canonical_readings_are_json_and_a_renewed_firmware_adds_keys() -> None:
    columns = [[',"in_bed":true', ""], [',"heart_rate":72.3', ',"battery":80']]
    old, new = canonical.readings(["1", '"2026-01-01T00:00:00Z"'], [7, 8], columns, [False, True])
    assert json.loads(old) == {"ts": 1, "seq": 7, "in_bed": True, "heart_rate": 72.3}
    said = json.loads(new)
    assert {"ts": "2026-01-01T00:00:00Z", "seq": 8, "battery": 80}.items() < said.items()
    assert len(said) > 3


def test_tenths_are_written_without_what_says_nothing() -> None:
    assert [canonical.number(n) for n in (723, 710, 5, -600)] == ["72.3", "71", "0.5", "-60"]


def test_a_bed_band_says_zero_for_what_it_could_not_measure() -> None:
    mac = "f4:cf:a2:00:0b:01"
    assert easydoc.topic(mac) == "easydoc/F4CFA2000B01/realtime"
    lying = easydoc.answer(mac, AT, in_bed=True, moving=False, heart=612, breath=None)
    said = json.loads(lying)
    assert (said["ret"], said["mac"], said["inbed"], said["body_movement"]) == (0, mac, True, False)
    assert (said["heart_rate"], said["respiration_rate"]) == (61.2, 0)
    assert said["timestamp"] == said["id"] == AT // 1000
    assert said["date"] == "2026-02-04 05:04:05"


def test_z2m_press_is_several_messages_with_one_plain_copy() -> None:
    for announced in (False, True):
        said = zigbee2mqtt.press(
            "0xa4c1380000000001", AT, battery=77, linkquality=90, announced=announced
        )
        at = [when for when, _, _ in said]
        assert at == sorted(at)
        assert at[0] == AT
        assert at[-1] - at[0] < 1_000_000
        *state, (_, topic, text) = said
        assert (topic, text) == ("zigbee2mqtt/0xa4c1380000000001/action", b"emergency")
        assert {t for _, t, _ in state} == {"zigbee2mqtt/0xa4c1380000000001"}
        actions = [json.loads(p)["action"] for _, _, p in state]
        assert actions == ([None] if announced else []) + ["emergency", ""]


def test_z2m_last_seen_tells_messages_of_one_second_apart() -> None:
    said = json.loads(zigbee2mqtt.state(AT, action=None, battery=77, linkquality=9))
    assert said == {
        "action": None,
        "battery": 77,
        "last_seen": "2026-02-03T21:04:05.678Z",
        "linkquality": 9,
    }


def test_vs373_in_two_spellings_with_local_time_without_zone() -> None:
    new, old = (
        json.loads(
            milesight.trigger(
                "6801000000000042",
                AT,
                ZONE,
                event=milesight.Event.FALL,
                status=milesight.Status.RESOLVE,
                number=12,
                old=old,
            )
        )
        for old in (False, True)
    )
    assert new["device_info"]["device_sn"] == "6801000000000042"
    assert new["device_info"]["time"] == "2026-02-04 05:04:05"
    assert new["trigger_data"] == {"type": 0, "trigger_id": 12, "event": 0, "status": 2}
    assert list(old) == ["device info"]
    assert old["device info"]["device sn"] == "6801000000000042"
    assert old["device info"]["trigger data"]["trigger id"] == 12


def test_chirpstack_uplink_leaves_zeros_out_and_has_one_id_a_frame() -> None:
    def uplink(f_cnt: int) -> dict[str, object]:
        frame = chirpstack.Uplink(
            "24e124000000000a", AT, f_cnt, {"battery": 0, "join": ""}, -71, 0.0
        )
        said: dict[str, object] = json.loads(chirpstack.up(frame, "gw0001"))
        return said

    first, again, later = uplink(0), uplink(0), uplink(1)
    assert first == again
    assert "fCnt" not in first
    assert later["fCnt"] == 1
    assert "object" not in first or first["object"] == {}
    assert first["time"] == "2026-02-03T21:04:05.678901+00:00"
    assert first["fPort"] == 85
    assert first["rxInfo"][0]["rssi"] == -71  # type: ignore[index]
    ids = {UUID(str(u["deduplicationId"])) for u in (first, later)}
    assert len(ids) == 2
    assert chirpstack.topic("24e124000000000a").endswith("/device/24e124000000000a/event/up")
