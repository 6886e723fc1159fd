"""Topic patterns: what they match, which wins, what they subscribe to."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.topics import Pattern, Tree, covers


def found(patterns: list[str], topic: str) -> list[str]:
    tree: Tree[str] = Tree()
    for pattern in patterns:
        tree.add(Pattern(pattern), pattern)
    return list(tree.find(topic.split("/")))


def test_the_most_specific_comes_first() -> None:
    patterns = ["#", "z/{id}/state", "z/bridge/#", "z/bridge/state", "{a}/bridge/state", "z/+"]
    assert found(patterns, "z/bridge/state") == [
        "z/bridge/state",
        "z/bridge/#",
        "z/{id}/state",
        "{a}/bridge/state",
        "#",
    ]


def test_a_hash_matches_its_own_parent_as_in_mqtt() -> None:
    assert found(["z/bridge/#"], "z/bridge") == ["z/bridge/#"]


def test_leading_slashes_are_a_level() -> None:
    assert found(["/devices/{id}/events"], "/devices/7/events") == ["/devices/{id}/events"]
    assert found(["/devices/{id}/events"], "devices/7/events") == []


@pytest.mark.parametrize(
    ("pattern", "topic", "captures"),
    [
        ("z/{id}", "z/a", {"id": "a"}),
        ("z/{id}/x", "z//x", {"id": ""}),
        ("v3/{app}@{tenant}/devices/{id}/up", "v3/a@b/devices/c/up",
         {"app": "a", "tenant": "b", "id": "c"}),
        ("v3/{app}@ttn/{id}", "v3/a/c", None),
        ("s/dev-{id}.json", "s/dev-9.json", {"id": "9"}),
        ("s/#", "s/a/b", {}),
    ],
)  # fmt: skip
def test_captures(pattern: str, topic: str, captures: dict[str, str] | None) -> None:
    assert Pattern(pattern).capturer()(topic.split("/")) == captures


@pytest.mark.parametrize("text", ["", "a/#/b", "a+/b", "a/b#", "{id}/{id}", "a/{}", "a/{ID}", "{"])
def test_what_is_no_pattern(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        Pattern(text)


def test_the_filter_of_a_pattern() -> None:
    assert Pattern("v3/{app}@{tenant}/devices/{id}/up").filter == "v3/+/devices/+/up"


LEVELS = st.lists(st.sampled_from(["a", "b", "+"]), min_size=1, max_size=4)
FILTERS = st.builds(
    lambda levels, tail: "/".join(levels + tail), LEVELS, st.sampled_from([[], ["#"]])
)


@given(FILTERS, FILTERS, st.lists(st.sampled_from("ab"), min_size=1, max_size=5))
def test_a_covered_filter_takes_nothing_that_the_other_does_not(
    wide: str, narrow: str, levels: list[str]
) -> None:
    topic = "/".join(levels)
    if covers(wide, narrow) and found([narrow], topic):
        assert found([wide], topic)


@pytest.mark.parametrize(
    ("wide", "narrow", "does"),
    [
        ("a/+", "a/b", True),
        ("a/b", "a/+", False),
        ("a/#", "a/+/c", True),
        ("a/#", "a", True),
        ("a/+", "a/#", False),
        ("a/+", "a/b/c", False),
        ("a", "a", True),
    ],
)
def test_covers(wide: str, narrow: str, does: bool) -> None:
    assert covers(wide, narrow) is does
