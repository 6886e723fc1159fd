"""Read by columns or one by one: the same draft, to the microsecond."""

import json
from dataclasses import fields
from typing import Any

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from devices.catalogue import Catalogue
from ingest.decode import Decoder, Draft
from ingest.lookup import Lookup
from ingest.normalise import normalise
from ingest.reject import RejectBudget
from ingest.routes import Kind, Routes
from ingest.source import Mark, Messages
from ingest.times import AHEAD, believable
from schemas import topics
from schemas.readings import DTYPES, Flag
from schemas.registry import Registry
from schemas.times import SECOND
from tests.support.registry import EAST, WEST, town

NOW = 1_768_000_000_000_000
CATALOGUE = Catalogue.load()
LOOKUP = Lookup(Registry.build(town(homes=3)))


class NoRoutes(Routes):
    """Knows no topic, so that every message is read by itself."""

    def _look_up(self, _topic: str) -> tuple[Kind, int, int, int, str | None]:
        return Kind.OTHER, -1, -1, -1, None


def decoder(routes: type[Routes] = Routes, *, budget: int = 1_000) -> Decoder:
    made = Decoder(CATALOGUE, LOOKUP, budget=RejectBudget(budget))
    made._routes = routes(LOOKUP)
    return made


def messages(*said: tuple[str, bytes, int, int]) -> Messages:
    """Of topic, payload, received and marks."""
    return Messages(
        [topic.encode() for topic, _, _, _ in said],
        [payload for _, payload, _, _ in said],
        np.array([received for _, _, received, _ in said], np.int64),
        np.arange(1, len(said) + 1),
        np.array([marks for _, _, _, marks in said], np.uint8),
        session=1,
    )


def same(one: Draft, other: Draft) -> None:
    mine, theirs = normalise(one.said), normalise(other.said)
    for name in DTYPES:
        assert getattr(mine, name).tobytes() == getattr(theirs, name).tobytes(), name
    for field in fields(Draft):
        if field.name not in ("said", "timeless"):
            assert getattr(one, field.name) == getattr(other, field.name)


