"""Profiles that share zigbee2mqtt's topics: who reads, and what counts as a call for help."""

import json
from typing import Any

import pytest

from devices.catalogue import Catalogue
from devices.decoded import Decoded, is_emergency
from schemas.quantities import Fall, Sos
from schemas.readings import Flag

CATALOGUE = Catalogue.load()
BUTTON = "0x00158d00aa01bb02"


def say(content: Any, profile: str | None = None, *, topic: str = "") -> Decoded:
    """What a button says; `profile` is the registry's, None if it does not know the button."""
    return CATALOGUE.decode(
        f"native/330105001001/gw1/zigbee2mqtt/{BUTTON}{topic}",
        content.encode() if isinstance(content, str) else json.dumps(content).encode(),
        profile_of=lambda device: profile if device == BUTTON else None,
        received=1_790_000_000_000_000,
    )


def emergency(decoded: Decoded) -> bool:
    return any(is_emergency(reading.values) for reading in decoded.readings)


@pytest.mark.parametrize("action", ["single", "double", "hold", "long", "shake"])
def test_a_push_of_an_unknown_switch_is_no_call_for_help(action: str) -> None:
    assert not emergency(say({"action": action, "battery": 90}))
    assert not emergency(say(action, topic="/action"))


@pytest.mark.parametrize("action", ["single", "double", "hold", "long", "shake"])
def test_the_registry_makes_it_one(action: str) -> None:
    for decoded in (
        say({"action": action}, "z2m-button"),
        say(action, "z2m-button", topic="/action"),
    ):
        assert decoded.profile == "z2m-button"
        assert decoded.readings[0].values["sos"] == Sos.PRESSED


@pytest.mark.parametrize(
    ("action", "calls"), [("single", False), ("double", False), ("hold", True)]
)
def test_by_setting_only_a_long_press_calls(action: str, calls: bool) -> None:
    assert emergency(say({"action": action}, "z2m-button-hold")) is calls
    assert emergency(say(action, "z2m-button-hold", topic="/action")) is calls


@pytest.mark.parametrize(
    ("content", "quantity", "code"),
    [
        ({"action": "emergency", "battery": 0}, "sos", Sos.PRESSED),
        ({"sos": True}, "sos", Sos.PRESSED),
        ({"fall_status": "fall_alarm"}, "fall", Fall.CONFIRMED),
        ({"fall_down_status": "maybe_fall"}, "fall", Fall.SUSPECTED),
        ({"status": "falling", "breathing_rate": 0}, "fall", Fall.CONFIRMED),
    ],
)
def test_an_unknown_device_that_says_help_is_heard(
    content: dict[str, Any], quantity: str, code: int
) -> None:
    assert say(content).readings[0].values[quantity] == code


def test_a_state_that_is_repeated_says_that_it_is_one() -> None:
    for said in (True, False):
        reading = say({"sos": said, "battery": 61}, "z2m-sos-alarm").readings[0]
        assert reading.flags & Flag.SOS_LEVEL
    assert not say({"battery": 61}, "z2m-sos-alarm").readings[0].flags & Flag.SOS_LEVEL


def test_one_push_is_a_press_in_two_of_its_four_messages() -> None:
    push: list[tuple[Any, str]] = [
        ({"action": None, "battery": 84}, ""),
        ({"action": "emergency", "battery": 84}, ""),
        ({"action": "", "battery": 84}, ""),
        ("emergency", "/action"),
    ]
    said = [emergency(say(c, "z2m-sos-button", topic=topic)) for c, topic in push]
    assert said == [False, True, False, True]


@pytest.mark.parametrize("wired", ["z2m-bed-pad", "z2m-bed-pad-inverted"])
def test_a_pad_is_read_as_it_is_wired(wired: str) -> None:
    in_bed = say({"contact": wired == "z2m-bed-pad"}, wired).readings[0].values
    assert in_bed == {"in_bed": 1}
