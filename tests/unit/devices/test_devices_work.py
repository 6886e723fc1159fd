"""No payload costs more than a bounded number of steps per KiB, whatever its shape.

Steps are function calls, Python's and C's, so that nothing depends on the machine. 5 ms a KiB are
more than 10,000 calls on any machine that runs this; the bound below is half of that.
"""

import re
import sys
from collections.abc import Callable
from contextlib import suppress
from types import FrameType

import pytest

from devices.catalogue import Catalogue
from devices.decoded import Decoded, DecodeError
from devices.examples import full_topic, load_examples

Read = Callable[[str, bytes], Decoded]

CATALOGUE = Catalogue.load()
SIZE = 64 * 1024
PER_KIB = 5_000

HOSTILE = {
    "nested arrays": b"[" * SIZE,
    "nested objects": b'{"a":' * 10_000,
    "arrays nested and closed": b"[" * 900 + b"]" * 900,
    "empty records": b"[" + b"{}," * 20_000 + b"{}]",
    "many keys": b"{" + b",".join(b'"k%d":0' % n for n in range(5_000)) + b"}",
    "many form fields": b"&".join(b"f%d=1" % n for n in range(6_000)),
    "many escapes": b"a=" + b"%41" * 20_000,
    "many pairs": b"a=1;" * 15_000,
    "commas": b"," * SIZE,
    "a long number": b"9" * SIZE,
    "a long word": b'"' + b"x" * (SIZE - 2) + b'"',
    "white space": b" " * SIZE,
    "zeros": bytes(SIZE),
    "protobuf fields": b"\x08\x01" * 30_000,
    "protobuf metrics": b"\x12\x00" * 30_000,
}


def calls(work: Callable[[], object]) -> int:
    count = 0

    def note(_frame: FrameType, event: str, _arg: object) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    before = sys.getprofile()
    sys.setprofile(note)
    try:
        with suppress(DecodeError):
            work()
    finally:
        sys.setprofile(before)
    return count


def assert_cheap(work: Callable[[], object], size: int) -> None:
    assert calls(work) <= PER_KIB * (1 + size / 1024)


def topics_of(profile: str) -> list[str]:
    patterns = [route.pattern.text for route in CATALOGUE.profiles[profile].routes]
    topics = [re.sub(r"\{[a-z_]+\}|[+#]", "x", text) for text in patterns]
    return [f"native/a/g/{topic}" for topic in topics] or ["vigil/v1/a/g/up", "vigil/v1/a/g/up/x"]


@pytest.mark.parametrize("profile", list(CATALOGUE.profiles))
def test_hostile_payloads(profile: str) -> None:
    for topic in topics_of(profile):
        for payload in (p[:SIZE] for p in HOSTILE.values()):
            assert_cheap(
                lambda t=topic, p=payload: CATALOGUE.decode(  # type: ignore[misc]
                    t, p, profile_of=lambda _: profile, received=0
                ),
                len(payload),
            )


@pytest.mark.parametrize("profile", list(CATALOGUE.profiles))
def test_examples_and_examples_many_times_over(profile: str) -> None:
    for example in load_examples(CATALOGUE.profiles[profile].folder):
        one = example.bytes()
        for payload in (one, b"[" + b",".join([one] * 20) + b"]"):
            assert_cheap(
                lambda e=example, p=payload: CATALOGUE.decode(  # type: ignore[misc]
                    full_topic(e), p, profile_of=lambda _: None, received=0
                ),
                len(payload),
            )


def test_picks_inside_records_are_bounded(trial: Callable[[str], Read]) -> None:
    read = trial(
        """
        [[message]]
        topic = "t/{id}"
        each = "r"
        value.battery.at = "$.r[k=never].b"
        """
    )
    payload = b'{"r":[' + b",".join([b'{"k":"no"}'] * 1_000) + b"]}"
    assert_cheap(lambda: read("t/1", payload), len(payload) * 10)


def test_this_can_fail() -> None:
    with pytest.raises(AssertionError):
        assert_cheap(lambda: [len("") for _ in range(20_000)], 10)
