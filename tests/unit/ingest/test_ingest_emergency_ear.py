"""What is heard beside the store gets the ids that the rules give it when it is in the store."""

import json
from typing import Any, NamedTuple

import numpy as np
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from devices.catalogue import Catalogue
from ingest.decode import Decoder
from ingest.emergency import place
from ingest.emergency.ear import Ear, Verdict
from ingest.emergency.place import Part
from ingest.lookup import Lookup
from ingest.reject import RejectBudget
from ingest.source import Delivery, Messages
from rules.engine import Engine
from rules.limits import HISTORY_AGE
from rules.load import load_catalogue
from schemas import topics
from schemas.alerts import Change, ChangeKind, Severity
from schemas.directory import Directory
from schemas.registry import Registry
from schemas.times import SECOND
from tests.support.registry import EAST, town

NOW = 1_760_000_000_000_000
CATALOGUE = Catalogue.load()
RULES = load_catalogue()
EMERGENCY = [rule for rule in RULES if rule.id in ("sos", "fall")]
REGISTRY = Registry.build(town()).fitted(CATALOGUE.models())
PRESS = {"sos": "pressed"}
NO_SHRINKING = (Phase.explicit, Phase.reuse, Phase.generate)


def decoder() -> Decoder:
    return Decoder(CATALOGUE, Lookup(REGISTRY), budget=RejectBudget(100_000))


def make_ear() -> Ear:
    ear = Ear(Engine(EMERGENCY, Registry.build(Directory())))
    ear.follow(REGISTRY, decoder())
    return ear


def message(device: str, said: dict[str, Any], at: int) -> Messages:
    up = topics.up(EAST, "g1", device)
    content = json.dumps(said).encode()
    return Messages.of([Delivery(up, content, at, 1, False, False, 1, 1, False)])


def hear(ear: Ear, one: Messages) -> Verdict | None:
    topic, payload = one.topics[0], one.payloads[0]
    if not ear.matters(topic, payload):
        return None
    return ear.hear(topic, payload, int(one.received[0]))


def red(changes: list[Change]) -> set[str]:
    raised = [c for c in changes if c.kind is ChangeKind.RAISED]
    return {c.id for c in raised if c.severity is Severity.RED and not c.test}


class Said(NamedTuple):
    device: str
    said: dict[str, Any]
    after: int  # seconds since the message before


sayings = st.one_of(
    st.tuples(st.just("b1"), st.sampled_from([PRESS, {"sos": "test"}, {"sos": "cancelled"}])),
    st.tuples(st.just("r1"), st.sampled_from([{"fall": "confirmed"}, {"fall": "none"}])),
)
histories = st.lists(
    st.builds(
        lambda pair, after: Said(pair[0], pair[1], after),
        sayings,
        st.sampled_from([1, 10, 29, 30, 31, 70]),
    ),
    max_size=20,
)
clocks = st.fixed_dictionaries({d: st.sampled_from([None, 0, 3]) for d in ("b1", "r1")})
"""By how many seconds a device's own clock is behind; None: it has none."""


def written(history: list[Said], behind: dict[str, int | None]) -> list[Messages]:
    found, at = [], NOW
    for place_, said in enumerate(history):
        at += said.after * SECOND + place_ + 1
        content = dict(said.said)
        if (slow := behind[said.device]) is not None:
            content["ts"] = (at - slow * SECOND) // 1_000
        found.append(message(said.device, content, at))
    return found


