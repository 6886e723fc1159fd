"""Every message ends as rows, as a reject or in quarantine (I3); emergencies never wait (I7)."""

import json
from typing import Any

import pytest

from devices.catalogue import Catalogue
from ingest.decode import Decoder, Draft
from ingest.lookup import Lookup
from ingest.reject import RejectBudget
from ingest.said import Said
from ingest.source import Delivery, Messages
from schemas import topics
from schemas.readings import Flag
from schemas.registry import Registry
from tests.support.registry import EAST, WEST, town

NOW = 1_768_000_000_000_000
CATALOGUE = Catalogue.load()


def decoder(*, budget: int = 1_000) -> Decoder:
    lookup = Lookup(Registry.build(town()))
    return Decoder(CATALOGUE, lookup, budget=RejectBudget(budget))


def deliver(topic: str, payload: Any, *, retain: bool = False, at: int = NOW) -> Delivery:
    content = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
    return Delivery(topic, content, at, 1, retain, dup=False, packet=1, session=0, backlog=False)


def decode(*deliveries: Delivery, after: int = 0) -> Draft:
    return decoder().decode(Messages.of(deliveries), after=after)


def readings(said: Said) -> int:
    return int(((said.flags & Flag.SIGN_OF_LIFE) == 0).sum())


def test_a_reading_of_a_known_device_becomes_a_row() -> None:
    draft = decode(deliver(topics.up(EAST, "g1", "m1"), {"ts": NOW // 1000, "heart_rate": 60}))
    said = draft.said
    assert len(said) == 1
    assert (said.device[0], said.elder[0], said.gateway[0]) == (0, 0, 0)
    assert said.numbers == {"heart_rate": 60}
    assert not draft.rejects
    assert not draft.quarantined


def test_received_grows_strictly_also_within_an_array() -> None:
    many = [{"ts": NOW // 1000, "seq": n, "movement": 1} for n in range(3)]
    draft = decode(
        deliver(topics.up(EAST, "g1", "m1"), many),
        deliver(topics.up(EAST, "g1", "m1"), {"movement": 2}),
        after=NOW + 10,
    )
    assert draft.said.received.tolist() == [NOW + 11, NOW + 12, NOW + 13, NOW + 14]
    assert draft.last_received == NOW + 14


@pytest.mark.parametrize(
    ("topic", "code"),
    [
        (topics.up(EAST, "g1", "nobody"), "unknown_device"),
        (topics.up(EAST, "g9", "m1"), "unknown_gateway"),
        (topics.up(WEST, "g2", "m1"), "wrong_gateway"),
        (topics.up(WEST, "g1", "m1"), "wrong_area"),
    ],
)
def test_a_stranger_waits_in_quarantine(topic: str, code: str) -> None:
    draft = decode(deliver(topic, {"heart_rate": 60}))
    (waiting,) = draft.quarantined
    assert waiting.code == code
    assert waiting.payload == b'{"heart_rate": 60}'
    assert len(draft.said) == 0
    assert not draft.strangers


@pytest.mark.parametrize(
    ("values", "rule"), [({"sos": "pressed"}, "sos"), ({"fall": "confirmed"}, "fall")]
)
def test_an_emergency_of_a_stranger_is_not_left_in_quarantine(
    values: dict[str, str], rule: str
) -> None:
    draft = decode(deliver(topics.up(EAST, "g1", "nobody"), values))
    (stranger,) = draft.strangers
    assert (stranger.word.rule, stranger.gateway, stranger.device) == (rule, "g1", "nobody")
    assert stranger.at == draft.quarantined[0].received


def test_a_retained_press_of_a_stranger_is_state_and_no_emergency() -> None:
    draft = decode(deliver(topics.up(EAST, "g1", "nobody"), {"sos": "pressed"}, retain=True))
    assert not draft.strangers
    assert len(draft.quarantined) == 1


GARBAGE = [
    b"",
    b"{",
    b'{"ts": tru',
    b"\x00\xff\xfe",
    b"7",
    b'"x"',
    b"null",
    b"[[]]",
    b"x" * 1_000_000,
]


@pytest.mark.parametrize("payload", GARBAGE, ids=range(len(GARBAGE)))
@pytest.mark.parametrize(
    "topic",
    [
        topics.up(EAST, "g1", "m1"),
        topics.up(EAST, "g1"),
        topics.status(EAST, "g1"),
        topics.native(EAST, "g1", "zigbee2mqtt/0xa4c138aabbccddee"),
        topics.native(EAST, "g1", "nobody/knows/this"),
    ],
)
def test_garbage_is_kept_with_a_reason_and_the_next_message_goes_through(
    topic: str, payload: bytes
) -> None:
    good = deliver(topics.up(EAST, "g1", "m1"), {"heart_rate": 60})
    draft = decode(deliver(topic, payload), good)
    kept = [(k.code, k.reason, k.topic) for k in draft.rejects]
    kept += [(k.code, k.reason, k.topic) for k in draft.quarantined]
    assert kept
    assert all(code and reason and where == topic for code, reason, where in kept)
    assert draft.said.numbers["heart_rate"][-1] == 60


def test_a_bad_reading_does_not_cost_the_good_ones_of_its_array() -> None:
    content = [{"device": "m1", "heart_rate": 60}, 5, {"device": "r1", "presence": True}]
    draft = decode(deliver(topics.up(EAST, "g1"), content))
    assert readings(draft.said) == 2
    assert len(draft.rejects) == 1


def test_a_reject_counts_as_a_word_from_its_device() -> None:
    draft = decode(deliver(topics.up(EAST, "g1", "m1"), {"heart_rate": "sixty"}))
    said = draft.said
    assert len(said) == 1
    assert (said.device[0], said.gateway[0]) == (0, 0)
    assert Flag(int(said.flags[0])) == Flag.SIGN_OF_LIFE
    assert draft.rejects[0].received == said.received[0]


def test_beyond_its_budget_a_gateways_garbage_is_only_counted() -> None:
    deliveries = [deliver(topics.up(EAST, "g1", "m1"), b"{", at=NOW + n) for n in range(5)]
    draft = decoder(budget=2).decode(Messages.of(deliveries), after=0)
    assert len(draft.rejects) == 2
    assert draft.overflow == {"g1": 3}


@pytest.mark.parametrize(("payload", "online"), [(b'{"online": true}', 1), (b"offline", 0)])
def test_a_gateways_status(payload: bytes, online: int) -> None:
    draft = decode(deliver(topics.status(EAST, "g1"), payload, retain=True))
    said = draft.said
    assert len(said) == 1
    assert (said.device[0], said.gateway[0], said.online[0]) == (-1, 0, online)
    assert Flag(int(said.flags[0])) == Flag.SIGN_OF_LIFE | Flag.RETAINED


def test_a_bridges_chatter_does_not_hide_a_real_reject() -> None:
    chatter = topics.native(EAST, "g1", "zigbee2mqtt/bridge/logging")
    deliveries = [deliver(chatter, {"level": "info"}, at=NOW + n) for n in range(30)]
    deliveries.append(deliver(topics.up(EAST, "g1", "m1"), b"{", at=NOW + 99))
    draft = decoder(budget=20).decode(Messages.of(deliveries), after=0)
    assert [r.code for r in draft.rejects] == ["ignored", "ignored", "json"]
    assert draft.overflow == {"g1": 28}


def test_a_stranger_cannot_fill_the_quarantine_but_its_press_alerts() -> None:
    up = topics.up(EAST, "g1", "nobody")
    deliveries = [deliver(up, {"battery": 50}, at=NOW + n) for n in range(5)]
    deliveries.append(deliver(up, {"sos": "pressed"}, at=NOW + 9))
    draft = decoder(budget=2).decode(Messages.of(deliveries), after=0)
    assert len(draft.quarantined) == 2
    assert draft.overflow == {"g1": 4}
    assert len(draft.strangers) == 1
    assert draft.strangers[0].elders == ("e1",)
