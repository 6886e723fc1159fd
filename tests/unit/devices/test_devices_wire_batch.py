"""Canonical messages read together say what each says alone, whoever wrote the others."""

import json
from typing import Any

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from devices.decoded import FIRST_TS, LAST_TS, Decoded, DecodeError, Reading
from devices.payload import Limits
from devices.wire import PROFILE, decode_up
from devices.wire_batch import PIECE, Wire, read
from devices.wire_parse import TOGETHER
from schemas.quantities import NUMBERS, QUANTITIES, Number
from schemas.times import NEVER, format_rfc3339

NONCE = 6_277_101_735_386_680_763
LIMITS = Limits(readings=4)
NUMBER_NAMES = {q.name for q in NUMBERS}
GOOD = b'{"ts":1768000000000,"seq":7,"heart_rate":61.5,"in_bed":true}'


def together(payloads: list[bytes], own: list[str | None], piece: int = PIECE) -> Wire:
    return read(payloads, own, limits=LIMITS, nonce=NONCE, piece=piece)


def said_alone(payload: bytes, own: str | None) -> Decoded | str:
    """With every number as a float, which is what a column holds."""
    try:
        decoded = decode_up(payload, own, LIMITS)
    except DecodeError as error:
        return error.code
    for reading in decoded.readings:
        for name in NUMBER_NAMES & set(reading.values):
            reading.values[name] = float(reading.values[name])
    return decoded


def readings_of(wire: Wire, own: list[str | None]) -> list[list[Reading]]:
    """The columns as objects again, message by message."""
    messages: list[list[Reading]] = [[] for _ in own]
    for row, message in enumerate(wire.message.tolist()):
        device = own[message] if wire.device is None else wire.device[row]
        ts, key = int(wire.ts[row]), int(wire.key[row])
        values: dict[str, float | int] = {
            name: float(column[row])
            for name, column in wire.numbers.items()
            if not np.isnan(column[row])
        }
        values |= {name: int(c[row]) for name, c in wire.codes.items() if c[row] >= 0}
        assert device is not None
        messages[message].append(
            Reading(
                device,
                None if ts == NEVER else ts,
                None if key < 0 else key,
                values,
                int(wire.flags[row]),
            )
        )
    return messages


def check(payloads: list[bytes], own: list[str | None], piece: int = PIECE) -> Wire:
    """What is read together is what is said alone, and nothing else."""
    wire = together(payloads, own, piece)
    assert wire.message.tolist() == sorted(wire.message.tolist())
    for place, readings in enumerate(readings_of(wire, own)):
        if wire.left[place]:
            assert readings == []
        else:
            alone = said_alone(payloads[place], own[place])
            assert isinstance(alone, Decoded)
            assert alone == Decoded(PROFILE, readings, unknown_keys=int(wire.unknown[place]))
            assert readings
    return wire


WRITTEN: st.SearchStrategy[Any] = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**64), 2**64),
    st.integers(FIRST_TS // 1_000 - 2, LAST_TS // 1_000 + 2),
    st.sampled_from([-1, 0, 1, 2**63 - 1, 2**63, NONCE, 1e29, 1e30, -1e30, 1.0, 0.5, float(2**53)]),
    st.floats(allow_nan=False, allow_infinity=False),
    st.sampled_from(["pressed", "confirmed", "test", "none", "cleared", "x", "1768000000000", ""]),
    st.sampled_from(["2026-01-01T00:00:00+08:00", "0001-01-01T00:00:00+08:00", "2026-01-01", "::"]),
    st.sampled_from(["m1", " m1 ", "a:b", "a b", "  ", "é"]),
)
KEYS = st.sampled_from([*QUANTITIES, "ts", "seq", "device", "test", "x"])
RECORDS = st.dictionaries(KEYS, WRITTEN, max_size=4)


@st.composite
def good(draw: st.DrawFn) -> dict[str, Any]:
    """What a device that is in order writes."""
    record: dict[str, Any] = {"seq": draw(st.integers(0, 2**63 - 1))}
    ts = draw(st.integers(FIRST_TS, LAST_TS))
    record["ts"] = format_rfc3339(ts) if draw(st.booleans()) else ts // 1_000
    record["device"] = "m1"
    for name in draw(st.sets(st.sampled_from(list(QUANTITIES)))):
        quantity = QUANTITIES[name]
        if isinstance(quantity, Number):
            record[name] = draw(st.floats(-300, 300) | st.integers(-300, 300) | st.none())
        else:
            word = draw(st.sampled_from(quantity.values))
            record[name] = word == "true" if quantity.is_bool else word
    return record