@pytest.mark.parametrize("delay", [3 * SECOND, 100 * SECOND, 3600 * SECOND])
@settings(max_examples=40, deadline=None, phases=NO_SHRINKING)
@given(history=histories, behind=clocks)
def test_the_rules_give_the_same_ids_when_the_store_is_back(
    delay: int, history: list[Said], behind: dict[str, int | None]
) -> None:
    ear, engine, read = make_ear(), Engine(EMERGENCY, REGISTRY), decoder()
    messages = written(history, behind)
    ahead: set[str] = set()
    for one in messages:
        verdict = hear(ear, one)
        ahead |= set() if verdict is None else {c.id for c in verdict.changes}
    stored: set[str] = set()
    last = int(messages[-1].received[0]) + delay if messages else NOW
    for one in messages:
        heard, last = int(one.received[0]), last + 1_000
        later = Messages(
            one.topics, one.payloads, np.array([last]), one.packets, one.marks, one.session
        )
        work = place.prepare(read, Part(later, heard), after=last, resumed=None, advanced=None)
        stored |= red(engine.apply(work.columns))
        engine.commit()
        last = work.draft.last_received
    assert ahead <= stored
    # A device's history and its present are judged apart: a fall that is told again on the other
    # side of the border alerts once more. It never does on one side.
    oldest = last - int(messages[0].received[0]) if messages else 0
    if oldest < HISTORY_AGE or delay > HISTORY_AGE:
        assert ahead == stored


def test_what_is_committed_counts() -> None:
    """A press of a moment ago, a fall that is open: nothing new."""
    ear, read = make_ear(), decoder()
    press, fall = message("b1", PRESS, NOW), message("r1", {"fall": "confirmed"}, NOW + 1)
    for one in (press, fall):
        work = place.prepare(read, Part(one, None), after=0, resumed=None, advanced=None)
        ear.learn(work.columns)
    again = message("b1", PRESS, NOW + 20 * SECOND)
    assert hear(ear, again) == Verdict([])
    assert hear(ear, message("r1", {"fall": "confirmed"}, NOW + 100 * SECOND)) == Verdict([])
    assert hear(ear, message("r1", {"fall": "none"}, NOW + 101 * SECOND)) is None
    anew = hear(ear, message("r1", {"fall": "confirmed"}, NOW + 140 * SECOND))
    assert anew is not None
    assert len(anew.changes) == 1


def test_a_snapshot_of_the_whole_engine_is_taken_over() -> None:
    engine, read = Engine(RULES, REGISTRY), decoder()
    one = message("b1", PRESS, NOW)
    engine.apply(place.prepare(read, Part(one, None), after=0, resumed=None, advanced=None).columns)
    engine.commit()
    ear = make_ear()
    ear.restore(engine.snapshot())
    assert hear(ear, message("b1", PRESS, NOW + 5 * SECOND)) == Verdict([])


def test_unknown_devices_alert_and_tests_do_not() -> None:
    ear = make_ear()
    found = hear(ear, message("nobody", PRESS, NOW))
    assert found is not None
    assert [(c.home, c.gateway, c.elders) for c in found.changes] == [(None, "g1", ("e1",))]
    assert hear(ear, message("nobody", PRESS, NOW + SECOND)) == Verdict([])
    assert hear(ear, message("b1", {"sos": "test"}, NOW)) is None
    assert hear(ear, message("b1", {**PRESS, "test": True}, NOW)) is None
    assert hear(ear, message("m1", {"heart_rate": 60}, NOW)) is None


@pytest.mark.parametrize(
    "payload",
    [b'{"sos":"pressed"}', b'{"s\\u006fs": "pressed"}', b'[{"fall": "\\u0063onfirmed"}]'],
)
def test_the_cheap_look_never_overlooks_an_emergency(payload: bytes) -> None:
    ear = make_ear()
    assert ear.matters(topics.up(EAST, "g1").encode(), payload)
    assert not ear.matters(topics.up(EAST, "g1").encode(), b'{"heart_rate": 60}')
    assert not ear.matters(topics.up(EAST, "g1").encode(), b'{"fall": "none"}')
    assert ear.matters(topics.native(EAST, "g1", "any/thing").encode(), b"\x00")


@pytest.mark.parametrize("payload", [b"", b"{", b'{"sos', b"\xff sos", b'{"sos": 3}', b"[" * 9999])
def test_nonsense_sets_nothing_off(payload: bytes) -> None:
    ear = make_ear()
    for topic in (topics.up(EAST, "g1", "b1"), topics.native(EAST, "g1", "a/b"), "\udcff"):
        assert ear.hear(topic.encode("utf-8", "surrogatepass"), payload, NOW) is None
