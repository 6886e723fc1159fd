"""What is said agrees with the truth: nothing of it is missing, and nothing is invented."""

import json
from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas import topics
from schemas.times import HOUR, MINUTE, SECOND, parse_rfc3339
from simulator import truth
from simulator.fleet import make_directory
from simulator.incidents import Incident, Kind, plan
from simulator.live import Message, messages

START = parse_rfc3339("2026-06-01T22:00:00+08:00")
HOURS = 3


class Played:
    """A run of some hours, its messages by device."""

    def __init__(self, homes: int) -> None:
        fleet = make_directory(homes=homes, seed=7)
        until = START + HOURS * HOUR
        planned = plan(fleet, seed=7, start=START, until=until, staged=True)
        self.incidents = planned.incidents
        self.said: dict[str, list[tuple[int, Any]]] = defaultdict(list)
        for m in messages(fleet, seed=7, start=START, until=until, plan=planned):
            device = _device(m)
            if device is not None:
                self.said[device].append((m.at, _body(m)))

    def of(self, kind: Kind) -> list[Incident]:
        """Those that the run shows to their end."""
        found = [i for i in self.incidents if i.kind is kind and i.ends < START + HOURS * HOUR]
        assert found
        return found


@pytest.fixture(scope="module")
def played() -> Played:
    return Played(120)


def _device(message: Message) -> str | None:
    address = topics.parse(message.topic)
    assert address is not None
    if address.kind == "up":
        return address.rest
    parts = address.rest.split("/")
    if parts[0] == "easydoc":
        return ":".join(parts[1][i : i + 2] for i in range(0, 12, 2)).lower()
    place = {"zigbee2mqtt": 1, "milesight": 2, "application": 3}
    return parts[place[parts[0]]] if address.kind == "native" else None


def _body(message: Message) -> Any:
    if message.topic.endswith("/action"):
        return message.payload
    said = json.loads(message.payload)
    if "inbed" not in said:
        return said
    return {"in_bed": said["inbed"], "heart_rate": said["heart_rate"] or None}  # 0: not measured


def _is_press(said: Any) -> bool:
    if isinstance(said, bytes):
        return said == b"emergency"
    event = said.get("object", {}).get("button_event", {})
    return said.get("sos") == "pressed" or said.get("action") == "emergency" or "status" in event


def _fall(said: Any) -> str | None:
    if isinstance(said, bytes):
        return None
    flat = {k.replace(" ", "_"): v for k, v in said.items()}
    info = {k.replace(" ", "_"): v for k, v in flat.get("device_info", {}).items()}
    trigger = flat.get("trigger_data") or info.get("trigger_data") or {}
    if trigger.get("event") == 0:
        return {1: "confirmed", 2: "cleared"}[trigger["status"]]
    word = said.get("fall")
    return None if word is None else str(word)


def test_every_press_is_a_true_call_for_help_and_the_other_way_round(played: Played) -> None:
    presses = {
        (device, at) for device, said in played.said.items() for at, body in said if _is_press(body)
    }
    calls = played.of(Kind.SOS)
    for call in calls:
        mine = {(d, at) for d, at in presses if d == call.device and call.at <= at < call.ends}
        assert mine
        assert max(at for _, at in mine) - call.at > 7 * SECOND or not call.repeat
        presses -= mine
    late = {i.device for i in played.incidents if i.kind is Kind.SOS} - {c.device for c in calls}
    assert {device for device, _ in presses} <= late
    assert any(c.repeat for c in calls)
    assert len({(c.device or "")[:2] for c in calls}) >= 3


def test_falls_are_told_step_by_step(played: Played) -> None:
    wanted = {
        Kind.FALL: ["confirmed", "cleared"],
        Kind.SLOW_FALL: ["suspected", "confirmed", "cleared"],
        Kind.SUSPECTED_FALL: ["suspected", "cleared"],
    }
    for kind, words in wanted.items():
        for incident in played.of(kind):
            said = played.said[incident.device or ""]
            mine = [(at, _fall(b)) for at, b in said if incident.at <= at <= incident.ends]
            told = [(at, word) for at, word in mine if word is not None]
            assert [word for _, word in told] == words
            assert told[0][0] == incident.at


