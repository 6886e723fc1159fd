"""The models of the wire and the code that reads and writes it mean the same."""

import json
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from devices.decoded import DecodeError
from devices.wire import decode_up
from schemas import wire
from schemas.directory import Level
from schemas.quantities import QUANTITIES
from stations import deed

KEYS = ["ts", "seq", "test", "device", "colour", *QUANTITIES]
WORDS = [w for q in QUANTITIES.values() for w in getattr(q, "values", ())]
VALUES: st.SearchStrategy[Any] = (
    st.none()
    | st.booleans()
    | st.integers(-(2**64), 2**64)
    | st.floats(-1e29, 1e29)
    | st.sampled_from([*WORDS, "m1", "", "61", "2026-01-01T00:00:00Z", "2026-01-01T00:00:00"])
    | st.lists(st.integers(), max_size=1)
)


@given(st.dictionaries(st.sampled_from(KEYS), VALUES, max_size=5))
def test_the_decoder_reads_what_the_model_describes(record: dict[str, Any]) -> None:
    """Except a number the model cannot bound (a time out of range) and another device's name."""
    text = json.dumps(record).encode()
    if type(record.get("ts")) in (int, float) or record.get("device") not in (None, "m1"):
        return
    try:
        wire.Reading.model_validate_json(text)
        described = True
    except ValidationError:
        described = False
    try:
        decoded = decode_up(text, "m1")
        read = not decoded.faults
    except DecodeError:
        read = False
    assert read is described


@pytest.mark.parametrize(
    ("words", "meant"),
    [
        (wire.ActionWord, [a.value for a in deed.Action]),
        (wire.OutcomeWord, [o.value for o in deed.Outcome]),
        (wire.ReachedWord, [r.value for r in deed.Reached]),
        (wire.StateWord, [*deed.PROGRESS, "closed"]),
        (wire.Level, [level.value for level in Level]),
    ],
)
def test_the_wires_words_are_the_stations_words(words: Any, meant: list[str]) -> None:
    assert set(get_args(words)) == set(meant)