TOPICS = st.sampled_from(
    [
        topics.up(EAST, "g1", "m1"),
        topics.up(EAST, "g1", "b1"),
        topics.up(WEST, "g2", "m2"),
        topics.up(EAST, "g1"),
        topics.up(EAST, "g3"),
        topics.up(EAST, "g1", "nobody"),
        topics.up(EAST, "g1", "m2"),
        topics.up(WEST, "g1", "m1"),
        topics.up(WEST, "g1"),
        topics.up(EAST, "g9"),
        topics.up(EAST, "g1", " "),
        topics.status(EAST, "g1"),
        topics.native(EAST, "g1", "zigbee2mqtt/b1"),
        "vigil/v1/nothing",
        "elsewhere",
    ]
)
TIMES = st.sampled_from([None, 0, NOW // 1_000, (NOW + AHEAD) // 1_000 + 5, "2026-01-09T10:00:00Z"])
RECORDS = st.fixed_dictionaries(
    {},
    optional={
        "ts": TIMES,
        "seq": st.sampled_from([0, 7, 2**63 - 1, -1, None]),
        "device": st.sampled_from(["m1", "r1", "m2", "nobody", "", 5]),
        "heart_rate": st.sampled_from([None, 61, 61.04, 255, -1, "61"]),
        "movement": st.floats(0, 100),
        "in_bed": st.sampled_from([True, False, None]),
        "sos": st.sampled_from(["pressed", "test"]),
        "fall": st.sampled_from(["confirmed", "none", "x"]),
        "test": st.booleans(),
        "rssi": st.just(-60),
    },
)
WRITTEN = (RECORDS | st.lists(RECORDS, max_size=4)).map(lambda said: json.dumps(said).encode())
PAYLOADS = WRITTEN | st.sampled_from([b"", b"{", b"{},{}", b"online", b'{"action":"emergency"}'])
MARKS = st.sampled_from([0, Mark.QOS1, Mark.QOS1 | Mark.RETAIN, Mark.QOS1 | Mark.BACKLOG])
SAID = st.tuples(TOPICS, PAYLOADS, st.integers(1, 3), MARKS.map(int))


@given(st.lists(SAID, max_size=12), st.integers(-5, 5), st.sampled_from([1, 1_000]))
def test_columns_say_what_messages_say_one_by_one(
    said: list[tuple[str, bytes, int, int]], lead: int, budget: int
) -> None:
    """Received a few microseconds apart, so that rows of one message crowd out the next."""
    at = NOW
    batch = []
    for topic, payload, gap, marks in said:
        at += gap
        batch.append((topic, payload, at, marks))
    plain = decoder(budget=budget).decode(messages(*batch), after=NOW + lead)
    single = decoder(NoRoutes, budget=budget).decode(messages(*batch), after=NOW + lead)
    same(plain, single)


@given(st.lists(SAID, min_size=1, max_size=8), st.data())
def test_any_split_into_batches_gives_the_same(
    said: list[tuple[str, bytes, int, int]], data: st.DataObject
) -> None:
    whole = messages(*((t, p, NOW + 2 * n, m) for n, (t, p, _, m) in enumerate(said)))
    cut = data.draw(st.integers(0, len(said)))
    at_once = decoder().decode(whole, after=0)
    parts = decoder()
    first = parts.decode(whole.take(slice(cut)), after=0)
    second = parts.decode(whole.take(slice(cut, None)), after=first.last_received)
    received = [*first.said.received.tolist(), *second.said.received.tolist()]
    assert received == at_once.said.received.tolist()
    assert first.rejects + second.rejects == at_once.rejects
    assert second.last_received == at_once.last_received


def up(content: Any, *, device: str | None = "m1", at: int = NOW) -> tuple[str, bytes, int, int]:
    return topics.up(EAST, "g1", device), json.dumps(content).encode(), at, int(Mark.QOS1)


def test_plain_messages_do_not_go_one_by_one() -> None:
    """Else all of this would agree by being slow."""
    good = {"ts": NOW // 1_000, "heart_rate": 61}
    batch = messages(
        up(good),
        up([good, good]),
        up([{**good, "device": "m1"}, {**good, "device": "r1"}], device=None),
        up(good, device="nobody"),
        up({"heart_rate": "61"}),
    )
    draft = decoder().decode(batch, after=0)
    assert draft.timeless.tolist() == [False, False, False, True, True]
    readings = draft.said.take((draft.said.flags & Flag.SIGN_OF_LIFE) == 0)
    assert readings.device.tolist() == [0, 0, 0, 0, 1]


def test_what_the_stores_key_will_not_know_again_is_remembered() -> None:
    """A time that is missing or not believed becomes the received one, new at each delivery."""
    late, wrong = NOW // 1_000, (NOW + AHEAD + SECOND) // 1_000
    assert not believable(wrong * 1_000, NOW)
    batch = messages(
        up({"ts": late, "movement": 1}),
        up({"movement": 1}),
        up({"ts": wrong, "movement": 1}),
        up([{"ts": late, "movement": 1}, {"movement": 1}]),
    )
    assert decoder().decode(batch, after=0).timeless.tolist() == [False, True, True, True]


def test_topics_are_forgotten_when_there_are_too_many() -> None:
    routes = Routes(LOOKUP, remembered=2)
    names = [topics.up(EAST, "g1", f"x{n}").encode() for n in range(3_000)]
    names += [topics.up(EAST, "g1", "m1").encode()]
    assert routes.kind(routes.of(names)).tolist() == [Kind.OTHER] * 3_000 + [Kind.DEVICE]
    device, elder, gateway = routes.rows(routes.of(names[-1:]))
    assert (device.tolist(), elder.tolist(), gateway.tolist()) == ([0], [0], [0])
    assert routes.of(names[:1]).tolist() == [0]
    assert len(routes.own) == 3_001
    assert routes.of([b"new"]).tolist() == [0]
    assert len(routes.own) == 1
