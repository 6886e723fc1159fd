"""Which profile reads a native message: the registry's word, and I7 where it has none."""

from collections.abc import Callable
from pathlib import Path

import pytest

from devices.catalogue import Catalogue
from devices.decoded import Decoded, DecodeError
from devices.payload import Limits
from devices.topics import covers
from tests.unit.devices.conftest import Read

HEAD = 'name = "x"\nkinds = ["sos_button"]\nsource = "documents"\ninterval_s = 60\n'
PRESENCE = '[[message]]\ntopic = "t/{id}"\n[message.value.presence]\nat = "on"\n'
PRESS = """[[message]]
topic = "t/{id}"
[message.value.sos]
at = "on"
words = { true = "pressed" }
otherwise = "unknown"
"""
BY_PAYLOAD = '[[message]]\ntopic = "t/#"\ndevice = "sn"\n[message.value.tamper]\nat = "on"\n'

ProfileOf = Callable[[str], str | None]


@pytest.fixture
def read(tmp_path: Path) -> Callable[[str, bytes, ProfileOf], Decoded]:
    for id_, messages in (("a-room", PRESENCE), ("b-button", PRESS), ("c-serial", BY_PAYLOAD)):
        (tmp_path / id_).mkdir()
        text = f'id = "{id_}"\n{HEAD}{messages}'
        (tmp_path / id_ / "profile.toml").write_text(text)
    catalogue = Catalogue.load(tmp_path)
    return lambda topic, payload, of: catalogue.decode(topic, payload, profile_of=of, received=0)


Reader = Callable[[str, bytes, ProfileOf], Decoded]


@pytest.mark.parametrize("profile", ["a-room", "b-button"])
def test_the_registrys_profile_reads(read: Reader, profile: str) -> None:
    assert read("native/x/y/t/1", b'{"on":true}', {"1": profile}.get).profile == profile


def test_each_profile_extracts_its_own_device(read: Reader) -> None:
    decoded = read("native/x/y/t/1", b'{"on":true,"sn":"S9"}', {"S9": "c-serial"}.get)
    assert (decoded.profile, decoded.readings[0].device) == ("c-serial", "S9")


def test_an_unknown_devices_press_wins_over_another_profiles_reading(read: Reader) -> None:
    decoded = read("native/x/y/t/1", b'{"on":true}', lambda _: None)
    assert (decoded.profile, decoded.readings[0].values) == ("b-button", {"sos": 1})


def test_without_a_press_the_first_that_reads_wins(read: Reader) -> None:
    assert read("native/x/y/t/1", b'{"on":false}', lambda _: None).profile == "a-room"


def test_a_device_of_another_profile_is_refused_unless_it_presses(read: Reader) -> None:
    with pytest.raises(DecodeError) as caught:
        read("native/x/y/t/1", b'{"on":false}', lambda _: "canonical")
    assert (caught.value.code, caught.value.device) == ("profile", "1")
    assert "canonical" in caught.value.message
    decoded = read("native/x/y/t/1", b'{"on":true}', lambda _: "canonical")
    assert decoded.readings[0].values == {"sos": 1}


def test_a_known_device_that_talks_nonsense_is_named(read: Reader) -> None:
    for payload in (b"{", b'{"on":"perhaps"}'):
        with pytest.raises(DecodeError) as caught:
            read("native/x/y/t/1", payload, lambda _: "a-room")
        assert caught.value.device == "1"


def test_the_prefix_may_be_left_out(read: Reader) -> None:
    assert read("t/1", b'{"on":true}', lambda _: "a-room").profile == "a-room"


@pytest.mark.parametrize(
    "topic",
    ["", "native", "native/x/y", "native/x/y/", "u/1", "vigil", "vigil/v1/a/g", "vigil/v2/a/g/up",
     "vigil/v1/a/g/up/m/n", "vigil/v1/a/g/up/", "vigil/v1/station/s1/acks"],
)  # fmt: skip
def test_a_topic_nobody_reads(read: Reader, topic: str) -> None:
    with pytest.raises(DecodeError) as caught:
        read(topic, b"{}", lambda _: None)
    assert caught.value.code == "topic"


