"""What a LoRaWAN frame says does not depend on its network, nor an alarm on its neighbours."""

import base64
import json
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.catalogue import Catalogue
from devices.decoded import Decoded
from schemas.quantities import Fall, Sos

Network = Callable[[str], tuple[str, bytes]]
TIME = "2026-06-01T22:10:00Z"
EUI = "6806e51500000021"

FALL = "06fb1f000001ff"
RADAR_ENTRIES = [
    "03f8000100000000",  # the first firmware's room: normal
    "07b0010000000000ffff",  # the second firmware's: vacant
    "08b102a405",  # breathing
    "06fb2000030101",  # out of bed
    "06fbffff0401ff",  # somebody came in
    "06fbffff0501ff",  # and left
    "04f900010101",
    "0ab30603000000",
    "ff0a0101",
]
BUTTON_ENTRIES = ["017551", "017500", "ff0101", "ff08aabbccddeeff", "ff090310"]


def chirpstack(frame: str) -> tuple[str, bytes]:
    said = {"time": TIME, "fPort": 85, "data": base64.b64encode(bytes.fromhex(frame)).decode()}
    return f"application/7/device/{EUI}/event/up", json.dumps(said).encode()


def tts(frame: str) -> tuple[str, bytes]:
    uplink = {"received_at": TIME, "frm_payload": base64.b64encode(bytes.fromhex(frame)).decode()}
    said = {"end_device_ids": {"dev_eui": EUI}, "uplink_message": uplink}
    return "v3/care@ttn/devices/end-1/up", json.dumps(said).encode()


def decode(catalogue: Catalogue, message: tuple[str, bytes], profile: str | None) -> Decoded:
    topic, payload = message
    return catalogue.decode(
        f"native/330105001001/gw1/{topic}", payload, profile_of=lambda _: profile, received=0
    )


def values(decoded: Decoded) -> list[dict[str, float]]:
    return [dict(reading.values) for reading in decoded.readings]


frames = st.lists(st.sampled_from(RADAR_ENTRIES), max_size=6)


@given(before=frames, after=frames, network=st.sampled_from([chirpstack, tts]))
@pytest.mark.parametrize("profile", ["milesight-vs373-lorawan", None])
def test_no_other_alarm_hides_a_fall(
    catalogue: Catalogue, before: list[str], after: list[str], network: Network, profile: str | None
) -> None:
    decoded = decode(catalogue, network("".join([*before, FALL, *after])), profile)
    falls = [v["fall"] for v in values(decoded) if "fall" in v]
    assert Fall.CONFIRMED in falls


@given(entries=frames)
def test_both_networks_say_the_same_of_a_radar(catalogue: Catalogue, entries: list[str]) -> None:
    frame = "".join([*entries, FALL])
    ours = decode(catalogue, chirpstack(frame), "milesight-vs373-lorawan")
    theirs = decode(catalogue, tts(frame), "milesight-vs373-lorawan")
    assert values(ours) == values(theirs)
    assert [r.ts for r in ours.readings] == [r.ts for r in theirs.readings]


@given(tail=st.binary(max_size=12))
def test_a_fall_survives_whatever_follows_it(catalogue: Catalogue, tail: bytes) -> None:
    decoded = decode(catalogue, chirpstack(FALL + tail.hex()), "milesight-vs373-lorawan")
    assert any(v.get("fall") == Fall.CONFIRMED for v in values(decoded))


@given(
    before=st.lists(st.sampled_from(BUTTON_ENTRIES), max_size=4),
    how=st.sampled_from(["ff2e01", "ff2e02", "ff2e03"]),
    tail=st.sampled_from(["", "017510", "7777"]),
)
@pytest.mark.parametrize("profile", ["known", None])
def test_a_press_is_found_wherever_it_stands(
    catalogue: Catalogue, before: list[str], how: str, tail: str, profile: str | None
) -> None:
    frame = "".join([*before, how, tail])
    for network, name in ((chirpstack, "milesight-ws101-chirpstack"), (tts, "milesight-ws101-tts")):
        decoded = decode(catalogue, network(frame), name if profile else None)
        assert [v.get("sos") for v in values(decoded)] == [Sos.PRESSED]
