"""What is remembered of Sparkplug B's births, and what a birth changes for what follows."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.births import Births, Metric
from devices.catalogue import Catalogue
from devices.decoded import Decoded, DecodeError
from schemas.quantities import Sos
from schemas.readings import Flag

GATEWAY = ("330105001001", "gw-12")
NODE = "Homes/gw-12"
AT = 1_769_877_000_000


class Node:
    """An edge node that speaks the JSON rendering, to a decoder with a memory."""

    def __init__(self, catalogue: Catalogue, births: Births | None = None) -> None:
        self.births = Births() if births is None else births
        self._catalogue = catalogue

    def say(self, kind: str, *metrics: dict[str, Any], gateway: str = "gw-12") -> Decoded:
        device = "" if kind.startswith("N") else "/bed-7"
        topic = f"native/{GATEWAY[0]}/{gateway}/spBv1.0/Homes/{kind}/gw-12{device}"
        payload = as_json({"timestamp": AT, "seq": 1, "metrics": metrics})
        return self._catalogue.decode(
            topic,
            payload,
            profile_of=lambda _: "sparkplug-b",
            received=AT * 1_000,
            births=self.births,
        )

    def values(self, *metrics: dict[str, Any]) -> dict[str, float | int]:
        (reading,) = self.say("DDATA", *metrics).readings
        return reading.values


def as_json(value: Any) -> bytes:
    return json.dumps(value).encode()


@pytest.fixture
def node(catalogue: Catalogue) -> Node:
    return Node(catalogue)


def test_a_press_by_alias_alone(node: Node) -> None:
    node.say("DBIRTH", {"name": "sos", "alias": 3, "value": False})
    (reading,) = node.say("DDATA", {"alias": 3, "value": True}).readings
    assert (reading.values, reading.flags) == ({"sos": Sos.PRESSED}, Flag.SOS_LEVEL)


def test_a_birth_of_the_node_ends_what_was_known(node: Node) -> None:
    node.say("DBIRTH", {"name": "heart_rate", "alias": 3})
    node.say("NBIRTH", {"name": "bdSeq", "value": 4})
    with pytest.raises(DecodeError, match="Rebirth"):
        node.say("DDATA", {"alias": 3, "value": 60})
    node.say("DBIRTH", {"name": "respiratory_rate", "alias": 3})
    assert node.values({"alias": 3, "value": 14}) == {"respiratory_rate": 14}


def test_devices_of_a_node_add_to_its_births(node: Node) -> None:
    node.say("DBIRTH", {"name": "heart_rate", "alias": 1})
    node.say("DBIRTH", {"name": "movement", "alias": 2})
    said = node.values({"alias": 1, "value": 60}, {"alias": 2, "value": 5})
    assert said == {"heart_rate": 60, "movement": 5}


def test_a_birth_types_what_data_leave_untyped(node: Node) -> None:
    node.say("DBIRTH", {"name": "signal", "datatype": 3, "value": -60})
    assert node.values({"name": "signal", "value": 2**32 - 67}) == {"signal": -67}


def test_the_same_node_behind_another_gateway_is_another(node: Node) -> None:
    node.say("DBIRTH", {"name": "heart_rate", "alias": 1})
    with pytest.raises(DecodeError) as caught:
        node.say("DDATA", {"alias": 1, "value": 60}, gateway="gw-13")
    assert caught.value.code == "alias"


def test_what_has_no_name_beside_what_has_one_is_kept_as_a_reject(node: Node) -> None:
    decoded = node.say("DDATA", {"name": "heart_rate", "value": 60}, {"alias": 9, "value": 1})
    assert [r.values for r in decoded.readings] == [{"heart_rate": 60}]
    assert [(r.code, r.device) for r in decoded.rejects] == [("alias", "bed-7")]


def test_a_death_counts_only_if_it_is_the_last_births(node: Node) -> None:
    assert node.say("NDEATH", {"name": "bdSeq", "value": 7}).ignored
    assert node.say("NBIRTH", {"name": "bdSeq", "value": 7}).status is not None
    assert node.say("NDEATH", {"name": "bdSeq", "value": 6}).ignored
    dead = node.say("NDEATH", {"name": "bdSeq", "value": 7}).status
    assert dead is not None
    assert not dead.online
    assert node.say("NDEATH", {"name": "bdSeq", "value": 7}, gateway="gw-13").ignored


def test_a_redelivered_birth_or_death_changes_nothing(node: Node) -> None:
    for _ in range(2):
        node.say("NBIRTH", {"name": "bdSeq", "value": 7})
        node.say("DBIRTH", {"name": "heart_rate", "alias": 1})
    for _ in range(2):
        assert node.values({"alias": 1, "value": 60}) == {"heart_rate": 60}
        assert node.say("NDEATH", {"name": "bdSeq", "value": 7}).status is not None


def test_who_looks_from_beside_learns_nothing_there(catalogue: Catalogue) -> None:
    births = Births()
    node, beside = Node(catalogue, births), Node(catalogue, births.seen_by_others())
    beside.say("DBIRTH", {"name": "movement", "alias": 1})
    assert len(births) == 0
    node.say("DBIRTH", {"name": "heart_rate", "alias": 1})
    assert beside.values({"alias": 1, "value": 60}) == {"heart_rate": 60}


SAID = st.tuples(
    st.sampled_from([("a", f"g{n}") for n in range(3)]),
    st.sampled_from(["n1", "n2", "n3"]),
    st.booleans(),
    st.dictionaries(st.integers(0, 30), st.just(Metric("x", 0)), max_size=12),
)


@given(st.lists(SAID))
def test_never_more_than_its_bounds(said: list[Any]) -> None:
    births = Births(most=40, most_of_a_gateway=20)
    for place, name, is_node, metrics in said:
        if is_node:
            births.node_born(place, name, metrics, 1)
        else:
            births.device_born(place, name, metrics)
        gateways = [[births.of(("a", f"g{g}"), f"n{n}") for n in (1, 2, 3)] for g in range(3)]
        sizes = [sum(len(b) for b in nodes if b is not None) for nodes in gateways]
        assert len(births) == sum(sizes) <= 40
        assert max(sizes) <= 20
        assert births.of(place, name) is not None