def test_no_fall_is_told_that_did_not_happen(played: Played) -> None:
    falls = (Kind.FALL, Kind.SLOW_FALL, Kind.SUSPECTED_FALL)
    fallen = [i for i in played.incidents if i.kind in falls]
    for device, said in played.said.items():
        for at, body in said:
            if _fall(body) in ("confirmed", "suspected"):
                assert any(i.device == device and i.at <= at <= i.ends for i in fallen)


def test_a_racing_heart_lasts_as_long_as_it_says_and_only_then(played: Played) -> None:
    racing = {i.device: i for i in played.of(Kind.HEART_RATE)}
    for device, incident in racing.items():
        during = [b for at, b in played.said[device or ""] if incident.at <= at < incident.ends]
        assert len(during) == 30
        assert all(b["in_bed"] for b in during)
        rates = [b["heart_rate"] for b in during if b["heart_rate"] is not None]
        assert len(rates) > 20
        assert all(136 <= rate <= 140 for rate in rates)
    ill = {i.device for i in played.incidents if i.kind is Kind.HEART_RATE}
    for device in played.said.keys() - ill:
        for _, body in played.said[device or ""]:
            rate = body.get("heart_rate") if isinstance(body, dict) else None
            assert rate is None or 40 < rate < 131


def test_an_absent_person_is_nowhere_seen(played: Played) -> None:
    for incident in played.of(Kind.NIGHT_ABSENCE):
        bed = [
            b for at, b in played.said[incident.device or ""] if incident.at <= at < incident.ends
        ]
        assert len(bed) == 150
        assert not any(b["in_bed"] for b in bed)
        before = [b for at, b in played.said[incident.device or ""] if at < incident.at][-60:]
        assert all(b["in_bed"] for b in before)
        radar = "r" + (incident.home or "")[1:]
        for at, body in played.said[radar]:
            if incident.at <= at < incident.ends and "presence" in body:
                assert body["presence"] is False


def test_a_dead_mattress_says_nothing(played: Played) -> None:
    for incident in played.of(Kind.SILENT):
        at = [when for when, _ in played.said[incident.device or ""]]
        assert not [when for when in at if incident.at <= when < incident.ends]
        assert any(incident.ends <= when < incident.ends + MINUTE for when in at)


def test_two_homes_still_tell_everything_of_the_staged_minute() -> None:
    small = Played(2)
    (heart,) = [i for i in small.incidents if i.kind is Kind.HEART_RATE][:1]
    rates = [b for at, b in small.said[heart.device or ""] if heart.at <= at < heart.ends]
    assert all(b.get("heart_rate", 0) > 131 for b in rates)
    told = {_fall(b) for said in small.said.values() for _, b in said}
    assert {"confirmed", "suspected", "cleared"} <= told


@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 10**6))
def test_truth_is_read_back_as_written(seed: int, tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.mktemp("truth") / "truth.jsonl"
    fleet = make_directory(homes=9, seed=seed)
    incidents = plan(fleet, seed=seed, start=START, until=START + HOUR, staged=True).incidents
    assert truth.write(path, incidents) == len(incidents)
    assert tuple(truth.read(path)) == incidents
    first = json.loads(path.read_text(encoding="utf-8").splitlines()[0])
    assert first["known_by"] == first["expected"][0]["known_by"]
    assert first["at"].endswith("Z")


@pytest.mark.parametrize("bad", ["{}", "[]", "nonsense", '{"kind": "picnic"}'])
def test_a_bad_truth_line_is_named(bad: str, tmp_path: Path) -> None:
    path = tmp_path / "truth.jsonl"
    fleet = make_directory(homes=3, seed=1)
    good = plan(fleet, seed=1, start=START, until=None, staged=True).staged[0]
    path.write_text(truth.line(good) + "\n" + bad + "\n", encoding="utf-8")
    with pytest.raises(ValueError, match="line 2"):
        list(truth.read(path))
