"""The traps that real devices set, one by one, through a real broker and into the store."""

import os
import socket
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion

from schemas import topics
from schemas.directory import DeviceKind
from schemas.readings import Flag
from tests.support.registry import EAST, town_with
from tests.support.system import Client, System, system, until

BUTTON, SENSOR, BED = DeviceKind.SOS_BUTTON, DeviceKind.FALL_SENSOR, DeviceKind.MATTRESS
MODELS = {
    "24e124535c000101": ("milesight-ws101-chirpstack", BUTTON),
    "eui-24e124535c000212": ("milesight-ws101-tts", BUTTON),
    "6806e51500000021": ("milesight-vs373-lorawan", SENSOR),
    "6806E70200110007": ("milesight-vs373-mqtt", SENSOR),
    "button-2": ("senml-json", BUTTON),
    "bed-7": ("sparkplug-b", BED),
    "pad-1": ("site-pad", BED),
    "0x00158d0003a10042": ("z2m-button", BUTTON),
    "00A3F1": ("emfit-qs", BED),
    "f4:cf:a2:01:02:03": ("easydoc-bed-band", BED),
    "s_o_s": ("canonical", BUTTON),
}
WS101 = "application/7/device/24e124535c000101/event"
TTS = "v3/care@ttn/devices/eui-24e124535c000212/up"
VS373 = "application/7/device/6806e51500000021/event/up"
SITE_PAD = """
id = "site-pad"
name = "A pad of the site's own"
kinds = ["mattress"]
source = "documents"
interval_s = 60
[[message]]
topic = "site/{id}"
time = { at = "at", format = "local", layout = "%d/%m/%Y %H:%M:%S" }
value.heart_rate.at = "hr"
"""
Saying = Mapping[str, Any] | list[Any] | str


class Site:
    """A running ingest, and a bridge that forwards what devices say."""

    def __init__(self, running: System) -> None:
        self.running, self._client = running, Client(running.broker)

    def say(self, topic: str, payload: Saying, *, qos: int = 1) -> None:
        self._client.say(topics.native(EAST, "g1", topic), payload, qos=qos)

    def rows(self, device: str, columns: str, *, least: int = 1) -> list[tuple[Any, ...]]:
        """The device's readings, once there are so many."""
        query = (
            f"SELECT {columns} FROM reading r JOIN device d ON r.device = d.row "
            "WHERE d.id = %s ORDER BY ts, key"
        )
        until(lambda: len(self.running.rows(query, device)) >= least)
        return self.running.rows(query, device)

    def alerts(self, device: str, *, least: int = 1) -> list[tuple[Any, ...]]:
        query = (
            "SELECT rule, severity, test, late FROM alert "
            "WHERE device = %s AND category = 'emergency' ORDER BY onset"
        )
        until(lambda: len(self.running.rows(query, device)) >= least)
        return self.running.rows(query, device)

    def close(self) -> None:
        self._client.close()


@contextmanager
def site(database: str, folder: Path) -> Iterator[Site]:
    own = folder / "devices" / "site-pad"
    own.mkdir(parents=True)
    (own / "profile.toml").write_text(SITE_PAD, encoding="utf-8")
    extra = {"VIGIL_DEVICES__FOLDER": str(own.parent)}
    with system(database, town_with(MODELS), folder, **extra) as running:
        running.start("ingest")
        until(running.caught_up)
        made = Site(running)
        try:
            yield made
        finally:
            made.close()


def test_one_by_one(database: str, tmp_path: Path) -> None:
    with site(database, tmp_path) as bridge:
        zeros_are_left_out(bridge)
        a_message_id_is_random_at_every_decode(bridge)
        a_console_simulates(bridge)
        an_alarm_of_type_0_is_a_fall(bridge)
        a_history_frame_brings_an_old_alarm(bridge)
        a_local_time_has_no_zone(bridge)
        days_come_before_months(bridge)
        times_are_relative(bridge)
        metrics_come_by_alias_and_deaths_late(bridge)
        an_empty_battery_is_suspect_and_silences_nobody(bridge)
        keys_vary_within_one_vendor(bridge)
        epochs_are_in_seconds_or_milliseconds(bridge)
        a_will_is_plain_text(bridge)
        a_space_in_a_topic_costs_a_connection(bridge)


def now(offset: float = 0) -> datetime:
    return datetime.now(UTC).replace(microsecond=0) + timedelta(seconds=offset)