def test_our_own_topics_are_canonical_whatever_the_registry_says(catalogue: Catalogue) -> None:
    decoded = catalogue.decode(
        "vigil/v1/a/g/up/b1",
        b'{"sos":"pressed"}',
        profile_of=lambda _: "z2m-sos-button",
        received=0,
    )
    assert decoded.profile == "canonical"
    assert decoded.readings[0].values == {"sos": 1}


def test_own_topics_do_not_overlap_needlessly(catalogue: Catalogue) -> None:
    filters = catalogue.own_topics()
    for one in filters:
        assert not any(covers(other, one) for other in filters if other != one), one
    for profile in catalogue.profiles.values():
        for route in profile.routes:
            assert any(covers(wide, route.pattern.filter) for wide in filters)


def test_one_press_of_three_messages_is_presses_and_nothing_else(catalogue: Catalogue) -> None:
    press = [
        ("zigbee2mqtt/0x1", b'{"action":null,"battery":84}'),
        ("zigbee2mqtt/0x1", b'{"action":"emergency","battery":84}'),
        ("zigbee2mqtt/0x1/action", b"emergency"),
        ("zigbee2mqtt/0x1", b'{"action":"","battery":84}'),
    ]
    said = [
        catalogue.decode(f"native/a/g/{t}", p, profile_of=lambda _: None, received=0).readings[0]
        for t, p in press
    ]
    assert [r.values.get("sos") for r in said] == [None, 1, 1, None]
    assert {r.device for r in said} == {"0x1"}


def test_limits_are_the_catalogues() -> None:
    catalogue = Catalogue.load(limits=Limits(bytes=20, readings=1))
    for topic, payload in (
        ("vigil/v1/a/g/up/m1", b'{"movement":1        }'),
        ("vigil/v1/a/g/up/m1", b"[{},{}]"),
        ("vigil/v1/a/g/status", b'{"online":true       }'),
        ("native/a/g/zigbee2mqtt/1", b'{"action":"        "}'),
    ):
        with pytest.raises(DecodeError) as caught:
            catalogue.decode(topic, payload, profile_of=lambda _: None, received=0)
        assert caught.value.code == "size"
    big = b'{"devices":[' + b" " * 100_000 + b"]}"
    decoded = catalogue.decode(
        "native/a/g/zigbee2mqtt/bridge/devices", big, profile_of=lambda _: None, received=0
    )
    assert decoded.ignored


def test_its_own_profiles_failure_is_told_not_anothers_success(tmp_path: Path) -> None:
    """A cut-off message of a JSON device is no text of a text device."""
    for name, payload in (("one-text", "text"), ("two-json", "json")):
        (tmp_path / name).mkdir()
        head = f'id = "{name}"\n{HEAD}'
        body = f'[[message]]\ntopic = "t/{{id}}"\npayload = "{payload}"\n'
        (tmp_path / name / "profile.toml").write_text(head + body)
    both = Catalogue.load(tmp_path)
    with pytest.raises(DecodeError) as caught:
        both.decode("native/a/g/t/1", b'{"a"', profile_of={"1": "two-json"}.get, received=0)
    assert (caught.value.code, caught.value.device) == ("json", "1")


def test_the_profile_that_says_most_is_named_for_an_unknown_device(tmp_path: Path) -> None:
    for name, key in (("a-little", "x"), ("b-more", "battery")):
        (tmp_path / name).mkdir()
        head = f'id = "{name}"\n{HEAD}'
        body = f'[[message]]\ntopic = "t/{{id}}"\nvalue.battery.at = "{key}"\n'
        (tmp_path / name / "profile.toml").write_text(head + body)
    both = Catalogue.load(tmp_path)
    found = both.decode("native/a/g/t/1", b'{"battery":5}', profile_of=lambda _: None, received=0)
    assert found.profile == "b-more"


def test_partly_captured_topics_of_one_profile_are_all_tried(trial: Callable[[str], Read]) -> None:
    read = trial(
        """
        [[message]]
        topic = "s/{id}_bed/state"
        payload = "text"
        value.in_bed = { at = "$", words = { on = true, off = false } }
        [[message]]
        topic = "s/{id}_sos/state"
        payload = "text"
        value.sos = { at = "$", words = { on = "pressed" } }
        """
    )
    assert read("s/1_bed/state", b"on").readings[0].values == {"in_bed": 1}
    assert read("s/1_sos/state", b"ON").readings[0].values == {"sos": 1}
