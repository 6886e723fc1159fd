"""Answers from terminals: what counts, what is refused, and that nothing stops the reader."""

import json
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from stations import acks
from store import stations_acks
from tests.support.night import Night, raised

pytestmark = pytest.mark.anyio

EAST_TOPIC = "vigil/v1/station/east/acks"


@pytest.fixture
async def incident(night_shift: Night) -> UUID:
    await night_shift.comes(raised())
    return (await night_shift.incident()).id


async def said(night_shift: Night, topic: str = EAST_TOPIC, **answer: Any) -> str:
    payload = json.dumps({"alert": raised().id, "staff": "east-1", **answer}).encode()
    return await acks.answer(night_shift.conn, topic, payload, night_shift.now)


@pytest.mark.parametrize("by", ["alert", "incident"])
async def test_an_answer_names_an_alert_or_the_incident(
    night_shift: Night, incident: UUID, by: str
) -> None:
    alert = raised().id if by == "alert" else incident.hex
    assert await said(night_shift, alert=alert, action="acknowledge") == "done"
    found = await night_shift.incident()
    assert (found.state, found.holder) == ("acknowledged", "east-1")


async def test_closing_carries_outcome_and_how(night_shift: Night, incident: UUID) -> None:
    answer = {"action": "close", "outcome": "to_hospital", "reached": "handed_over"}
    assert await said(night_shift, **answer) == "done"
    found = await night_shift.incident()
    assert (found.outcome, found.reached) == ("to_hospital", "handed_over")


@pytest.mark.parametrize(
    ("topic", "answer", "code"),
    [
        (EAST_TOPIC, {"action": "acknowledge", "staff": "west-1"}, "wrong_station"),
        ("vigil/v1/station/west/acks", {"action": "acknowledge"}, "wrong_station"),
        (
            "vigil/v1/station/west/acks",
            {"action": "acknowledge", "staff": "west-1"},
            "not_reached",
        ),
        (EAST_TOPIC, {"action": "close", "outcome": "genuine"}, "reached_missing"),
    ],
)
async def test_what_is_refused_is_recorded_and_changes_nothing(
    night_shift: Night, incident: UUID, topic: str, answer: dict[str, str], code: str
) -> None:
    before = await night_shift.incident()
    assert await said(night_shift, topic, **answer) == "refused"
    assert await night_shift.incident() == before
    ((detail,),) = await night_shift.rows(
        "SELECT detail FROM alert_event WHERE kind = 'ack_refused'"
    )
    assert detail["code"] == code


async def test_the_same_answer_heard_again_counts_once(night_shift: Night, incident: UUID) -> None:
    assert await said(night_shift, action="called") == "done"
    assert await said(night_shift, action="called") == "repeated"
    night_shift.now += timedelta(seconds=10)
    assert await said(night_shift, action="called") == "done"
    assert (await night_shift.kinds()).count("called") == 2


async def test_a_refusal_heard_by_two_copies_is_recorded_once(
    night_shift: Night, incident: UUID
) -> None:
    for _ in range(2):
        await said(night_shift, action="acknowledge", staff="west-1")
    assert (await night_shift.kinds()).count("ack_refused") == 1


async def test_an_answer_waits_for_an_alert_that_went_ahead_of_the_store(
    night_shift: Night,
) -> None:
    assert await said(night_shift, action="acknowledge") == "early"
    assert await acks.answer_early(night_shift.conn, night_shift.now) == []
    await night_shift.comes(raised())
    night_shift.now += timedelta(seconds=5)
    assert await acks.answer_early(night_shift.conn, night_shift.now) == ["done"]
    found = await night_shift.incident()
    assert (found.state, found.holder) == ("acknowledged", "east-1")
    assert await acks.answer_early(night_shift.conn, night_shift.now) == []


async def test_an_answer_that_waited_in_vain_is_refused_and_recorded(night_shift: Night) -> None:
    assert await said(night_shift, action="called", alert="0" * 32) == "early"
    night_shift.now += timedelta(minutes=30, seconds=1)
    assert await acks.answer_early(night_shift.conn, night_shift.now) == ["refused"]
    ((detail,),) = await night_shift.rows(
        "SELECT detail FROM alert_event WHERE kind = 'ack_refused'"
    )
    assert (detail["code"], detail["alert"]) == ("not_reached", "0" * 32)


async def test_early_answers_are_bounded(
    night_shift: Night, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stations_acks, "_MOST_EARLY", 1)
    assert await said(night_shift, action="called", alert="0" * 32) == "early"
    assert await said(night_shift, action="called", alert="1" * 32) == "refused"


@pytest.mark.parametrize(
    ("topic", "payload"),
    [
        (EAST_TOPIC, b""),
        (EAST_TOPIC, b"\xff\x00"),
        (EAST_TOPIC, b"[]"),
        (EAST_TOPIC, b'{"alert": "x", "staff": "east-1", "action": "acknowledge"}'),
        (EAST_TOPIC, b'{"alert": 1, "staff": null}'),
        (EAST_TOPIC, b" " * 5000),
        ("vigil/v1/station/acks", b"{}"),
    ],
)
async def test_what_cannot_be_read_is_passed_over(
    night_shift: Night, topic: str, payload: bytes
) -> None:
    assert await acks.answer(night_shift.conn, topic, payload, night_shift.now) == "unreadable"


@settings(
    max_examples=200,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(st.one_of(st.binary(max_size=300), st.recursive(st.text() | st.integers(), st.lists)))
def test_no_bytes_raise_before_the_store_is_asked(payload: Any) -> None:
    raw = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
    assert acks.read(raw) is None


async def test_what_is_too_old_to_come_twice_is_forgotten(
    night_shift: Night, incident: UUID
) -> None:

    await said(night_shift, action="called")
    await stations_acks.forget(night_shift.conn, night_shift.now + timedelta(minutes=11))
    assert await night_shift.rows("SELECT count(*) FROM ack_seen") == [(0,)]