HOSTILE = st.sampled_from(
    [
        b"",
        b" ",
        b"{},{}",
        b"{}]",
        b"[{}",
        b'{"a":[{}',
        b'{"a":"',
        b'"}',
        b'{"heart_rate":1',
        b',"movement":2}',
        b"[",
        b"]",
        b"]]",
        b"{",
        b"}",
        b"0",
        b",",
        b"%d" % NONCE,
        b"{},{}\n",
        b"[]",
        b"[{},{},{},{},{}]",
        b"null",
        b"\xff",
        b'{"movement":1,"movement":2}',
        b'{"movement":1,"\\u006dovement":2}',
        b'{"x":{"movement":3}}',
        b"[[{}]]",
        b"[{},7]",
        b"{}" + b" " * 70_000,
        b"[" * 3_000,
    ]
)


def written(record: Any) -> st.SearchStrategy[bytes]:
    indents = st.sampled_from([None, 1])
    return indents.map(lambda indent: json.dumps(record, indent=indent).encode())


PAYLOADS = st.one_of(
    good().flatmap(written),
    st.lists(good(), max_size=5).flatmap(written),
    RECORDS.flatmap(written),
    st.lists(RECORDS, max_size=3).flatmap(written),
    HOSTILE,
    st.binary(max_size=8),
)


@given(
    st.lists(st.tuples(PAYLOADS, st.sampled_from(["m1", None])), max_size=12),
    st.sampled_from([1, 200, PIECE]),
)
def test_together_is_as_alone(messages: list[tuple[bytes, str | None]], piece: int) -> None:
    """In whatever pieces they are read."""
    check([payload for payload, _ in messages], [own for _, own in messages], piece)


@given(st.lists(good() | st.lists(good(), min_size=1, max_size=4), min_size=1, max_size=6))
def test_what_is_plainly_good_is_read_together(said: list[Any]) -> None:
    """Else this would agree by leaving everything to the other."""
    payloads = [json.dumps(one).encode() for one in said]
    assert not check(payloads, ["m1"] * len(payloads)).left.any()


@given(st.lists(HOSTILE, min_size=1, max_size=4), st.integers(0, 3))
def test_no_payload_reaches_its_neighbours(hostile: list[bytes], place: int) -> None:
    """The nonce is written in none of them: whoever cannot guess it harms nobody."""
    payloads = [GOOD] * 3
    payloads[place:place] = [p for p in hostile if p != b"%d" % NONCE]
    wire = check(payloads, ["m1"] * len(payloads))
    assert [wire.left[i] for i, p in enumerate(payloads) if p == GOOD] == [False] * 3


def test_one_bad_message_leaves_only_itself() -> None:
    payloads = [GOOD] * (3 * TOGETHER)
    payloads[TOGETHER + 1] = b'{"heart_rate":"61"}'
    payloads[-1] = b'{"heart_rate":60,"heart_rate":61}'
    wire = check(payloads, ["m1"] * len(payloads))
    assert np.flatnonzero(wire.left).tolist() == [TOGETHER + 1, len(payloads) - 1]


def test_as_many_readings_as_messages_are_not_one_of_each() -> None:
    check([b"", b"[{},{}]", b"{}"], ["m1", "m2", None])


def test_nulls_are_unknown_and_named() -> None:
    names = dict.fromkeys([*QUANTITIES, "ts", "seq", "test"])
    payloads = [json.dumps(names).encode(), GOOD, b"{}"]
    wire = check(payloads, ["m1"] * 3)
    assert not wire.left.any()
    assert wire.ts.tolist() == [NEVER, 1_768_000_000_000_000, NEVER]
    assert wire.key.tolist() == [-1, 7, -1]


def test_a_key_that_means_nothing_here_slows_nobody_down() -> None:
    payloads = [
        b'{"rssi":-60,"movement":1,"note":"a:b"}',
        b'[{"a:b":null,"movement":1},{"movement":2}]',
        b'{"rssi":-60,"movement":1,"rssi":-61}',
        b'{"rssi":{"movement":2},"movement":1}',
        b'{"note":"\xff","movement":1}',
        b'{"x":' + b"[" * 2_000 + b"]" * 2_000 + b"}",
        GOOD,
    ]
    wire = check(payloads, ["m1"] * len(payloads))
    assert wire.left.tolist() == [False, False, True, True, True, True, False]
    assert wire.unknown.tolist() == [2, 1, 0, 0, 0, 0, 0]


def test_nothing_gives_nothing() -> None:
    wire = together([], [])
    assert len(wire.message) == len(wire.left) == 0
    assert wire.numbers == wire.codes == {}
