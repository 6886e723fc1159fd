"""What counts as a press or a fall: events, levels, constants, tests, and whose word it is."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from devices.catalogue import Catalogue
from devices.decoded import Decoded
from schemas.quantities import Fall, Sos
from schemas.readings import Flag
from schemas.registry import Model
from schemas.times import SECOND
from tests.unit.devices.conftest import HEAD

Read = Callable[[str, bytes], Decoded]
Trial = Callable[[str], Read]


def said(read: Read, topic: str, payload: Any) -> tuple[dict[str, float | int], int]:
    (reading,) = read(topic, json.dumps(payload).encode()).readings
    return reading.values, reading.flags


def test_an_sos_may_be_a_level_and_a_fall_an_event(trial: Trial) -> None:
    read = trial(
        """
        [[message]]
        topic = "t/{id}"
        value.sos = { at = "sos", words = { true = "pressed", false = "cancelled" }, as = "level" }
        value.fall = { at = "fall", words = { yes = "confirmed" }, as = "event" }
        value.battery.at = "battery"
        """
    )
    assert said(read, "t/1", {"sos": True}) == ({"sos": Sos.PRESSED}, Flag.SOS_LEVEL)
    assert said(read, "t/1", {"sos": False}) == ({"sos": Sos.CANCELLED}, Flag.SOS_LEVEL)
    assert said(read, "t/1", {"fall": "yes"}) == ({"fall": Fall.CONFIRMED}, Flag.FALL_EVENT)
    assert said(read, "t/1", {"battery": 9}) == ({"battery": 9}, 0)


def test_by_default_it_is_the_other_way_round(trial: Trial) -> None:
    read = trial(
        """
        [[message]]
        topic = "t/{id}"
        value.sos = { at = "sos", words = { true = "pressed" }, as = "event" }
        value.fall = { at = "fall", words = { yes = "confirmed" }, as = "level" }
        """
    )
    assert said(read, "t/1", {"sos": True, "fall": "yes"})[1] == 0


def test_cases_and_constants_mean_it_too(trial: Trial) -> None:
    read = trial(
        """
        [[message]]
        topic = "fell/{id}"
        set = { fall = "confirmed" }
        [[message]]
        topic = "call/{id}"
        set = { sos = "pressed", movement = 3 }
        test = true
        history = true
        [[message]]
        topic = "t/{id}"
        [[message.case]]
        when = { alarm = 1 }
        set = { sos = "pressed" }
        as = "level"
        [[message.case]]
        when = { alarm = 2 }
        set = { fall = "confirmed" }
        as = "event"
        """
    )
    assert said(read, "fell/1", {}) == ({"fall": Fall.CONFIRMED}, Flag.FALL_EVENT)
    marks = Flag.TEST | Flag.HISTORY
    assert said(read, "call/1", {}) == ({"sos": Sos.PRESSED, "movement": 3}, marks)
    assert said(read, "t/1", {"alarm": 1}) == ({"sos": Sos.PRESSED}, Flag.SOS_LEVEL)
    assert said(read, "t/1", {"alarm": 2}) == ({"fall": Fall.CONFIRMED}, Flag.FALL_EVENT)


def test_several_alarms_in_one_text(trial: Trial) -> None:
    read = trial(
        """
        [[message]]
        topic = "t/{id}"
        [message.value.fall]
        at = "states"
        words = { 1 = "confirmed", 2 = "cleared", 4 = "none" }
        split = ","
        """
    )
    assert said(read, "t/1", {"states": "2, 1, 4"})[0] == {"fall": Fall.CONFIRMED}
    assert said(read, "t/1", {"states": "4,2"})[0] == {"fall": Fall.CLEARED}
    assert said(read, "t/1", {"states": 2})[0] == {"fall": Fall.CLEARED}


ONLY = """
[[message]]
topic = "t/{id}"
[message.value.sos]
at = "action"
words = { single = "pressed" }
[message.value.battery]
at = "battery"
"""


def test_a_press_only_by_the_registrys_word(tmp_path: Path) -> None:
    (tmp_path / "trial").mkdir()
    text = HEAD + "only_registered = true\n" + ONLY
    (tmp_path / "trial" / "profile.toml").write_text(text)
    catalogue = Catalogue.load(tmp_path)

    def read(profile: str | None) -> dict[str, float | int]:
        payload = b'{"action":"single","battery":50}'
        found = catalogue.decode(
            "native/a/g/t/1", payload, profile_of=lambda _: profile, received=0
        )
        return found.readings[0].values

    assert read("trial") == {"sos": Sos.PRESSED, "battery": 50}
    assert read(None) == {"battery": 50}


@pytest.mark.parametrize(
    ("lines", "model"),
    [
        ("", Model(0, False, 300 * SECOND)),
        (
            "mains = true\nsilence_s = 90\nrepeats_s = 20\n",
            Model(90 * SECOND, True, 20 * SECOND),
        ),
    ],
)
def test_what_the_rules_have_to_know(tmp_path: Path, lines: str, model: Model) -> None:
    (tmp_path / "trial").mkdir()
    (tmp_path / "trial" / "profile.toml").write_text(HEAD + lines + ONLY)
    assert Catalogue.load(tmp_path).models() == {"trial": model}