def zeros_are_left_out(bridge: Site) -> None:
    said = {"deduplicationId": "zero", "time": now().isoformat(), "margin": 12}
    bridge.say(f"{WS101}/status", said)
    assert bridge.rows("24e124535c000101", "battery") == [(0,)]


def a_message_id_is_random_at_every_decode(bridge: Site) -> None:
    said = {"deduplicationId": "one", "time": now().isoformat()}
    for msgid in (52_817, 331_201, 7):
        press = {"button_event": {"msgid": msgid, "status": "short press"}}
        bridge.say(f"{WS101}/up", {**said, "object": press})
    bridge.say(f"{WS101}/status", {"deduplicationId": "last", "time": now(1).isoformat()})
    assert len(bridge.rows("24e124535c000101", "sos", least=3)) == 3
    assert bridge.alerts("24e124535c000101") == [("sos", "red", False, False)]


def a_console_simulates(bridge: Site) -> None:
    """And The Things Stack publishes at QoS 0 only."""
    said = {"decoded_payload": {"button": "short"}, "received_at": now().isoformat()}
    bridge.say(TTS, {"simulated": True, "uplink_message": said}, qos=0)
    assert bridge.alerts("eui-24e124535c000212") == [("sos", "blue", True, False)]


def an_alarm_of_type_0_is_a_fall(bridge: Site) -> None:
    """One document calls it normal, the decoder a fall: the decoder is believed."""
    alarm = {"alarm_id": 31, "alarm_type": 0, "alarm_status": 1}
    said = {"deduplicationId": "type-0", "time": now().isoformat(), "object": {"events": [alarm]}}
    bridge.say(VS373, said)
    assert bridge.alerts("6806e51500000021") == [("fall", "red", False, False)]


def a_history_frame_brings_an_old_alarm(bridge: Site) -> None:
    was = int(time.time()) - 3 * 86_400
    alarm = {"timestamp": was, "alarm_type": "fall", "alarm_status": "alarm_triggered"}
    said = {"deduplicationId": "old", "time": now().isoformat(), "object": {"history": [alarm]}}
    bridge.say(VS373, said)
    found = bridge.alerts("6806e51500000021", least=2)
    assert found == [("fall", "blue", False, True), ("fall", "red", False, False)]


def a_local_time_has_no_zone(bridge: Site) -> None:
    at = now(-2)
    local = at.astimezone(ZoneInfo("Asia/Shanghai")).strftime("%Y-%m-%d %H:%M:%S")
    device = {"device sn": "6806E70200110007", "time": local}
    trigger = {"event": 4, "status": 1}
    bridge.say("milesight/vs373/r", {"device info": device, "trigger data": trigger})
    ((ts, flags),) = bridge.rows("6806E70200110007", "ts, flags")
    assert (ts, flags) == (at, Flag.ZONE_ASSUMED)


def days_come_before_months(bridge: Site) -> None:
    """By a profile of the site's own, from a folder beside the ones that ship."""
    at = now(-2)
    local = at.astimezone(ZoneInfo("Asia/Shanghai")).strftime("%d/%m/%Y %H:%M:%S")
    bridge.say("site/pad-1", {"at": local, "hr": "61"})
    ((ts, flags),) = bridge.rows("pad-1", "ts, flags")
    assert (ts, flags) == (at, Flag.ZONE_ASSUMED)


def times_are_relative(bridge: Site) -> None:
    bridge.say("senml/home", [{"bn": "button-2/", "t": -5, "n": "sos", "vs": "pressed"}])
    ((age,),) = bridge.rows("button-2", "received - ts")
    assert age == timedelta(seconds=5)
    assert bridge.alerts("button-2") == [("sos", "red", False, False)]


def metrics_come_by_alias_and_deaths_late(bridge: Site) -> None:
    seq = count()

    def node(kind: str, metric: dict[str, Any], device: str = "/bed-7") -> None:
        stamp = int(time.time() * 1_000)
        said = {"timestamp": stamp, "seq": next(seq), "metrics": [{**metric, "timestamp": stamp}]}
        bridge.say(f"spBv1.0/Homes/{kind}/g1{device}", said)

    node("DDATA", {"alias": 1, "value": 60})  # nobody has said what it is: kept, and asked for
    node("NBIRTH", {"name": "bdSeq", "value": 8}, device="")
    node("DBIRTH", {"name": "heart_rate", "alias": 1, "value": 61})
    node("NDEATH", {"name": "bdSeq", "value": 7}, device="")
    node("DDATA", {"alias": 1, "value": 62})
    assert bridge.rows("bed-7", "heart_rate", least=2) == [(610,), (620,)]
    status = "SELECT online FROM gateway_status ORDER BY received"
    assert bridge.running.rows(status) == [(True,)]
    node("NDEATH", {"name": "bdSeq", "value": 8}, device="")
    until(lambda: bridge.running.rows(status) == [(True,), (False,)])
    rejects = bridge.running.rows("SELECT code, reason FROM reject ORDER BY received")
    assert [code for code, _ in rejects] == ["alias", "ignored"]
    assert "Node Control/Rebirth" in rejects[0][1]


