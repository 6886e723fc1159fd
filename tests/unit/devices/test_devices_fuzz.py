"""Any bytes on any topic of any profile: a `Decoded` whose parts fit the store, or DecodeError."""

import json
import math
import re
from collections.abc import Iterable, Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.catalogue import Catalogue
from devices.decoded import Decoded, DecodeError
from devices.examples import Example, full_topic, load_examples
from schemas.quantities import QUANTITIES, Choice
from schemas.times import format_rfc3339
from schemas.topics import ID_PATTERN

CATALOGUE = Catalogue.load()
EXAMPLES = [(p.id, e) for p in CATALOGUE.profiles.values() for e in load_examples(p.folder)]
IDS = [f"{profile}: {example.note}" for profile, example in EXAMPLES]

TOPICS = sorted(
    {"native/a/g/" + r.pattern.text for p in CATALOGUE.profiles.values() for r in p.routes}
    | {"vigil/v1/a/g/up", "vigil/v1/a/g/up/{id}", "vigil/v1/a/g/status"}
)
LEVEL = st.text(st.characters(exclude_characters="/+#\0", codec="utf-8"), max_size=70)
SCALARS: st.SearchStrategy[Any] = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=8)
    | st.sampled_from([10**30, -1, 255, 0, "emergency", "online", "short press", "9" * 30])
)
ANY_JSON: st.SearchStrategy[Any] = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=12,
)


def check(decoded: Decoded) -> None:
    assert decoded.profile in CATALOGUE.profiles
    said = decoded.readings or decoded.rejects or decoded.status
    assert said or decoded.ignored is not None
    for reading in decoded.readings:
        assert re.match(ID_PATTERN, reading.device)
        reading.device.encode()
        assert reading.ts is None or format_rfc3339(reading.ts)
        assert reading.key is None or -(2**63) <= reading.key < 2**63
        assert 0 <= reading.flags < 2**15
        for name, value in reading.values.items():
            quantity = QUANTITIES[name]
            if isinstance(quantity, Choice):
                assert type(value) is int
                assert 0 <= value < len(quantity.values)
            else:
                assert type(value) in (int, float)
                assert math.isfinite(value)
                assert abs(value) < 1e38


def decode(topic: str, payload: bytes, profile: str | None) -> None:
    error = None
    try:
        decoded = CATALOGUE.decode(
            topic, payload, profile_of=lambda _: profile, received=1_767_225_600_000_000
        )
    except DecodeError as caught:
        error = caught
    if error is None:
        check(decoded)
    else:
        assert re.fullmatch("[a-z0-9]+", error.code)
        assert error.message.encode()


@st.composite
def topics(draw: st.DrawFn) -> str:
    pattern = draw(st.sampled_from(TOPICS))
    return re.sub(r"\{[a-z_]+\}|[+#]", lambda _: draw(LEVEL), pattern)


@given(topics() | LEVEL, st.binary(max_size=200))
def test_any_bytes(topic: str, payload: bytes) -> None:
    decode(topic, payload, None)


@given(topics(), ANY_JSON)
def test_any_json(topic: str, value: Any) -> None:
    decode(topic, json.dumps(value).encode(), None)


@given(topics(), st.text(max_size=60))
def test_any_text(topic: str, text: str) -> None:
    decode(topic, text.encode("utf-8", "surrogatepass"), None)


JSON_EXAMPLES = [(p, e) for p, e in EXAMPLES if e.payload and e.payload.startswith(("{", "["))]


@pytest.mark.parametrize("profile", list(CATALOGUE.profiles))
@given(data=st.data())
def test_examples_with_anything_in_one_place(profile: str, data: st.DataObject) -> None:
    """A known shape with one value replaced: as deep as random JSON never reaches."""
    examples = [e for p, e in JSON_EXAMPLES if p == profile]
    if not examples:
        return  # it speaks no JSON
    example = data.draw(st.sampled_from(examples))
    try:
        value = json.loads(example.bytes())
    except ValueError:
        return
    if places := list(_places(value, ())):
        _put(value, data.draw(st.sampled_from(places)), data.draw(ANY_JSON))
    registered = data.draw(st.sampled_from([profile, None, "canonical"]))
    decode(full_topic(example), json.dumps(value).encode(), registered)


@pytest.mark.parametrize(("profile", "example"), EXAMPLES, ids=IDS)
def test_examples_cut_anywhere(profile: str, example: Example) -> None:
    payload = example.bytes()
    for end in range(len(payload)):
        decode(full_topic(example), payload[:end], profile)


def _places(value: Any, at: tuple[Any, ...]) -> Iterator[tuple[Any, ...]]:
    inner: Iterable[tuple[Any, Any]] = ()
    if isinstance(value, dict):
        inner = value.items()
    elif isinstance(value, list):
        inner = enumerate(value)
    for key, item in inner:
        yield (*at, key)
        yield from _places(item, (*at, key))


def _put(value: Any, place: tuple[Any, ...], what: Any) -> None:
    for key in place[:-1]:
        value = value[key]
    value[place[-1]] = what
