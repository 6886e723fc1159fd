"""Devices of many makes in one home, through a real broker: what counts as one emergency."""

import json
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from schemas import topics
from schemas.directory import DeviceKind
from tests.support.registry import EAST, town_with
from tests.support.system import Client, System, system, until

BUTTON, SENSOR, BED = DeviceKind.SOS_BUTTON, DeviceKind.FALL_SENSOR, DeviceKind.MATTRESS

MODELS = {
    "0x00137a1000012ab4": ("z2m-sos-alarm", BUTTON),
    "0x00158d0003a10042": ("z2m-button", BUTTON),
    "0x00158d0004b2001c": ("z2m-button-hold", BUTTON),
    "158d0001a2b3c4": ("aqara-gateway", BUTTON),
    "26b1c4d7e9f00a1b2c": ("tuya-sos", BUTTON),
    "861358030007731": ("aiqiangua-push", BUTTON),
    "861200050001234": ("cn-push-action", BUTTON),
    "cord-0003": ("ha-mqtt-entity", BUTTON),
    "button-0007": ("homie5", BUTTON),
    "bathroom-radar": ("z2m-fall-radar", SENSOR),
    "mr60fda2-3fa10c": ("esphome-seeed-mr60", SENSOR),
    "k7m2p9x4": ("scuiot-gyroscope", SENSOR),
    "g1-left": ("opensleep", BED),
}

CLICK = {"cmd": "report", "model": "switch", "sid": "158d0001a2b3c4"}
NOW = datetime.now(ZoneInfo("Asia/Shanghai")).strftime("%Y-%m-%d %H:%M:%S.%f")
FORM = f"imei=861358030007731&time_begin={NOW}&heartrate=96&type=1"
QUEUE = {
    "dataId": "00aa77bb33cc",
    "devId": "26b1c4d7e9f00a1b2c",
    "status": [{"code": "sos", "value": "sos"}, {"code": "sos_state", "value": True}],
}

SAID: list[tuple[str, Mapping[str, Any] | str]] = [
    # A state, repeated in reports of the battery, is one press.
    ("zigbee2mqtt/0x00137a1000012ab4", {"sos": True, "battery": 61}),
    ("zigbee2mqtt/0x00137a1000012ab4", {"sos": True, "battery": 60}),
    ("zigbee2mqtt/0x00137a1000012ab4", {"sos": False, "battery": 60}),
    # A click, its end and its plain copy are one press.
    ("zigbee2mqtt/0x00158d0003a10042", {"action": "single", "battery": 0}),
    ("zigbee2mqtt/0x00158d0003a10042", {"action": "", "battery": 0}),
    ("zigbee2mqtt/0x00158d0003a10042/action", "single"),
    # By setting a click is none.
    ("zigbee2mqtt/0x00158d0004b2001c", {"action": "single", "battery": 77}),
    # JSON inside JSON.
    ("aqara/report", {**CLICK, "data": '{"status":"click"}'}),
    ("aqara/report", {**CLICK, "data": '{"voltage":3000}'}),
    # A report and the state that follows it, each sent twice.
    ("tuya/26b1c4d7e9f00a1b2c/status", QUEUE),
    ("tuya/26b1c4d7e9f00a1b2c/status", QUEUE),
    # A form, pushed again because nobody answered.
    ("aiqiangua/sos", FORM),
    ("aiqiangua/sos", FORM),
    ("cnpush/861200050001234", {"pushType": 4, "Action": "11"}),
    ("homeassistant/binary_sensor/cord-0003_sos/state", "on"),
    ("homeassistant/binary_sensor/cord-0003_sos/state", "on"),
    ("homie/5/button-0007/hand/sos", "pressed"),
    # A fall is a state; a wearable's is an event.
    ("zigbee2mqtt/bathroom-radar", {"fall_status": "fall_alarm", "occupancy": True}),
    ("zigbee2mqtt/bathroom-radar", {"fall_status": "fall_alarm", "occupancy": True}),
    ("mr60fda2-3fa10c/binary_sensor/falling_detected/state", "ON"),
    ("drug/id/slip", {"id": "k7m2p9x4", "code": 400}),
    ("opensleep/state/presence/left", "true"),
]