def an_empty_battery_is_suspect_and_silences_nobody(bridge: Site) -> None:
    bridge.say("zigbee2mqtt/0x00158d0003a10042", {"action": "single", "battery": 0})
    assert bridge.alerts("0x00158d0003a10042") == [("sos", "red", False, False)]
    said = "SELECT rule, evidence -> 'suspect_device' FROM alert WHERE device = %s ORDER BY rule"
    found = bridge.running.rows(said, "0x00158d0003a10042")
    assert found == [("battery-low", None), ("sos", True)]


def keys_vary_within_one_vendor(bridge: Site) -> None:
    """And numbers come as texts. `a_local_time_has_no_zone` has had a reading of it already."""
    forms = (
        ("device info", "device sn", "trigger data"),
        ("device_info", "device_sn", "trigger_data"),
        ("deviceInfo", "deviceSn", "triggerData"),
    )
    for ago, (info, number, data) in enumerate(forms, start=10):
        local = now(-ago).astimezone(ZoneInfo("Asia/Shanghai")).strftime("%Y-%m-%d %H:%M:%S")
        device = {number: "6806E70200110007", "time": local}
        bridge.say("milesight/vs373/r", {info: device, data: {"event": "4", "status": "1"}})
    assert len(bridge.rows("6806E70200110007", "ts", least=4)) == 4


def epochs_are_in_seconds_or_milliseconds(bridge: Site) -> None:
    at = now(-3)
    seconds = int(at.timestamp())
    pad = f"PRES=1\r\n<br>SER=00A3F1\r\n<br>TS={seconds}\r\n<br>HR=58\r\n<br>RR=14\r\n<br>ACT=12"
    bridge.say("emfit/bedroom/dvmstatus", pad)
    band = {"ret": 0, "timestamp": 1_000 * seconds, "mac": "f4:cf:a2:01:02:03", "inbed": True}
    bridge.say("easydoc/F4CFA2010203/realtime", band)
    for device in ("00A3F1", "f4:cf:a2:01:02:03"):
        assert bridge.rows(device, "ts, flags") == [(at, 0)]


def a_will_is_plain_text(bridge: Site) -> None:
    """Told by the broker, once the gateway is gone without a word."""
    gone = paho.Client(CallbackAPIVersion.VERSION2, reconnect_on_failure=False)
    gone.will_set(topics.status(EAST, "g2"), "offline", qos=1)
    gone.connect("127.0.0.1", bridge.running.broker.port)
    gone.loop_start()
    until(gone.is_connected)
    link = gone.socket()
    assert link is not None
    with socket.socket(fileno=os.dup(link.fileno())) as cut:
        cut.shutdown(socket.SHUT_RDWR)
    gone.loop_stop()
    status = "SELECT online FROM gateway_status JOIN gateway ON row = gateway WHERE id = 'g2'"
    until(lambda: bridge.running.rows(status) == [(False,)])


def a_space_in_a_topic_costs_a_connection(bridge: Site) -> None:
    """NATS throws whoever says it out: ids have none, and in a payload `_` stands for them."""
    lost = threading.Event()
    spaced = paho.Client(CallbackAPIVersion.VERSION2, reconnect_on_failure=False)
    spaced.on_disconnect = lambda *_: lost.set()
    spaced.connect("127.0.0.1", bridge.running.broker.port)
    spaced.loop_start()
    until(spaced.is_connected)
    spaced.publish(topics.up(EAST, "g1", "s o s"), '{"sos":"pressed"}', qos=1)
    assert lost.wait(10)
    spaced.disconnect()
    spaced.loop_stop()
    gateway = Client(bridge.running.broker)
    gateway.say(topics.up(EAST, "g1"), [{"device": "s o s", "sos": "pressed"}])
    assert bridge.alerts("s_o_s") == [("sos", "red", False, False)]
    gateway.close()
