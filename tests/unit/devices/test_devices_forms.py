"""Form payloads: the quick way says what the definition says, whatever is quoted."""

from urllib.parse import unquote_plus

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from devices.decoded import DecodeError
from devices.language.payloads import compile_load
from devices.language.spec import Message

PARTS = [
    "a",
    "b",
    "=",
    "&",
    "+",
    "%3A",
    "%3a",
    "%",
    "%41",
    "%E9",
    "%E9%9D%92",
    "%25",
    "3A",
    " ",
    ":",
]
read = compile_load(Message(topic="{id}", payload="form"))


def defined(text: str) -> dict[str, str] | None:
    """None for what is no form."""
    fields: dict[str, str] = {}
    for part in filter(None, (part.strip() for part in text.strip().split("&"))):
        key, sign, value = part.partition("=")
        if not sign:
            return None
        fields[key.strip()] = value.strip()
    try:
        return {_unquoted(key): _unquoted(value) for key, value in fields.items()}
    except UnicodeDecodeError:
        return None


def _unquoted(text: str) -> str:
    return unquote_plus(text, errors="strict")


@given(st.lists(st.sampled_from(PARTS), max_size=12).map("".join))
@example("a=%E9%9D%92+x&time=2026-09-14+06%3A12%3A40&b=%253A")
@example("a=1&&b=2&")
@example("a=1&b")
@example("%41=1&a=2")
def test_a_form_is_what_its_pairs_say(text: str) -> None:
    fields = defined(text)
    if fields is None:
        with pytest.raises(DecodeError):
            read(text.encode())
    else:
        assert read(text.encode()) == fields