# Not one reading, and nothing that stops the others: refused, passed over, or put in quarantine.
BESIDE: list[tuple[str, Mapping[str, Any] | str]] = [
    ("zigbee2mqtt/0x00137a1000012ab4", '{"sos":tr'),
    ("zigbee2mqtt/0x00137a1000012ab4/availability", "offline"),
    ("aqara/report", {**CLICK, "data": '{"status":'}),
    ("aiqiangua/sos", "heartrate=96"),
    ("cnpush/861200050001234", {"pushType": 4, "Action": 999}),
    ("homie/5/button-0007/$state", "lost"),
    ("zigbee2mqtt/a-light-switch", {"action": "single"}),
]

KEPT = ["device", "json", "json", "unknown_device", "value"]

ALERTS = sorted(
    [("sos", device) for device, (_, kind) in MODELS.items() if kind is BUTTON]
    + [("fall", device) for device, (_, kind) in MODELS.items() if kind is SENSOR]
    + [("fall", "861200050001234")]
)
ALERTS.remove(("sos", "0x00158d0004b2001c"))
ALERTS.remove(("sos", "861200050001234"))


def test_each_emergency_is_one_alert_however_it_is_told(database: str, tmp_path: Path) -> None:
    with system(database, town_with(MODELS), tmp_path) as running:
        running.start("ingest")
        until(running.caught_up)
        client = Client(running.broker)
        for topic, payload in BESIDE + SAID:
            content = payload if isinstance(payload, str) else json.dumps(payload)
            client.say(topics.native(EAST, "g1", topic), content)
        client.say(topics.up(EAST, "g1", "m1"), {"respiratory_rate": 13}).wait_for_publish(10)
        # Order holds within a subscription only: this one may come before the native ones.
        until(lambda: running.rows("SELECT 1 FROM reading WHERE respiratory_rate IS NOT NULL"))
        until(lambda: len(red(running)) >= len(ALERTS) and len(kept(running)) >= len(KEPT))
        client.close()
        assert red(running) == ALERTS
        assert running.rows("SELECT 1 FROM alert WHERE home <> 'h1'") == []
        assert kept(running) == KEPT


def red(running: System) -> list[tuple[str, str]]:
    found = running.rows("SELECT rule, device FROM alert WHERE severity = 'red'")
    return sorted((rule, device) for rule, device in found)


def kept(running: System) -> list[str]:
    """Why things were kept aside, without what profiles pass over on purpose."""
    found = running.rows("SELECT code FROM reject UNION ALL SELECT code FROM quarantine")
    return sorted(code for (code,) in found if code != "ignored")


KEPT_BY_THE_BROKER = [
    ("homie/5/button-0007/hand/sos", "pressed"),
    ("zigbee2mqtt/0x00137a1000012ab4", '{"sos":true,"battery":61}'),
    ("zigbee2mqtt/bathroom-radar", '{"fall_status":"fall_alarm","occupancy":true}'),
]


def test_what_the_broker_kept_is_state_and_no_new_emergency(database: str, tmp_path: Path) -> None:
    with system(database, town_with(MODELS), tmp_path) as running:
        client = Client(running.broker)
        for topic, payload in KEPT_BY_THE_BROKER:
            said = client.say(topics.native(EAST, "g1", topic), payload, retain=True)
            said.wait_for_publish(10)
        running.start("ingest")
        until(running.caught_up)
        # Without a time nobody can say how old a retained press is: somebody checks.
        until(lambda: len(running.rows("SELECT 1 FROM alert WHERE severity = 'blue'")) == 2)
        for topic, payload in KEPT_BY_THE_BROKER:
            client.say(topics.native(EAST, "g1", topic), payload)
        until(lambda: len(running.rows("SELECT 1 FROM alert WHERE severity = 'red'")) == 3)
        client.close()
        assert running.tally().alerts == {"sos": 4, "fall": 1}
